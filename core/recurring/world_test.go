package recurring_test

import (
	"context"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/recurring"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/ports"
)

const user = "u1"

// manual is a clock that the test sets.
type manual struct{ at time.Time }

func (m *manual) Now() time.Time                                  { return m.at }
func (m *manual) Wait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// world is a user, who works with core/tasks, and the use case beside it.
type world struct {
	*testing.T
	clock *manual
	store *memory.Tasks
	user  *tasks.Service
	*recurring.Service
}

func newWorld(t *testing.T) *world { return worldOn(t, memory.NewTasks()) }

func worldOn(t *testing.T, store *memory.Tasks) *world {
	w := &world{T: t, clock: &manual{time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}, store: store}
	w.user = tasks.New(store, w.clock, tasks.NewIDs())
	w.Service = w.with(store, store)
	return w
}

func (w *world) with(store recurring.Store, stream ports.EventStream) *recurring.Service {
	return recurring.New(store, stream, w.clock, tasks.NewIDs())
}

func (w *world) create(rule, due string, set ...func(*tasks.Input)) domain.Task {
	w.Helper()
	in := tasks.Input{
		Title: tasks.Some("Water the plants"), Priority: tasks.Some("high"), Category: tasks.Some("home"),
		RecurringRule: tasks.Some(rule), TimeZone: tasks.Some("Europe/Berlin"),
	}
	if due != "" {
		in.DueDate = tasks.Some(w.time(due))
	}
	for _, f := range set {
		f(&in)
	}
	t, err := w.user.Create(w.Context(), user, in)
	if err != nil {
		w.Fatal(err)
	}
	return t
}

// time reads a local time in Berlin.
func (w *world) time(s string) time.Time {
	w.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		w.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	if err != nil {
		w.Fatal(err)
	}
	return at.UTC()
}

func (w *world) shown(t *time.Time) string {
	if t == nil {
		return "none"
	}
	return t.In(func() *time.Location { l, _ := time.LoadLocation("Europe/Berlin"); return l }()).Format("2006-01-02 15:04")
}

// complete completes a task and returns the event.
func (w *world) complete(id uuid.UUID) domain.Event {
	w.Helper()
	ctx := domain.WithRequest(w.Context(), "request-7", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if _, err := w.user.Toggle(ctx, user, id, nil); err != nil {
		w.Fatal(err)
	}
	return w.last(domain.TaskCompletedV1)
}

func (w *world) update(id uuid.UUID, in tasks.Input) {
	w.Helper()
	if _, err := w.user.Update(w.Context(), user, id, in, nil); err != nil {
		w.Fatal(err)
	}
}

func (w *world) handle(e domain.Event) {
	w.Helper()
	if err := w.Handle(w.Context(), e); err != nil {
		w.Fatal(err)
	}
}

func (w *world) events() []domain.Event {
	w.Helper()
	all, _, err := w.store.After(w.Context(), user, 0, 100_000)
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func (w *world) last(kind domain.EventType) (e domain.Event) {
	for _, each := range w.events() {
		if each.Type == kind {
			e = each
		}
	}
	return e
}

// nexts are the occurrences after a task.
func (w *world) nexts(id uuid.UUID) (out []domain.Task) {
	w.Helper()
	l, err := w.store.List(w.Context(), user, domain.TaskQuery{})
	if err != nil {
		w.Fatal(err)
	}
	for _, t := range l.Tasks {
		if t.PreviousTaskID != nil && *t.PreviousTaskID == id {
			out = append(out, t)
		}
	}
	return out
}

func (w *world) next(id uuid.UUID) domain.Task {
	w.Helper()
	all := w.nexts(id)
	if len(all) != 1 {
		w.Fatalf("%d next occurrences", len(all))
	}
	return all[0]
}

// run completes one occurrence after the other at its due date (or after the
// given lateness) and returns the due dates that follow.
func (w *world) run(t domain.Task, n int, late time.Duration) string {
	w.Helper()
	var out []string
	for range n {
		if t.DueDate != nil {
			w.clock.at = t.DueDate.Add(late)
		}
		w.handle(w.complete(t.ID))
		if len(w.nexts(t.ID)) == 0 {
			out = append(out, "end")
			break
		}
		t = w.next(t.ID)
		out = append(out, w.shown(t.DueDate))
	}
	return strings.Join(out, ", ")
}
