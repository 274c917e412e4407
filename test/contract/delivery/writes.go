package delivery

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/outbox"
	"github.com/tasktide/tasktide/core/recurring"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/ports"
)

// Database is where a handler of the mode writes, with what its writes fill.
type Database struct {
	Tasks   recurring.Store
	Streams ports.EventStream
	Outbox  ports.Outbox // of backend-api
	// Refuse has the database refuse the last row of each transaction that writes an
	// event of user, until allow is called.
	Refuse func(t testing.TB, user string) (allow func())
}

// series is a user with a recurring task, a relay that publishes what the
// database has, and what came out of it.
type series struct {
	*lab
	db      *Database
	user    string
	service *tasks.Service
	handler *recurring.Service
	first   domain.Task

	published []domain.Event // task.created.v1, in the order of their arrival
}

// newSeries makes the task; its relay runs until the subtest ends. Completions go
// to the lab's topic, what is created to one that the subtest watches.
func newSeries(l *lab, user string) *series {
	db := l.m.Database(l.T)
	s := &series{lab: l, db: db, user: user, service: tasks.New(db.Tasks, memory.Clock{}, tasks.NewIDs())}
	s.handler = recurring.New(s.db.Tasks, s.db.Streams, memory.Clock{}, tasks.NewIDs())
	l.as = domain.TaskCompleted
	created := l.m.Transport.Topics(l.T, 1)[0]
	watch := l.m.Transport.Instance(l.T, ports.Subscription{Group: "w-" + uuid.NewString()[:13], Topics: []domain.Topic{created}, Drain: time.Second})
	watch.Start(l.T, func(_ context.Context, m ports.Message) ports.Answer {
		e, err := domain.DecodeEvent(m.Body)
		if err != nil {
			l.Error(err)
		}
		l.update(func() { s.published = append(s.published, e) })
		return ports.Answer{}
	})
	topics := map[domain.Topic]domain.Topic{domain.TaskCompleted: l.topic, domain.TaskCreated: created}
	s.background(outbox.NewRelay(domain.BackendAPI, s.db.Outbox, renamed{l.pub, topics}, memory.Clock{}, slog.New(slog.DiscardHandler), outbox.Options{}).Run)
	due := time.Now().Add(24 * time.Hour)
	var err error
	s.first, err = s.service.Create(l.Context(), user, tasks.Input{
		Title: tasks.Some("Water the plants"), Priority: tasks.Some("low"), Category: tasks.Some("home"),
		RecurringRule: tasks.Some("daily"), DueDate: tasks.Some(due),
	})
	if err != nil {
		l.Fatal(err)
	}
	return s
}

func (s *series) background(run func(context.Context)) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx)
	}()
	s.Cleanup(func() { cancel(); <-ended })
}

// renamed publishes to the subtest's topics what goes to theirs.
type renamed struct {
	ports.Publisher
	topics map[domain.Topic]domain.Topic
}

func (r renamed) Publish(ctx context.Context, rec ports.Record) error {
	if r.topics[rec.Topic] == "" {
		return nil // nobody asks
	}
	rec.Topic = r.topics[rec.Topic]
	return r.Publisher.Publish(ctx, rec)
}

func (s *series) complete() {
	s.Helper()
	if _, err := s.service.Toggle(s.Context(), s.user, s.first.ID, nil); err != nil {
		s.Fatal(err)
	}
}

// created are the events of the user's stream that say so; the stream has no gap.
func (s *series) created() (out []uuid.UUID) {
	s.Helper()
	events, head, err := s.db.Streams.After(context.WithoutCancel(s.Context()), s.user, 0, 100)
	if err != nil {
		s.Fatal(err)
	}
	for i, e := range events {
		if e.Position != int64(i)+1 || head.Value != int64(len(events)) {
			s.Errorf("event %d of %d has position %d", i+1, head.Value, e.Position)
		}
		if e.Type == domain.TaskCreatedV1 {
			out = append(out, e.ID)
		}
	}
	return out
}

