package upgrade

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// row is a row of a table by its columns.
type row map[string]any

// inserts are the statements that fill an empty database of a schema. They are plain
// SQL, since no code of then is left that could do it.
func (c content) inserts(version int64, postgres bool) (out []string) {
	add := func(table string, r row) {
		columns := slices.Sorted(maps.Keys(r))
		var values []string
		for _, name := range columns {
			values = append(values, literal(r[name], postgres))
		}
		out = append(out, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(columns, ", "), strings.Join(values, ", ")))
	}
	heads := map[string]int64{}
	for _, t := range c.tasks {
		add("tasks", taskRow(t, version))
	}
	for _, e := range c.events {
		heads[e.UserID] = e.Position
		add("events", row{
			"user_id": e.UserID, "position": e.Position, "event_id": e.ID, "time": e.Time, "event_type": string(e.Type), "correlation_id": e.CorrelationID,
			"source": string(e.Source), "subject": e.Subject, "traceparent": e.TraceParent, "data": string(e.Data),
		})
	}
	for _, user := range slices.Sorted(maps.Keys(heads)) {
		add("user_streams", row{"user_id": user, "position": heads[user]})
	}
	for _, e := range c.pending {
		add("outbox", row{"user_id": e.UserID, "position": e.Position, "publisher": string(e.Source), "shard": domain.ShardOf(e.UserID), "topic": string(domain.TopicOf(e.Type))})
	}
	for _, a := range c.audit {
		add("audit_logs", row{"user_id": a.UserID, "id": a.ID, "position": a.Position, "event_type": a.EventType, "entity_type": a.EntityType, "entity_id": a.EntityID, "data": string(a.Data), "created_at": a.Time})
	}
	if l := c.letter; l.ID != "" {
		add("dead_letters", row{
			"user_id": l.UserID, "id": l.ID, "event_id": l.EventID, "event_type": l.EventType, "topic": string(l.Topic), "group_name": l.Group, "record_key": []byte(l.Key), "body": l.Body,
			"reason": l.Reason, "error": l.Error, "attempts": l.Attempts, "first_failed": l.FirstFailed, "last_failed": l.LastFailed, "traceparent": l.TraceParent, "redrive_at": nil,
		})
	}
	for _, key := range slices.Sorted(maps.Keys(c.state)) {
		r := row{"key": key, "value": c.state[key], "isbinary": false, "insertdate": at(0), "expiredate": at(60 * 24 * 365 * 30)}
		if !postgres {
			r["etag"] = "1"
		}
		add("dapr_state", r)
	}
	for _, n := range c.notes {
		add("notifications", row{"user_id": n.UserID, "id": n.ID, "task_id": n.TaskID, "type": n.Type, "message": n.Message, "reminder_at": n.ReminderAt, "read": n.Read, "created_at": n.CreatedAt})
	}
	if version >= 4 {
		add("preferences", row{"user_id": ada, "time_zone": c.prefs.TimeZone, "theme": string(c.prefs.Theme), "updated_at": *c.prefs.UpdatedAt})
		add("user_streams", row{"user_id": erased, "position": 7, "erased": 7})
	}
	for key, answer := range c.keys {
		add("idempotency_keys", row{"user_id": ada, "key": key, "fingerprint": "f", "response": answer, "created_at": at(0)})
	}
	if version >= 10 {
		a, s, k := c.account, c.session, c.signing
		add("accounts", row{"id": a.ID, "email": a.Email, "email_key": a.EmailKey, "name": a.Name, "image": orNil(a.Image), "scope": a.Scope, "password": a.Hash, "created_at": a.CreatedAt, "updated_at": a.UpdatedAt})
		add("sessions", row{
			"id": s.ID, "account_id": s.AccountID, "secret": s.Secret, "remembered": s.Remembered, "address": s.Address, "user_agent": s.UserAgent,
			"created_at": s.CreatedAt, "updated_at": s.UpdatedAt, "expires_at": s.ExpiresAt,
		})
		add("signing_keys", row{"id": k.ID, "generation": k.Generation, "public": k.Public, "private": k.Private, "sealed": k.Sealed, "created_at": k.CreatedAt, "signs_from": k.SignsFrom, "tokens_until": nil})
	}
	return out
}

func taskRow(t domain.Task, version int64) row {
	tags, _ := json.Marshal(t.Tags)
	description := ""
	if t.Description != nil {
		description = *t.Description
	}
	r := row{
		"user_id": t.UserID, "id": t.ID, "title": t.Title, "description": orNil(t.Description), "priority": string(t.Priority), "category": string(t.Category), "completed": t.Completed,
		"due_date": orNil(t.DueDate), "recurring_rule": orNil(t.RecurringRule), "recurring_end_date": orNil(t.RecurringEndDate), "parent_task_id": orNil(t.ParentTaskID),
		"previous_task_id": orNil(t.PreviousTaskID), "reminder_at": orNil(t.ReminderAt), "reminder_sent": t.ReminderSent, "tags": string(tags), "time_zone": t.TimeZone,
		"version": t.Version, "created_at": t.CreatedAt, "updated_at": t.UpdatedAt, "search_text": domain.Fold(t.Title) + "\x1f" + domain.Fold(description),
	}
	if version >= 5 {
		r["series_start"], r["series_index"] = orNil(t.SeriesStart), t.SeriesIndex
	}
	return r
}

func orNil[T any](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}

func literal(v any, postgres bool) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case uuid.UUID:
		return "'" + v.String() + "'"
	case time.Time:
		return "'" + domain.FormatTime(v) + "'"
	case []byte:
		if postgres {
			return `'\x` + hex.EncodeToString(v) + "'"
		}
		return "x'" + hex.EncodeToString(v) + "'"
	}
	return fmt.Sprint(v) // numbers, true and false
}
