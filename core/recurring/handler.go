package recurring

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/ports"
)

// Store is what the use case needs of tasks.
type Store interface {
	ports.TaskStore
	ports.CausedTaskStore
}

// Service is the use case. It may be called concurrently.
type Service struct {
	tasks  Store
	stream ports.EventStream
	clock  ports.Clock
	ids    tasks.IDs
	zones  zones
}

// New makes the use case.
func New(store Store, stream ports.EventStream, clock ports.Clock, ids tasks.IDs) *Service {
	return &Service{tasks: store, stream: stream, clock: clock, ids: ids}
}

// Handle creates the next occurrence of the task that e says is completed, if it
// recurs and its series goes on. Errors: domain.ErrPermanent for an event of
// another type and for a task whose rule or zone can't be read,
// domain.ErrMalformed for data that can't be; those of ports.TaskStore.
func (s *Service) Handle(ctx context.Context, e domain.Event) error {
	id, recurs, err := read(e)
	if err != nil || !recurs {
		return err
	}
	t, err := s.completed(ctx, e, id)
	if err != nil || t.RecurringRule == nil {
		return err
	}
	next, ok, err := s.next(ctx, t, e)
	if err != nil || !ok {
		return err
	}
	_, err = s.tasks.CreateCaused(ctx, e.Position, next, s.created(ctx, next, e))
	if errors.Is(err, domain.ErrConflict) || errors.Is(err, domain.ErrGone) {
		return nil // it is there, or the user had everything erased
	}
	return err
}

// read says which task was completed, and whether it recurred then.
func read(e domain.Event) (id uuid.UUID, recurs bool, err error) {
	if e.Type != domain.TaskCompletedV1 {
		return id, false, domain.Permanent(fmt.Errorf("an event of type %.80q completes no task", e.Type))
	}
	var p struct {
		TaskID uuid.UUID `json:"task_id"`
		Rule   *string   `json:"recurring_rule"`
	}
	if err := json.Unmarshal(e.Data, &p); err != nil {
		return id, false, domain.Malformed("the data of a %s event can't be read: %v", e.Type, err)
	}
	if p.TaskID == uuid.Nil {
		return id, false, domain.Malformed("the data of a %s event has no task_id", e.Type)
	}
	return p.TaskID, p.Rule != nil && *p.Rule != "", nil
}

// completed is the task as it is, or as it was when it was deleted. A task that
// is in neither place (its user erased, its events too old) is one without a rule.
func (s *Service) completed(ctx context.Context, e domain.Event, id uuid.UUID) (domain.Task, error) {
	t, err := s.tasks.Get(ctx, e.UserID, id)
	if !errors.Is(err, domain.ErrNotFound) {
		return t, err
	}
	const page = 200
	for from := e.Position; ; {
		events, _, err := s.stream.After(ctx, e.UserID, from, page)
		if err != nil {
			return domain.Task{}, err
		}
		for _, later := range events {
			if later.Type == domain.TaskDeletedV1 && later.Subject == id.String() {
				return tasks.FromPayload(later)
			}
			from = later.Position
		}
		if len(events) < page {
			return domain.Task{}, nil
		}
	}
}

// created is the event of the new task: backend-api's, whose relay publishes
// every task, and part of the same request and trace as its cause.
func (s *Service) created(ctx context.Context, t domain.Task, cause domain.Event) domain.Event {
	return domain.Event{
		ID: eventID(cause), Time: t.CreatedAt, Type: domain.TaskCreatedV1, UserID: t.UserID, CorrelationID: cause.CorrelationID,
		Source: domain.BackendAPI, Subject: t.ID.String(), TraceParent: cmp.Or(domain.TraceParentFrom(ctx), cause.TraceParent), Data: tasks.FullPayload(&t),
	}
}

// eventID is the same whoever handles cause and how often. A user has an event
// once: so the stream, which outlasts every delivery, refuses the occurrence a
// second time, also when the first one was deleted meanwhile.
func eventID(cause domain.Event) uuid.UUID {
	sum := sha256.Sum256(append([]byte("next occurrence"), cause.ID[:]...))
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // variant 10
	return id
}
