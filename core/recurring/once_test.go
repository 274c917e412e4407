package recurring_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/recurring"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/ports"
)

func TestThereIsOneNextOccurrenceWhateverHappens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create("daily", "2026-11-24 10:00")
	done := w.complete(task.ID)
	var wg sync.WaitGroup
	for range 16 { // delivered again, to many at once
		wg.Go(func() {
			if err := w.Handle(t.Context(), done); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	next := w.next(task.ID)
	if _, err := w.user.Toggle(t.Context(), user, task.ID, nil); err != nil { // reopened
		t.Fatal(err)
	}
	w.handle(done)
	w.clock.at = w.clock.at.AddDate(0, 0, 5)
	again := w.complete(task.ID)
	w.handle(again)
	w.handle(done)
	if now := w.next(task.ID); now.ID != next.ID || w.shown(now.DueDate) != "2026-11-25 10:00" {
		t.Errorf("%s due %s, was %s", now.ID, w.shown(now.DueDate), next.ID)
	}
}

func TestADeletedOccurrenceDoesNotComeBackByAnotherDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create("daily", "2026-11-24 10:00")
	done := w.complete(task.ID)
	w.handle(done)
	first := w.next(task.ID)
	if err := w.user.Delete(t.Context(), user, first.ID, nil); err != nil {
		t.Fatal(err)
	}
	w.handle(done)
	if all := w.nexts(task.ID); len(all) != 0 {
		t.Fatalf("it came back: %+v", all)
	}
	if _, err := w.user.Toggle(t.Context(), user, task.ID, nil); err != nil { // reopened
		t.Fatal(err)
	}
	w.handle(w.complete(task.ID)) // the series goes on
	if second := w.next(task.ID); second.ID == first.ID || w.shown(second.DueDate) != w.shown(first.DueDate) {
		t.Errorf("the occurrence after the second completion is %+v", second)
	}
}

// The service may be away between a completion and its handling, and meanwhile the
// user completes again, and deletes what the first completion led to.
func TestADeletedOccurrenceDoesNotComeBackByACompletionBeforeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create("daily", "2026-11-24 10:00")
	w.handle(w.complete(task.ID))
	if _, err := w.user.Toggle(t.Context(), user, task.ID, nil); err != nil { // reopened
		t.Fatal(err)
	}
	again := w.complete(task.ID)
	if err := w.user.Delete(t.Context(), user, w.next(task.ID).ID, nil); err != nil {
		t.Fatal(err)
	}
	w.handle(again)
	if all := w.nexts(task.ID); len(all) != 0 {
		t.Fatalf("it came back: %+v", all)
	}
}

func TestAReopenedTaskHasItsNextOccurrenceAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create("daily", "2026-11-24 10:00")
	done := w.complete(task.ID)
	if _, err := w.user.Toggle(t.Context(), user, task.ID, nil); err != nil {
		t.Fatal(err)
	}
	w.handle(done)
	if next := w.next(task.ID); w.shown(next.DueDate) != "2026-11-25 10:00" {
		t.Error(w.shown(next.DueDate))
	}
}

func TestTheCompletionCountsAndNotWhenItIsHandled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create("daily", "2026-11-24 10:00")
	done := w.complete(task.ID)
	w.clock.at = w.clock.at.AddDate(0, 0, 7) // nobody was there
	w.handle(done)
	if next := w.next(task.ID); w.shown(next.DueDate) != "2026-11-25 10:00" {
		t.Error(w.shown(next.DueDate))
	}
}

