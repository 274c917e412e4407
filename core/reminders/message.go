package reminders

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
	"github.com/tasktide/tasktide/core/tasks"
)

// IDs makes new ids: version 7 for notifications, version 4 for events.
type IDs struct{ Notification, Event func() uuid.UUID }

// NewIDs is IDs from the system's random source.
func NewIDs() IDs {
	return IDs{Notification: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }, Event: uuid.New}
}

// Compose is what is stored for r, which is due at now on the store's clock. Nobody
// asked for the event, so it is its own correlation. One of the two events is stored:
// they share an id. Their time is that of a change of the task, never before the one of
// the change before, which another clock may have given.
func Compose(r *domain.DueReminder, now time.Time, ids IDs) domain.Sending {
	at := now
	if r.UpdatedAt.After(at) {
		at = r.UpdatedAt
	}
	n := domain.Notification{
		ID: ids.Notification(), UserID: r.UserID, TaskID: r.TaskID, Type: domain.NotificationReminder,
		Message: "Reminder: " + r.Title, ReminderAt: r.ReminderAt, CreatedAt: at,
	}
	e := domain.Event{
		ID: ids.Event(), Time: at, Type: domain.ReminderDueV1, UserID: r.UserID,
		Source: domain.NotificationService, Subject: r.TaskID.String(), Data: Payload(r, &n, now),
	}
	e.CorrelationID = e.ID.String()
	marked := e
	marked.Type, marked.Source, marked.Data = domain.TaskUpdatedV1, domain.BackendAPI, markedPayload(r)
	return domain.Sending{Notification: n, Due: e, Marked: marked}
}

// markedPayload is the data of task.updated.v1 for a task that is only marked.
func markedPayload(r *domain.DueReminder) json.RawMessage {
	before := domain.Task{ID: r.TaskID, Title: r.Title}
	after := before
	after.ReminderSent = true
	return tasks.UpdatedPayload(&before, &after)
}

// Payload is the data of reminder.due.v1, sent at now on the store's clock.
func Payload(r *domain.DueReminder, n *domain.Notification, now time.Time) json.RawMessage {
	b := make([]byte, 0, 256+2*len(r.Title))
	b = jsonappend.UUID(append(b, `{"task_id":`...), r.TaskID)
	b = jsonappend.String(append(b, `,"title":`...), r.Title)
	b = jsonappend.TimeOrNull(append(b, `,"due_date":`...), r.DueDate)
	b = jsonappend.UUID(append(b, `,"notification_id":`...), n.ID)
	b = jsonappend.String(append(b, `,"message":`...), n.Message)
	b = strconv.AppendFloat(append(b, `,"late_by":`...), lateBy(r, now), 'f', 6, 64)
	return append(b, '}')
}

// lateBy is in seconds. A time.Duration could not hold the years that a time can.
func lateBy(r *domain.DueReminder, now time.Time) float64 {
	return max(0, float64(now.UnixMicro()-r.ReminderAt.UnixMicro())/1e6)
}
