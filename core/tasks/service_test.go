package tasks_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/contract/schema"
)

var start = time.Date(2026, 2, 4, 10, 0, 0, 123456789, time.UTC)

// manual is a clock that a test sets.
type manual struct {
	mu sync.Mutex
	at time.Time
}

func (c *manual) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *manual) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

func (c *manual) Wait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

type world struct {
	*tasks.Service
	store *memory.Tasks
	clock *manual
	t     *testing.T
}

func newWorld(t *testing.T) *world {
	w := &world{store: memory.NewTasks(), clock: &manual{at: start}, t: t}
	w.Service = tasks.New(w.store, w.clock, tasks.NewIDs())
	return w
}

// minimal is an input with what is required.
func minimal() tasks.Input {
	return tasks.Input{Title: tasks.Some("Buy milk"), Priority: tasks.Some("high"), Category: tasks.Some("home")}
}

func (w *world) create(in tasks.Input) domain.Task {
	w.t.Helper()
	task, err := w.Create(w.t.Context(), "u1", in)
	if err != nil {
		w.t.Fatal(err)
	}
	return task
}

func (w *world) events() []domain.Event {
	w.t.Helper()
	events, _, err := w.store.After(w.t.Context(), "u1", 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range events {
		if err := schema.Event(e); err != nil {
			w.t.Error(err)
		}
	}
	return events
}

func (w *world) last() domain.Event {
	w.t.Helper()
	events := w.events()
	return events[len(events)-1]
}

func sameJSON(t *testing.T, got json.RawMessage, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(g)
	b, _ := json.Marshal(w)
	if string(a) != string(b) {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

func TestACreatedTaskIsStoredWithItsEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := domain.WithRequest(t.Context(), "request-1", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	in := minimal()
	in.Title = tasks.Some("  Buy \"milk\"\t")
	in.Tags = tasks.Some([]string{" Shop ", "SHOP", "", "food"})
	in.DueDate = tasks.Some(time.Date(2026, 2, 5, 1, 0, 0, 999, time.FixedZone("", 7200)))
	task, err := w.Create(ctx, "u1", in)
	if err != nil {
		t.Fatal(err)
	}
	if task.Version != 1 || task.ID.Version() != 7 || task.Title != `Buy "milk"` || task.TimeZone != "UTC" ||
		!task.CreatedAt.Equal(start.Truncate(time.Microsecond)) || task.DueDate.Format(time.RFC3339Nano) != "2026-02-04T23:00:00Z" {
		t.Errorf("%+v", task)
	}
	stored, err := w.Get(t.Context(), "u1", task.ID)
	if err != nil || string(tasks.FullPayload(&stored)) != string(tasks.FullPayload(&task)) {
		t.Errorf("stored %+v, %v", stored, err)
	}
	e := w.last()
	if e.Type != domain.TaskCreatedV1 || e.ID.Version() != 4 || e.UserID != "u1" || e.CorrelationID != "request-1" || e.Source != domain.BackendAPI ||
		e.Subject != task.ID.String() || e.TraceParent == "" || !e.Time.Equal(task.CreatedAt) || e.Position != 1 {
		t.Errorf("%+v", e)
	}
	sameJSON(t, e.Data, `{"task_id":"`+task.ID.String()+`","title":"Buy \"milk\"","description":null,"priority":"high","category":"home",
		"status":"pending","completed":false,"due_date":"2026-02-04T23:00:00.000000Z","recurring_rule":null,"recurring_end_date":null,
		"parent_task_id":null,"previous_task_id":null,"series_start":null,"series_index":0,"reminder_at":null,"reminder_sent":false,"tags":["shop","food"],"time_zone":"UTC",
		"version":1,"created_at":"2026-02-04T10:00:00.123456Z","updated_at":"2026-02-04T10:00:00.123456Z"}`)
}

func TestTheCorrelationIDIsTheEventsOwnWhereThereIsNoRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(minimal())
	if e := w.last(); e.CorrelationID != e.ID.String() {
		t.Errorf("%+v", e)
	}
}

func TestAnUpdateChangesOnlyWhatIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := minimal()
	in.Description, in.RecurringRule = tasks.Some("two litres"), tasks.Some("daily")
	old := w.create(in)
	w.clock.set(start.Add(time.Second))
	task, err := w.Update(t.Context(), "u1", old.ID, tasks.Input{Title: tasks.Some("Buy bread"), Description: tasks.Null[string]()}, nil)
	if err != nil || task.Version != 2 || task.Title != "Buy bread" || task.Description != nil || *task.RecurringRule != "daily" ||
		!task.UpdatedAt.After(old.UpdatedAt) || !task.CreatedAt.Equal(old.CreatedAt) {
		t.Fatalf("%+v, %v", task, err)
	}
	e := w.last()
	if e.Type != domain.TaskUpdatedV1 || !e.Time.Equal(task.UpdatedAt) {
		t.Errorf("%+v", e)
	}
	sameJSON(t, e.Data, `{"task_id":"`+task.ID.String()+`","title":"Buy bread","changes":{
		"title":{"old":"Buy milk","new":"Buy bread"},"description":{"old":"two litres","new":null}}}`)
}

func TestAnUpdateOfEveryFieldTellsEveryChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.create(minimal())
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	_, err := w.Update(t.Context(), "u1", old.ID, tasks.Input{
		Title: tasks.Some("a"), Description: tasks.Some(""), Priority: tasks.Some("LOW"), Category: tasks.Some("Work"),
		DueDate: tasks.Some(at), RecurringRule: tasks.Some("RRULE:freq=weekly;byday=mo"), RecurringEndDate: tasks.Some(at), ReminderAt: tasks.Some(at),
		Tags: tasks.Some([]string{"x"}), TimeZone: tasks.Some("Europe/Berlin"),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, w.last().Data, `{"task_id":"`+old.ID.String()+`","title":"a","changes":{
		"title":{"old":"Buy milk","new":"a"},"description":{"old":null,"new":""},"priority":{"old":"high","new":"low"},"category":{"old":"home","new":"work"},
		"due_date":{"old":null,"new":"2026-03-01T00:00:00.000000Z"},"recurring_rule":{"old":null,"new":"FREQ=WEEKLY;BYDAY=MO"},
		"recurring_end_date":{"old":null,"new":"2026-03-01T00:00:00.000000Z"},"reminder_at":{"old":null,"new":"2026-03-01T00:00:00.000000Z"},
		"tags":{"old":[],"new":["x"]},"time_zone":{"old":"UTC","new":"Europe/Berlin"}}}`)
}

func TestAnUpdateThatChangesNothingMakesNoEventAndNoVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := minimal()
	in.Tags, in.DueDate = tasks.Some([]string{"a"}), tasks.Some(start)
	old := w.create(in)
	in.Title = tasks.Some("  Buy milk ")
	for _, again := range []tasks.Input{in, {}, {Description: tasks.Null[string](), TimeZone: tasks.Some(""), RecurringRule: tasks.Some("")}} {
		task, err := w.Update(t.Context(), "u1", old.ID, again, nil)
		if err != nil || task.Version != 1 || !task.UpdatedAt.Equal(old.UpdatedAt) || len(w.events()) != 1 {
			t.Errorf("%+v, %v, %d events", task, err, len(w.events()))
		}
	}
}

func TestANewReminderIsDueAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := minimal()
	in.ReminderAt = tasks.Some(start)
	task := w.create(in)
	sent := task
	sent.ReminderSent, sent.Version = true, 2
	if _, err := w.store.Update(t.Context(), sent, schema.Sample("u1", 2)); err != nil {
		t.Fatal(err)
	}
	task, err := w.Update(t.Context(), "u1", task.ID, tasks.Input{Title: tasks.Some("x"), ReminderAt: tasks.Some(start)}, nil)
	if err != nil || !task.ReminderSent {
		t.Errorf("the same reminder: %+v, %v", task, err)
	}
	task, err = w.Update(t.Context(), "u1", task.ID, tasks.Input{ReminderAt: tasks.Some(start.Add(time.Hour))}, nil)
	if err != nil || task.ReminderSent || !strings.Contains(string(w.last().Data), `"reminder_sent":{"old":true,"new":false}`) {
		t.Errorf("a new reminder: %+v, %v, %s", task, err, w.last().Data)
	}
}

func TestToggleCompletesAndReopens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := minimal()
	in.RecurringRule, in.DueDate = tasks.Some("Weekly"), tasks.Some(start)
	old := w.create(in)
	task, err := w.Toggle(t.Context(), "u1", old.ID, nil)
	if err != nil || !task.Completed || task.Status() != "completed" || task.Version != 2 {
		t.Fatalf("%+v, %v", task, err)
	}
	if e := w.last(); e.Type != domain.TaskCompletedV1 {
		t.Errorf("%+v", e)
	}
	sameJSON(t, w.last().Data, `{"task_id":"`+old.ID.String()+`","title":"Buy milk","recurring_rule":"weekly","completed":true,"due_date":"2026-02-04T10:00:00.123456Z"}`)
	task, err = w.Toggle(t.Context(), "u1", old.ID, nil)
	if err != nil || task.Completed || w.last().Type != domain.TaskUpdatedV1 {
		t.Fatalf("%+v, %v", task, err)
	}
	sameJSON(t, w.last().Data, `{"task_id":"`+old.ID.String()+`","title":"Buy milk","changes":{
		"completed":{"old":true,"new":false},"status":{"old":"completed","new":"pending"}}}`)
}

