package reminders

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// The sizes of a list of notifications.
const (
	DefaultLimit = 50
	MaxLimit     = 100
)

// Notifications is what users do with what they were told.
type Notifications struct{ store ports.NotificationStore }

// NewNotifications makes the use cases.
func NewNotifications(store ports.NotificationStore) *Notifications {
	return &Notifications{store: store}
}

// List returns user's notifications, newest first; a limit of 0 is DefaultLimit.
// Errors: domain.ErrInvalid; those of ports.NotificationStore.
func (n *Notifications) List(ctx context.Context, user string, q domain.NotificationQuery) ([]domain.Notification, error) {
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		return nil, domain.Invalid("the query breaks a rule; each wrong parameter is listed in errors",
			domain.FieldError{Field: "limit", Message: fmt.Sprintf("must be 1 to %d", MaxLimit)})
	}
	return n.store.List(ctx, user, q)
}

// MarkRead marks one. Errors: those of ports.NotificationStore.
func (n *Notifications) MarkRead(ctx context.Context, user string, id uuid.UUID) (domain.Notification, error) {
	return n.store.MarkRead(ctx, user, id)
}

// MarkAllRead marks those made up to until, all if that is nil, and says how many
// were unread.
func (n *Notifications) MarkAllRead(ctx context.Context, user string, until *time.Time) (int, error) {
	return n.store.MarkAllRead(ctx, user, until)
}

// Delete removes one. Errors: those of ports.NotificationStore.
func (n *Notifications) Delete(ctx context.Context, user string, id uuid.UUID) error {
	return n.store.Delete(ctx, user, id)
}