func TestADeletedTaskGoesOnFromItsLastState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create("monthly", "2026-10-31 10:00", func(in *tasks.Input) { in.Tags = tasks.Some([]string{"green"}) })
	w.clock.at = w.time("2026-10-31 11:00")
	w.handle(w.complete(task.ID))
	second := w.next(task.ID)
	w.clock.at = w.time("2026-11-30 11:00")
	done := w.complete(second.ID)
	w.update(second.ID, tasks.Input{Title: tasks.Some("Water them all")})
	for range 450 { // pages of events of others
		w.create("", "")
	}
	if err := w.user.Delete(t.Context(), user, second.ID, nil); err != nil {
		t.Fatal(err)
	}
	w.create("", "")
	w.handle(done)
	third := w.next(second.ID)
	if w.shown(third.DueDate) != "2026-12-31 10:00" || third.Title != "Water them all" || *third.ParentTaskID != task.ID || third.Tags[0] != "green" || third.Completed {
		t.Errorf("%s: %+v", w.shown(third.DueDate), third)
	}
	w.handle(done)
	w.next(second.ID)
}

func TestWhatIsNowhereAnyMoreHasNoNextOccurrence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create("daily", "2026-11-24 10:00")
	done := w.complete(task.ID)
	erased := newWorld(t)
	erased.handle(done)
	if n := len(erased.events()); n != 0 {
		t.Errorf("%d events", n)
	}
}

func TestAUserErasedMeanwhileHasNoNextOccurrence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create("daily", "2026-11-24 10:00")
	done := w.complete(task.ID)
	f := failing{Store: w.store, EventStream: w.store, create: domain.Gone("the user had the event erased")}
	if err := w.with(f, f).Handle(t.Context(), done); err != nil {
		t.Error(err) // done, and never tried again
	}
	if n := len(w.nexts(task.ID)); n != 0 {
		t.Errorf("%d next occurrences", n)
	}
}

func TestWhatDoesNotRecurIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	never := w.create("", "2026-11-24 10:00")
	done := w.complete(never.ID)
	w.update(never.ID, tasks.Input{RecurringRule: tasks.Some("daily")}) // after it was completed
	s := w.with(untouchable{w}, w.store)
	if err := s.Handle(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	stopped := w.create("daily", "2026-11-24 10:00")
	done = w.complete(stopped.ID)
	w.update(stopped.ID, tasks.Input{RecurringRule: tasks.Null[string]()})
	w.handle(done)
	if n := len(w.nexts(never.ID)) + len(w.nexts(stopped.ID)); n != 0 {
		t.Errorf("%d next occurrences", n)
	}
}

// untouchable fails the test when it is asked anything.
type untouchable struct{ *world }

func (u untouchable) unasked() error { u.Error("the store was asked"); return errors.New("asked") }

func (u untouchable) Get(context.Context, string, uuid.UUID) (domain.Task, error) {
	return domain.Task{}, u.unasked()
}

func (u untouchable) Create(context.Context, domain.Task, domain.Event) (int64, error) {
	return 0, u.unasked()
}

func (u untouchable) CreateCaused(context.Context, int64, domain.Task, domain.Event) (int64, error) {
	return 0, u.unasked()
}

func (u untouchable) List(context.Context, string, domain.TaskQuery) (domain.TaskList, error) {
	return domain.TaskList{}, u.unasked()
}

func (u untouchable) Update(context.Context, domain.Task, domain.Event) (int64, error) {
	return 0, u.unasked()
}

func (u untouchable) Delete(context.Context, string, uuid.UUID, int64, domain.Event) (int64, error) {
	return 0, u.unasked()
}

func TestBadEventsAndOldDataAreRefusedForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	completed := func(data string) domain.Event {
		return domain.Event{ID: uuid.New(), Type: domain.TaskCompletedV1, UserID: user, Time: w.clock.at, Data: json.RawMessage(data)}
	}
	stored := func(change func(*domain.Task)) domain.Event {
		task := w.create("daily", "2026-11-24 10:00")
		done := w.complete(task.ID)
		task, err := w.store.Get(t.Context(), user, task.ID)
		if err != nil {
			t.Fatal(err)
		}
		change(&task)
		task.Version++
		if _, err := w.store.Update(t.Context(), task, domain.Event{Type: domain.TaskUpdatedV1}); err != nil {
			t.Fatal(err)
		}
		return done
	}
	deleted := uuid.New()
	if _, err := w.store.Create(t.Context(), domain.Task{UserID: user, ID: uuid.New()}, domain.Event{
		Type: domain.TaskDeletedV1, UserID: user, Subject: deleted.String(), Data: json.RawMessage(`{"task_id":"` + deleted.String() + `","title":"no more"}`),
	}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		e    domain.Event
		kind domain.Kind
		says string
	}{
		"another type":      {domain.Event{Type: domain.TaskCreatedV1, Data: json.RawMessage(`{}`)}, domain.KindPermanent, "completes no task"},
		"no JSON":           {completed(`{`), domain.KindMalformed, "can't be read"},
		"wrong types":       {completed(`{"task_id":7}`), domain.KindMalformed, "can't be read"},
		"no id":             {completed(`{"recurring_rule":"daily"}`), domain.KindMalformed, "no task_id"},
		"unreadable rule":   {stored(func(t *domain.Task) { t.RecurringRule = text("FREQ=SECONDLY") }), domain.KindPermanent, "FREQ=SECONDLY"},
		"unknown zone":      {stored(func(t *domain.Task) { t.TimeZone = "Europe/Atlantis" }), domain.KindPermanent, "time zone"},
		"half of a deleted": {completed(`{"task_id":"` + deleted.String() + `","recurring_rule":"daily"}`), domain.KindMalformed, "no whole task"},
	} {
		err := w.Handle(t.Context(), c.e)
		if domain.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func text(s string) *string { return &s }

// failing is a store and stream of which one method is down.
type failing struct {
	recurring.Store
	ports.EventStream
	get, create, after error
	of                 uuid.UUID // the task that get is about; zero: each
}

func (f failing) Get(ctx context.Context, user string, id uuid.UUID) (domain.Task, error) {
	if f.get != nil && (f.of == uuid.Nil || f.of == id) {
		return domain.Task{}, f.get
	}
	return f.Store.Get(ctx, user, id)
}

func (f failing) CreateCaused(ctx context.Context, cause int64, t domain.Task, e domain.Event) (int64, error) {
	if f.create != nil {
		return 0, f.create
	}
	return f.Store.CreateCaused(ctx, cause, t, e)
}

func (f failing) After(ctx context.Context, user string, position int64, limit int) ([]domain.Event, domain.Position, error) {
	if f.after != nil {
		return nil, domain.Position{}, f.after
	}
	return f.EventStream.After(ctx, user, position, limit)
}

func TestAnOutageIsPassedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	down := domain.Unavailable("postgres", errors.New("gone"))
	kept, gone := w.create("daily", "2026-11-24 10:00"), w.create("daily", "2026-11-24 10:00")
	doneKept, doneGone := w.complete(kept.ID), w.complete(gone.ID)
	if err := w.user.Delete(t.Context(), user, gone.ID, nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		f failing
		e domain.Event
	}{
		"reading the task":   {failing{get: down}, doneKept},
		"storing the next":   {failing{create: down}, doneKept},
		"reading the stream": {failing{after: down}, doneGone},
	} {
		c.f.Store, c.f.EventStream = w.store, w.store
		if err := w.with(c.f, c.f).Handle(t.Context(), c.e); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	at := tasks.Some(w.time("2027-03-27 02:30"))
	first := w.create("daily", "2027-03-27 10:00", func(in *tasks.Input) { in.ReminderAt = at })
	w.handle(w.complete(first.ID))
	moved := w.complete(w.next(first.ID).ID) // its reminder was in the gap: the one before is asked
	f := failing{Store: w.store, EventStream: w.store, get: down, of: first.ID}
	if err := w.with(f, f).Handle(t.Context(), moved); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("reading the one before: %v", err)
	}
	w.handle(doneKept) // and afterwards it is done
	w.handle(doneGone)
	w.next(kept.ID)
	w.next(gone.ID)
}