func TestDeleteTellsTheLastState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create(minimal())
	w.clock.set(start.Add(time.Minute))
	if err := w.Delete(t.Context(), "u1", task.ID, nil); err != nil {
		t.Fatal(err)
	}
	e := w.last()
	if e.Type != domain.TaskDeletedV1 || string(e.Data) != string(tasks.FullPayload(&task)) || !e.Time.Equal(start.Add(time.Minute).Truncate(time.Microsecond)) {
		t.Errorf("%+v", e)
	}
	if err := w.Delete(t.Context(), "u1", task.ID, nil); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("%v, want not found", err)
	}
}

func TestAnotherUsersTaskIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create(minimal())
	_, get := w.Get(t.Context(), "u2", task.ID)
	_, update := w.Update(t.Context(), "u2", task.ID, tasks.Input{Title: tasks.Some("x")}, nil)
	_, toggle := w.Toggle(t.Context(), "u2", task.ID, nil)
	for name, err := range map[string]error{"get": get, "update": update, "toggle": toggle, "delete": w.Delete(t.Context(), "u2", task.ID, nil)} {
		if !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAMatchIsOnVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create(minimal())
	for _, c := range []struct {
		match tasks.Match
		want  error
	}{
		{tasks.Match{}, domain.ErrPreconditionFailed},
		{tasks.Match{2}, domain.ErrPreconditionFailed},
		{tasks.Match{7, 1}, nil},
		{tasks.Match{1}, domain.ErrPreconditionFailed}, // it has version 2 now
	} {
		_, err := w.Toggle(t.Context(), "u1", task.ID, c.match)
		if !errors.Is(err, c.want) {
			t.Errorf("%v: %v, want %v", c.match, err, c.want)
		}
	}
	if err := w.Delete(t.Context(), "u1", task.ID, tasks.Match{1}); !errors.Is(err, domain.ErrPreconditionFailed) {
		t.Errorf("delete: %v", err)
	}
}

func TestConcurrentChangesAreAllMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create(minimal())
	var all sync.WaitGroup
	for range 4 { // each may lose to each other once
		all.Go(func() {
			if _, err := w.Toggle(t.Context(), "u1", task.ID, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	task, err := w.Get(t.Context(), "u1", task.ID)
	if err != nil || task.Version != 5 || task.Completed || len(w.events()) != 5 {
		t.Errorf("%+v, %v, %d events", task, err, len(w.events()))
	}
}

// contended is a store where somebody else is always faster.
type contended struct{ ports.TaskStore }

func (contended) Update(context.Context, domain.Task, domain.Event) (int64, error) {
	return 0, domain.Conflict("version")
}

func TestEndlessContentionIsAConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create(minimal())
	s := tasks.New(contended{w.store}, w.clock, tasks.NewIDs())
	if _, err := s.Toggle(t.Context(), "u1", task.ID, nil); !errors.Is(err, domain.ErrConflict) {
		t.Errorf("%v", err)
	}
}

func TestAClockThatGoesBackMakesNoTaskOlder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create(minimal())
	w.clock.set(start.Add(-time.Hour))
	task2, err := w.Toggle(t.Context(), "u1", task.ID, nil)
	if err != nil || task2.UpdatedAt.Before(task.UpdatedAt) {
		t.Errorf("%v, %v", task2.UpdatedAt, err)
	}
}

// discard stores nothing, to measure what is before the store.
type discard struct{ ports.TaskStore }

func (discard) Create(context.Context, domain.Task, domain.Event) (int64, error) { return 1, nil }
