package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.NotificationStore = (*Notifications)(nil)

// Notifications keeps what users were told.
type Notifications struct{ db *DB }

// NewNotifications returns the notifications of db.
func NewNotifications(db *DB) *Notifications { return &Notifications{db} }

type notificationRow struct {
	bun.BaseModel `bun:"table:notifications,alias:n"`

	UserID     string
	ID         uuid.UUID
	TaskID     uuid.UUID
	Type       string
	Message    string
	ReminderAt stamp
	Read       bool
	CreatedAt  stamp
}

func (r *notificationRow) notification() domain.Notification {
	return domain.Notification{
		ID: r.ID, UserID: r.UserID, TaskID: r.TaskID, Type: r.Type, Message: r.Message,
		ReminderAt: *(&r.ReminderAt).ptr(), Read: r.Read, CreatedAt: *(&r.CreatedAt).ptr(),
	}
}

// List returns user's notifications, newest first.
func (s *Notifications) List(ctx context.Context, user string, q domain.NotificationQuery) ([]domain.Notification, error) {
	if err := storable(user); err != nil {
		return nil, err
	}
	var rows []notificationRow
	query := s.db.bun.NewSelect().Model(&rows).Where("n.user_id = ?", user)
	if q.UnreadOnly {
		query.Where("NOT n.read")
	}
	err := query.OrderExpr("n.created_at DESC, n.id DESC").Limit(int64(max(q.Limit, 0))).Scan(ctx)
	out := make([]domain.Notification, len(rows))
	for i := range rows {
		out[i] = rows[i].notification()
	}
	return out, mapErr(ctx, err)
}

// MarkRead marks a notification of user; see ports.NotificationStore.
func (s *Notifications) MarkRead(ctx context.Context, user string, id uuid.UUID) (domain.Notification, error) {
	if err := storable(user); err != nil {
		return domain.Notification{}, err
	}
	var rows []notificationRow
	err := s.db.write(ctx, func(ctx context.Context, c conn) error {
		rows = nil
		return s.db.bun.NewUpdate().Conn(c).Model((*notificationRow)(nil)).Set("read = ?", true).
			Where("user_id = ?", user).Where("id = ?", id.String()).Returning("*").Scan(ctx, &rows)
	})
	if err != nil {
		return domain.Notification{}, mapErr(ctx, err)
	}
	if len(rows) == 0 {
		return domain.Notification{}, errNoNotification
	}
	return rows[0].notification(), nil
}

var errNoNotification = domain.NotFound("there is no such notification")

// MarkAllRead marks what user has not read; see ports.NotificationStore.
func (s *Notifications) MarkAllRead(ctx context.Context, user string, until *time.Time) (int, error) {
	n, err := s.change(ctx, user, func(ctx context.Context, c conn) (sql.Result, error) {
		update := s.db.bun.NewUpdate().Conn(c).Model((*notificationRow)(nil)).Set("read = ?", true).
			Where("user_id = ?", user).Where("NOT read")
		if until != nil {
			update.Where("created_at <= ?", stamp(*until).String())
		}
		return update.Exec(ctx)
	})
	return int(n), err
}

// Delete removes a notification of user.
func (s *Notifications) Delete(ctx context.Context, user string, id uuid.UUID) error {
	n, err := s.change(ctx, user, func(ctx context.Context, c conn) (sql.Result, error) {
		return s.db.bun.NewDelete().Conn(c).Model((*notificationRow)(nil)).
			Where("user_id = ?", user).Where("id = ?", id.String()).Exec(ctx)
	})
	if err == nil && n == 0 {
		err = errNoNotification
	}
	return err
}

func (s *Notifications) change(ctx context.Context, user string, exec func(context.Context, conn) (sql.Result, error)) (n int64, err error) {
	if err := storable(user); err != nil {
		return 0, err
	}
	err = s.db.write(ctx, func(ctx context.Context, c conn) (err error) {
		n, err = affected(exec(ctx, c))
		return err
	})
	return n, mapErr(ctx, err)
}
