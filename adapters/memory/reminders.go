package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var (
	_ ports.ReminderStore     = (*Reminders)(nil)
	_ ports.NotificationStore = (*Reminders)(nil)
)

// Reminders finds and sends the reminders of some tasks, and keeps the
// notifications that come of it. Make one for each service.
type Reminders struct {
	tasks *Tasks
	clock ports.Clock // the store's own, whatever those of its callers say
	wake  chan struct{}
}

// NewReminders returns the reminders of tasks.
func NewReminders(tasks *Tasks, clock ports.Clock) *Reminders {
	r := &Reminders{tasks: tasks, clock: clock, wake: make(chan struct{}, 1)}
	tasks.mu.Lock()
	defer tasks.mu.Unlock()
	tasks.reminders = append(tasks.reminders, r.wake)
	return r
}

// Wake implements ports.ReminderStore.
func (r *Reminders) Wake() <-chan struct{} { return r.wake }

// stored tells that t was written.
func (s *Tasks) stored(t *domain.Task) {
	if t.ReminderAt == nil || t.ReminderSent || t.Completed {
		return
	}
	for _, ch := range s.reminders {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Due implements ports.ReminderStore.
func (r *Reminders) Due(_ context.Context, limit int) (domain.Reminders, error) {
	r.tasks.mu.Lock()
	defer r.tasks.mu.Unlock()
	out := domain.Reminders{Now: r.clock.Now().UTC().Truncate(time.Microsecond)}
	for _, u := range r.tasks.users {
		for _, t := range u.tasks {
			if t.ReminderAt == nil || t.ReminderSent || t.Completed {
				continue
			}
			if t.ReminderAt.After(out.Now) {
				if out.Next == nil || t.ReminderAt.Before(*out.Next) {
					out.Next = copyOf(t.ReminderAt)
				}
				continue
			}
			out.Due = append(out.Due, domain.DueReminder{
				UserID: t.UserID, TaskID: t.ID, Version: t.Version, Title: t.Title, DueDate: copyOf(t.DueDate), ReminderAt: *t.ReminderAt, UpdatedAt: t.UpdatedAt,
			})
		}
	}
	slices.SortFunc(out.Due, func(a, b domain.DueReminder) int {
		return cmp.Or(a.ReminderAt.Compare(b.ReminderAt), slices.Compare(a.TaskID[:], b.TaskID[:]))
	})
	if n := len(out.Due); n > limit {
		out.Due = slices.Concat(out.Due[:limit-limit/2], out.Due[n-limit/2:])
	}
	return out, nil
}

// Send implements ports.ReminderStore.
func (r *Reminders) Send(_ context.Context, due domain.DueReminder, s domain.Sending) (int64, error) {
	r.tasks.mu.Lock()
	defer r.tasks.mu.Unlock()
	u := r.tasks.user(due.UserID)
	t, ok := u.tasks[due.TaskID]
	if !ok || t.Version != due.Version || t.Completed || t.ReminderSent || t.ReminderAt == nil || !t.ReminderAt.Equal(due.ReminderAt) {
		return 0, domain.Conflict("the task was changed in the meantime")
	}
	t.ReminderSent, t.Version = true, t.Version+1
	n := s.Notification
	if n.CreatedAt.After(t.UpdatedAt) {
		t.UpdatedAt = n.CreatedAt
	}
	u.tasks[t.ID] = t
	for _, other := range u.notifications {
		if other.TaskID == due.TaskID && other.ReminderAt.Equal(due.ReminderAt) {
			s.Marked.UserID = due.UserID
			u.append(s.Marked)
			return 0, domain.Conflict("the user was reminded of this before")
		}
	}
	n.UserID, n.TaskID, n.ReminderAt, s.Due.UserID = due.UserID, due.TaskID, due.ReminderAt, due.UserID
	u.notifications = append(u.notifications, n)
	return u.append(s.Due), nil
}

// List implements ports.NotificationStore.
func (r *Reminders) List(_ context.Context, user string, q domain.NotificationQuery) ([]domain.Notification, error) {
	r.tasks.mu.Lock()
	defer r.tasks.mu.Unlock()
	out := []domain.Notification{}
	for _, n := range r.tasks.user(user).notifications {
		if !q.UnreadOnly || !n.Read {
			out = append(out, n)
		}
	}
	order := func(a, b domain.Notification) int {
		return -cmp.Or(a.CreatedAt.Compare(b.CreatedAt), slices.Compare(a.ID[:], b.ID[:]))
	}
	slices.SortFunc(out, order)
	return out[:min(len(out), max(q.Limit, 0))], nil
}

// MarkRead implements ports.NotificationStore.
func (r *Reminders) MarkRead(_ context.Context, user string, id uuid.UUID) (domain.Notification, error) {
	r.tasks.mu.Lock()
	defer r.tasks.mu.Unlock()
	all := r.tasks.user(user).notifications
	i := slices.IndexFunc(all, func(n domain.Notification) bool { return n.ID == id })
	if i < 0 {
		return domain.Notification{}, errNoNotification
	}
	all[i].Read = true
	return all[i], nil
}

var errNoNotification = domain.NotFound("there is no such notification")

// MarkAllRead implements ports.NotificationStore.
func (r *Reminders) MarkAllRead(_ context.Context, user string, until *time.Time) (n int, _ error) {
	r.tasks.mu.Lock()
	defer r.tasks.mu.Unlock()
	all := r.tasks.user(user).notifications
	for i := range all {
		if !all[i].Read && (until == nil || !all[i].CreatedAt.After(*until)) {
			all[i].Read = true
			n++
		}
	}
	return n, nil
}

// Delete implements ports.NotificationStore.
func (r *Reminders) Delete(_ context.Context, user string, id uuid.UUID) error {
	r.tasks.mu.Lock()
	defer r.tasks.mu.Unlock()
	u := r.tasks.user(user)
	before := len(u.notifications)
	u.notifications = slices.DeleteFunc(u.notifications, func(n domain.Notification) bool { return n.ID == id })
	if len(u.notifications) == before {
		return errNoNotification
	}
	return nil
}