// awaitOneNext waits until the first task and one next occurrence were published,
// and looks that the database has exactly those.
func (s *series) awaitOneNext() {
	s.Helper()
	var ids []uuid.UUID
	s.await("the next occurrence was published", func() bool {
		ids = ids[:0]
		for _, e := range s.published {
			if !slices.Contains(ids, e.ID) { // at least once
				ids = append(ids, e.ID)
			}
		}
		return len(ids) >= 2
	})
	if stored := s.created(); !slices.Equal(stored, ids) || len(ids) != 2 {
		s.Errorf("published %v, stored %v", ids, stored)
	}
	l, err := s.db.Tasks.List(s.Context(), s.user, domain.TaskQuery{Ascending: true})
	if err != nil || len(l.Tasks) != 2 || l.Tasks[1].PreviousTaskID == nil || *l.Tasks[1].PreviousTaskID != s.first.ID {
		s.Errorf("tasks %+v, %v", l.Tasks, err)
	}
}

// written: an event is part of the transaction that its handler made, and of
// nothing else.
func written(l *lab) {
	s := newSeries(l, l.users(1)[0])
	var calls atomic.Int32
	wrote := make(chan struct{})
	var allow func()
	handler := func(ctx context.Context, e domain.Event) error {
		switch calls.Add(1) {
		case 1:
			allow = s.db.Refuse(l.T, s.user)
		case 3:
			allow()
		}
		err := s.handler.Handle(ctx, e)
		switch n := calls.Load(); {
		case n < 3 && err == nil:
			l.Error("the refused transaction was none")
		case n < 3:
			if made := s.created(); len(made) != 1 {
				l.Errorf("the failing handler left %d events", len(made)-1)
			}
		case n == 3 && err == nil: // it wrote; the process dies before anybody notes it
			close(wrote)
			<-ctx.Done()
			return ctx.Err()
		}
		return err
	}
	dying := l.process(handler)
	s.complete()
	select {
	case <-wrote:
	case <-time.After(l.m.Transport.Patience):
		l.Fatal("the handler did not write")
	}
	dying.Kill(l.T)
	if made := s.created(); len(made) != 2 {
		l.Errorf("the dead left %d events", len(made)-1)
	}
	l.process(handler)
	l.await("the event was handled again and is done", func() bool { return len(l.effects) == 1 })
	s.awaitOneNext()
	if n := len(l.letters()); n != 0 {
		l.Errorf("%d dead letters", n)
	}
}

// oneNext: however many handle one completion, however often.
func oneNext(l *lab) {
	s := newSeries(l, l.users(1)[0])
	both := make(chan struct{}, 64)
	handler := func(ctx context.Context, e domain.Event) error {
		errs := make(chan error, 2)
		for range 2 { // two at once, as after a rebalance
			go func() { errs <- s.handler.Handle(ctx, e) }()
		}
		err := errors.Join(<-errs, <-errs)
		both <- struct{}{}
		return err
	}
	l.process(handler)
	s.complete()
	s.awaitOneNext()
	events, _, err := s.db.Streams.After(l.Context(), s.user, 0, 100)
	if err != nil {
		l.Fatal(err)
	}
	done := events[slices.IndexFunc(events, func(e domain.Event) bool { return e.Type == domain.TaskCompletedV1 })]
	for range 3 { // published again: the relay died before it could note it
		l.relay([]domain.Event{done})()
	}
	if _, err := s.service.Toggle(l.Context(), s.user, s.first.ID, nil); err != nil { // reopened
		l.Fatal(err)
	}
	s.complete() // and completed again: another event
	l.await("both completions were handled", func() bool { return len(l.effects) == 2 })
	s.awaitOneNext()
	if n := len(both); n != 2 {
		l.Errorf("the handler was called %d times, want once for each completion", n)
	}
}
