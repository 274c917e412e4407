package tasks

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// IDs makes new ids: version 7 for tasks, version 4 for events.
type IDs struct{ Task, Event func() uuid.UUID }

// NewIDs is IDs from the system's random source.
func NewIDs() IDs {
	return IDs{Task: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }, Event: uuid.New}
}

// Service is the use cases of tasks. It may be called concurrently.
type Service struct {
	store ports.TaskStore
	clock ports.Clock
	ids   IDs
	zones sync.Map // *time.Location by name
}

// New makes the use cases.
func New(store ports.TaskStore, clock ports.Clock, ids IDs) *Service {
	return &Service{store: store, clock: clock, ids: ids}
}

// Match is the versions of which a task must have one for a change to be made,
// from an If-Match header. nil is no condition, an empty list never matches.
type Match []int64

// Create stores a new task of user.
// Errors: domain.ErrInvalid with every wrong field; those of ports.TaskStore.
func (s *Service) Create(ctx context.Context, user string, in Input) (domain.Task, error) {
	t, err := s.draft(user, in)
	if err != nil {
		return domain.Task{}, err
	}
	if _, err := s.store.Create(ctx, t, s.created(ctx, &t)); err != nil {
		return domain.Task{}, err
	}
	return t, nil
}

// draft is a new task that is not stored.
func (s *Service) draft(user string, in Input) (domain.Task, error) {
	now := micros(s.clock.Now())
	t := domain.Task{
		ID: s.ids.Task(), UserID: user, Tags: []string{}, TimeZone: defaultZone,
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if bad := s.apply(&t, &in, true); bad != nil {
		return domain.Task{}, invalid(bad)
	}
	return t, nil
}

func (s *Service) created(ctx context.Context, t *domain.Task) domain.Event {
	return s.event(ctx, t, domain.TaskCreatedV1, FullPayload(t))
}

// Check returns what is wrong with in, as Create and Update would. It is for
// callers that have found problems of their own and want to tell all at once.
func (s *Service) Check(in Input, create bool) []domain.FieldError {
	return s.apply(&domain.Task{}, &in, create)
}

// Get returns a task of user. Errors: those of ports.TaskStore.
func (s *Service) Get(ctx context.Context, user string, id uuid.UUID) (domain.Task, error) {
	return s.store.Get(ctx, user, id)
}

// Update changes the fields that are present in in. A task that they leave as it
// is comes back as it is. A new ReminderAt makes the reminder due again.
// Errors: domain.ErrNotFound, domain.ErrInvalid, domain.ErrPreconditionFailed
// (match), domain.ErrConflict (others kept changing it), those of ports.TaskStore.
func (s *Service) Update(ctx context.Context, user string, id uuid.UUID, in Input, match Match) (domain.Task, error) {
	return s.change(ctx, user, id, match, func(old, t *domain.Task) (domain.EventType, json.RawMessage, error) {
		if bad := s.apply(t, &in, false); bad != nil {
			return "", nil, invalid(bad)
		}
		if !sameTime(old.ReminderAt, t.ReminderAt) {
			t.ReminderSent = false
		}
		return domain.TaskUpdatedV1, UpdatedPayload(old, t), nil
	})
}

// Toggle completes a pending task (task.completed.v1) and reopens a completed
// one (task.updated.v1). Errors: those of Update, without domain.ErrInvalid.
func (s *Service) Toggle(ctx context.Context, user string, id uuid.UUID, match Match) (domain.Task, error) {
	return s.change(ctx, user, id, match, func(old, t *domain.Task) (domain.EventType, json.RawMessage, error) {
		t.Completed = !old.Completed
		if t.Completed {
			return domain.TaskCompletedV1, CompletedPayload(t), nil
		}
		return domain.TaskUpdatedV1, UpdatedPayload(old, t), nil
	})
}

// Delete removes a task. Errors: those of Toggle.
func (s *Service) Delete(ctx context.Context, user string, id uuid.UUID, match Match) error {
	return s.attempt(ctx, user, id, match, func(t domain.Task) error {
		e := s.event(ctx, &t, domain.TaskDeletedV1, FullPayload(&t))
		e.Time = micros(s.clock.Now())
		_, err := s.store.Delete(ctx, user, id, t.Version, e)
		return err
	})
}

type edit func(old, t *domain.Task) (domain.EventType, json.RawMessage, error)

// change reads, edits and stores a task. No data from edit: nothing changed.
func (s *Service) change(ctx context.Context, user string, id uuid.UUID, match Match, edit edit) (out domain.Task, err error) {
	err = s.attempt(ctx, user, id, match, func(old domain.Task) error {
		t := old
		kind, data, err := edit(&old, &t)
		if err != nil {
			return err
		}
		if data == nil {
			out = old
			return nil
		}
		t.Version++
		// A clock that was set back must not make a task look older than it was.
		t.UpdatedAt = later(micros(s.clock.Now()), old.UpdatedAt)
		_, err = s.store.Update(ctx, t, s.event(ctx, &t, kind, data))
		out = t
		return err
	})
	if err != nil {
		return domain.Task{}, err
	}
	return out, nil
}

// attempts bounds how often a change starts again because somebody was faster.
const attempts = 8

func (s *Service) attempt(ctx context.Context, user string, id uuid.UUID, match Match, write func(domain.Task) error) error {
	for range attempts {
		t, err := s.store.Get(ctx, user, id)
		if err != nil {
			return err
		}
		if match != nil && !slices.Contains(match, t.Version) {
			return &domain.Error{
				Kind:   domain.KindPreconditionFailed,
				Detail: "the task has been changed meanwhile; load it again and repeat the change on what it is now",
			}
		}
		if err = write(t); domain.KindOf(err) != domain.KindConflict {
			return err
		}
	}
	return domain.Conflict("the task is being changed by others at the same time; try again")
}

// event is t's event; its time is the time of the change.
func (s *Service) event(ctx context.Context, t *domain.Task, kind domain.EventType, data json.RawMessage) domain.Event {
	e := domain.Event{
		ID: s.ids.Event(), Time: t.UpdatedAt, Type: kind, UserID: t.UserID,
		CorrelationID: domain.CorrelationIDFrom(ctx), Source: domain.BackendAPI,
		Subject: t.ID.String(), TraceParent: domain.TraceParentFrom(ctx), Data: data,
	}
	if e.CorrelationID == "" {
		e.CorrelationID = e.ID.String()
	}
	return e
}

func invalid(bad []domain.FieldError) error {
	return domain.Invalid("the task breaks a rule; each wrong field is listed in errors", bad...)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
