package sqlstore

import (
	"encoding/json"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// eventRow is a row of events.
type eventRow struct {
	UserID        string
	Position      int64
	EventID       uuid.UUID
	Time          stamp
	EventType     string
	CorrelationID string
	Source        string
	Subject       string
	Traceparent   string
	Data          string
}

// eventColumns without user_id and position; args gives their values and those
// of outboxColumns.
var eventColumns = [...]column{
	{"event_id", "uuid"}, {"time", "timestamptz"}, {"event_type", "text"}, {"correlation_id", "text"},
	{"source", "text"}, {"subject", "text"}, {"traceparent", "text"}, {"data", "json"},
}

// outboxColumns without user_id and position.
var outboxColumns = [...]column{{"publisher", "text"}, {"shard", "bigint"}, {"topic", "text"}}

// checkEvent refuses what can't be stored, before it is part of a batch.
func checkEvent(e domain.Event) error {
	if err := storable(e.UserID, string(e.Type), e.CorrelationID, string(e.Source), e.Subject, e.TraceParent, string(e.Data)); err != nil {
		return err
	}
	if domain.TopicOf(e.Type) == "" || e.UserID == "" || !domain.ValidJSON(e.Data) {
		return &domain.Error{Kind: domain.KindInvalid, Detail: "an event needs a known type, a user and JSON data"}
	}
	return datable(e.Time)
}

func eventArgs(e domain.Event) []any {
	return []any{
		e.ID.String(), stamp(e.Time).String(), string(e.Type), e.CorrelationID,
		string(e.Source), e.Subject, e.TraceParent, string(e.Data),
	}
}

func outboxArgs(e domain.Event) []any {
	return []any{string(e.Source), int64(domain.ShardOf(e.UserID)), string(domain.TopicOf(e.Type))}
}

func (r *eventRow) event() domain.Event {
	return domain.Event{
		ID: r.EventID, Time: *(&r.Time).ptr(), Type: domain.EventType(r.EventType), UserID: r.UserID,
		CorrelationID: r.CorrelationID, Source: domain.Service(r.Source), Subject: r.Subject,
		Position: r.Position, TraceParent: r.Traceparent, Data: json.RawMessage(r.Data),
	}
}
