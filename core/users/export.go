package users

import (
	"context"

	"github.com/tasktide/tasktide/core/domain"
)

// page is how much of an export is in memory at once.
const page = 200

// EachTask gives user's tasks to yield, oldest first, reading a page at a time; an
// error of yield ends it. What is created or deleted meanwhile may be missing.
func (s *Service) EachTask(ctx context.Context, user string, yield func(*domain.Task) error) error {
	q := domain.TaskQuery{Ascending: true, Limit: page}
	for {
		list, err := s.d.Tasks.List(ctx, user, q)
		if err != nil {
			return err
		}
		if err := each(list.Tasks, yield); err != nil || !list.More {
			return err
		}
		last := &list.Tasks[len(list.Tasks)-1]
		q.After = &domain.TaskMark{ID: last.ID, CreatedAt: last.CreatedAt}
	}
}

// EachEvent gives what is kept of user's stream to yield, oldest first, up to where
// it ended at the beginning.
func (s *Service) EachEvent(ctx context.Context, user string, yield func(*domain.Event) error) error {
	end := int64(-1)
	for at := int64(0); ; {
		list, head, err := s.d.Streams.After(ctx, user, at, page)
		if err != nil {
			return err
		}
		if end < 0 {
			end = head.Value
		}
		if err := each(list, yield); err != nil {
			return err
		}
		if len(list) > 0 {
			at = list[len(list)-1].Position
		}
		if len(list) < page || at >= end {
			return nil
		}
	}
}

// EachAuditEntry gives user's audit trail to yield, newest first.
func (s *Service) EachAuditEntry(ctx context.Context, user string, yield func(*domain.AuditEntry) error) error {
	q := domain.AuditQuery{Limit: page}
	for {
		list, err := s.d.Audit.List(ctx, user, q)
		if err != nil {
			return err
		}
		if err := each(list, yield); err != nil || len(list) < page {
			return err
		}
		last := &list[len(list)-1]
		q.Behind = &domain.AuditMark{Position: last.Position, ID: last.ID}
	}
}

// EachNotification gives what user was told to yield, newest first.
func (s *Service) EachNotification(ctx context.Context, user string, yield func(*domain.Notification) error) error {
	const most = 100
	q := domain.NotificationQuery{Limit: most}
	for {
		list, err := s.d.Notifications.List(ctx, user, q)
		if err != nil {
			return err
		}
		if err := each(list, yield); err != nil || len(list) < most {
			return err
		}
		last := &list[len(list)-1]
		q.Behind = &domain.NotificationMark{CreatedAt: last.CreatedAt, ID: last.ID}
	}
}

func each[T any](list []T, yield func(*T) error) error {
	for i := range list {
		if err := yield(&list[i]); err != nil {
			return err
		}
	}
	return nil
}

// Erase removes everything of user, for good. Errors: those of ports.UserEraser.
func (s *Service) Erase(ctx context.Context, user string) (domain.Erased, error) {
	return s.d.Eraser.Erase(ctx, user)
}
