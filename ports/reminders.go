package ports

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// ReminderStore finds the reminders of all users that are due, and sends them.
// What is due is decided on the store's clock alone, so that any number of
// processes, whatever their clocks say, agree.
type ReminderStore interface {
	// Due returns up to limit reminders that are due and not sent, of tasks that are
	// not completed. When there are more, half are those that have been due longest
	// and half those that have just become due: a backlog delays nobody else.
	Due(ctx context.Context, limit int) (domain.Reminders, error)
	// Send stores s.Notification, marks r's task as reminded (version + 1) and appends
	// s.Due to the user's stream and the outbox, in one transaction, and returns its
	// position. It is decided there, and not before, whether r still holds:
	// domain.ErrConflict when the task is no longer in the state that r was read in
	// (changed, completed, deleted, sent by somebody else) or is being written by
	// somebody at this moment; also when there is a notification of this task and time
	// already: then the task is marked and s.Marked is appended instead, so that no
	// version is without an event. Calls in flight together are written together.
	Send(ctx context.Context, r domain.DueReminder, s domain.Sending) (position int64, err error)
	// Wake gets a value (capacity 1, never blocks the writer) soon after a reminder was
	// set that is due within two hours; signals may be lost or merge.
	Wake() <-chan struct{}
}

// NotificationStore keeps what users were told.
type NotificationStore interface {
	List(ctx context.Context, user string, q domain.NotificationQuery) ([]domain.Notification, error)
	// MarkRead returns the notification as it is then. domain.ErrNotFound, also for
	// another user's. One that is read already is no error.
	MarkRead(ctx context.Context, user string, id uuid.UUID) (domain.Notification, error)
	// MarkAllRead marks those made up to until, all if that is nil, and returns how
	// many were unread.
	MarkAllRead(ctx context.Context, user string, until *time.Time) (int, error)
	// Delete removes a notification for good. domain.ErrNotFound as above.
	Delete(ctx context.Context, user string, id uuid.UUID) error
}
