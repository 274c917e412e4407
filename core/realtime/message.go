package realtime

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
	"github.com/tasktide/tasktide/ports"
)

// Kind says how a Message is written.
type Kind uint8

// Text is a message of the protocol. Ping asks whether the client is there, Pong
// answers a client's ping frame with its Body. Close is the last message.
const (
	Text Kind = iota
	Ping
	Pong
	Close
)

// Message is what a connection gets to write. Several connections share one;
// nobody changes it.
type Message struct {
	Kind   Kind
	Body   []byte          // Text: JSON without line breaks
	Place  domain.Position // Text that moves the client's place: where to resume from now on; else zero
	Code   Code            // Close
	Reason string          // Close
	Step   ports.Step      // Text that an event became: how a writer tells an observer of it; else zero

	stale bool // when it is still queued at a resume: an event, a resync
}

// overhead is what a queued message costs beside its body.
const overhead = 64

func (m *Message) size() int { return len(m.Body) + overhead }

// Pinged and Ponged are the same for everybody.
var (
	pinged = &Message{Kind: Ping}
	ponged = &Message{Body: []byte(`{"type":"pong"}`)}
)

// connected says where events go on. It moves the client's place only where the client had none or is there.
func connected(at domain.Position, now time.Time) *Message {
	b := append(make([]byte, 0, 192), `{"type":"connected","service":`...)
	b = jsonappend.String(b, string(domain.WebsocketService))
	b = jsonappend.Time(append(b, `,"timestamp":`...), now)
	b = jsonappend.UUID(append(b, `,"epoch":`...), at.Epoch)
	b = jsonappend.Int(append(b, `,"position":`...), at.Value)
	return &Message{Body: append(b, '}')}
}

// The reasons of a resync.
const (
	reasonEpoch   = "epoch"   // the position is of another database
	reasonExpired = "expired" // the position is older than what is kept
	reasonFuture  = "future"  // the position has not been reached
)

func resync(reason string, at domain.Position) *Message {
	b := jsonappend.String([]byte(`{"type":"resync","reason":`), reason)
	return &Message{Body: append(b, '}'), Place: at, stale: true}
}

func expiring(left time.Duration) *Message {
	b := jsonappend.Int([]byte(`{"type":"auth_expiring","expires_in":`), int64((left+time.Second-1)/time.Second))
	return &Message{Body: append(b, '}')}
}

// update is the message that an event becomes.
func update(epoch uuid.UUID, e *domain.Event) *Message {
	m := &Message{
		Place: domain.Position{Epoch: epoch, Value: e.Position}, stale: true,
		Step: ports.StepOf(ports.StepPush, domain.WebsocketService, domain.TaskUpdates, e, time.Time{}),
	}
	b := make([]byte, 0, 320+len(e.Data))
	if e.Type == domain.ReminderDueV1 {
		b = jsonappend.UUID(append(b, `{"type":"notification-created","event_id":`...), e.ID)
	} else {
		b = jsonappend.String(append(b, `{"type":"task_update","action":`...), action(e.Type))
		b = jsonappend.UUID(append(b, `,"event_id":`...), e.ID)
		b = jsonappend.String(append(b, `,"event_type":`...), string(e.Type))
	}
	b = jsonappend.Int(append(b, `,"position":`...), e.Position)
	b = jsonappend.String(append(b, `,"user_id":`...), e.UserID)
	b = jsonappend.Time(append(b, `,"timestamp":`...), e.Time)
	b = append(b, `,"data":`...)
	if e.Type == domain.ReminderDueV1 {
		b = append(b, notification(e.Data)...)
	} else {
		b = append(b, oneLine(e.Data)...)
	}
	m.Body = append(b, '}')
	return m
}

// action is "created" of "task.created.v1".
func action(t domain.EventType) string {
	switch t {
	case domain.TaskCreatedV1:
		return "created"
	case domain.TaskUpdatedV1:
		return "updated"
	case domain.TaskCompletedV1:
		return "completed"
	case domain.TaskDeletedV1:
		return "deleted"
	}
	parts := strings.Split(string(t), ".") // of a newer producer
	if len(parts) < 2 {
		return string(t)
	}
	return parts[1]
}

// notification is the data of notification-created: what a reminder's event
// carries, and a text to show. An event without a text of its own gets one from
// its task's title.
func notification(data json.RawMessage) []byte {
	var in struct {
		NotificationID json.RawMessage `json:"notification_id"`
		Message        string          `json:"message"`
		TaskID         json.RawMessage `json:"task_id"`
		Title          string          `json:"title"`
		DueDate        json.RawMessage `json:"due_date"`
		LateBy         json.RawMessage `json:"late_by"`
	}
	if json.Unmarshal(data, &in) != nil {
		return oneLine(data)
	}
	if in.Message == "" {
		in.Message = "Reminder: " + in.Title
	}
	field := func(b []byte, v json.RawMessage) []byte {
		if len(v) == 0 {
			return append(b, "null"...)
		}
		return append(b, oneLine(v)...)
	}
	b := field([]byte(`{"notification_id":`), in.NotificationID)
	b = jsonappend.String(append(b, `,"message":`...), in.Message)
	b = field(append(b, `,"task_id":`...), in.TaskID)
	b = field(append(b, `,"due_date":`...), in.DueDate)
	b = field(append(b, `,"late_by":`...), in.LateBy)
	return append(b, '}')
}

// oneLine is data without line breaks, which foreign producers may have put
// between values, and which would cut a server-sent event in two.
func oneLine(data json.RawMessage) []byte {
	if len(data) == 0 {
		return []byte("{}")
	}
	if bytes.IndexByte(data, '\n') < 0 && bytes.IndexByte(data, '\r') < 0 {
		return data
	}
	var out bytes.Buffer
	if json.Compact(&out, data) != nil {
		return []byte("{}")
	}
	return out.Bytes()
}
