package reminders_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/test/contract/schema"
)

func TestAReminderIsSentAtItsTime(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		w.remind("u", "Milk", 90*time.Second)
		w.start()
		w.pass(89 * time.Second)
		w.sentAt("u")
		w.pass(2 * time.Minute)
		w.sentAt("u", 90*time.Second)
	})
}

func TestAReminderThatIsSetLaterForSoonerWakes(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		w.start()
		w.pass(time.Second)
		w.remind("u", "later", time.Hour)
		w.pass(2 * time.Second)
		w.remind("u", "sooner", 3*time.Second)
		w.pass(4 * time.Second)
		w.sentAt("u", 3*time.Second)
		w.pass(2 * time.Hour)
		w.sentAt("u", 3*time.Second, time.Hour)
	})
}

func TestWhatWasDueWhileNobodyLookedIsSentAtTheStartWithHowLateItIs(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		id := w.remind("u", `A "title" é`, time.Minute)
		w.pass(time.Hour)
		w.start()
		w.pass(time.Hour + time.Second)
		w.sentAt("u", time.Hour)
		events, payloads := w.sent("u")
		p, e := payloads[0], events[0]
		if p.LateBy < 3540 || p.LateBy > 3541 || p.TaskID != id.String() || p.Title != `A "title" é` || p.Message != `Reminder: A "title" é` || p.DueDate != nil {
			t.Errorf("%+v", p)
		}
		if e.Source != domain.NotificationService || e.Subject != id.String() || e.CorrelationID != e.ID.String() || e.TraceParent != "" {
			t.Errorf("%+v", e)
		}
		notes, _ := w.store.List(t.Context(), "u", domain.NotificationQuery{Limit: 10})
		n := notes[0]
		if n.ID.String() != p.NotificationID || n.Message != p.Message || n.TaskID != id || n.Type != "reminder" || n.Read || n.UserID != "u" || n.ID.Version() != 7 {
			t.Errorf("%+v", n)
		}
		task, err := w.users.Get(t.Context(), "u", id)
		if err != nil || !task.ReminderSent || task.Version != 2 {
			t.Errorf("%+v, %v", task, err)
		}
	})
}

func TestAReminderInThePastIsSentAtOnce(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		w.start()
		w.pass(time.Second)
		w.remind("u", "created in the past", -24*time.Hour)
		w.pass(2 * time.Second)
		w.sentAt("u", time.Second)
		if _, p := w.sent("u"); p[0].LateBy < 86400 || p[0].LateBy > 86402 {
			t.Errorf("late by %f s", p[0].LateBy)
		}
	})
}

func TestWhatHappensToTheTaskDecides(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		completed, deleted, moved, earlier, off, reopened := w.remind("completed", "t", time.Minute), w.remind("deleted", "t", time.Minute),
			w.remind("moved", "t", time.Minute), w.remind("earlier", "t", time.Hour), w.remind("off", "t", time.Minute), w.remind("reopened", "t", time.Minute)
		w.start()
		w.pass(time.Second)
		must := func(_ domain.Task, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(w.users.Toggle(t.Context(), "completed", completed, nil))
		must(w.users.Toggle(t.Context(), "reopened", reopened, nil))
		must(domain.Task{}, w.users.Delete(t.Context(), "deleted", deleted, nil))
		w.move("moved", moved, 10*time.Minute)
		w.move("earlier", earlier, 2*time.Second)
		must(w.users.Update(t.Context(), "off", off, tasks.Input{ReminderAt: tasks.Null[time.Time]()}, nil))
		w.pass(2 * time.Minute)
		must(w.users.Toggle(t.Context(), "reopened", reopened, nil))
		w.pass(time.Hour)
		w.sentAt("completed")
		w.sentAt("deleted")
		w.sentAt("off")
		w.sentAt("moved", 10*time.Minute)
		w.sentAt("earlier", 2*time.Second)
		w.sentAt("reopened", 2*time.Minute)
	})
}

func TestAReminderThatIsMovedAfterItWasSentIsSentAgain(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		id := w.remind("u", "t", time.Minute)
		w.start()
		w.pass(2 * time.Minute)
		w.move("u", id, 5*time.Minute)
		w.pass(6 * time.Minute)
		w.sentAt("u", time.Minute, 5*time.Minute)
		w.move("u", id, time.Minute) // the user was reminded of this already
		w.pass(7 * time.Minute)
		w.sentAt("u", time.Minute, 5*time.Minute)
		task, err := w.users.Get(t.Context(), "u", id)
		if err != nil || !task.ReminderSent {
			t.Errorf("%+v, %v", task, err)
		}
		// A version without an event would stay unseen on the user's other devices.
		events, _, err := w.tasks.After(t.Context(), "u", 0, 100)
		if err != nil || int64(len(events)) != task.Version {
			t.Fatalf("%d events for version %d, %v", len(events), task.Version, err)
		}
		last := events[len(events)-1]
		if err := schema.Event(last); err != nil {
			t.Error(err)
		}
		want := `{"task_id":"` + id.String() + `","title":"t","changes":{"reminder_sent":{"old":false,"new":true}}}`
		if string(last.Data) != want || last.Type != domain.TaskUpdatedV1 || last.Source != domain.BackendAPI || last.Subject != id.String() {
			t.Errorf("%+v with %s", last, last.Data)
		}
	})
}

// skewed is a clock that is wrong.
type skewed struct {
	memory.Clock
	by time.Duration
}

func (c skewed) Now() time.Time { return c.Clock.Now().Add(c.by) }

func TestFiveReplicasWithWrongClocksSendEachOnceAndInTime(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		const n = 300
		for i := range n {
			w.remind(fmt.Sprint("u", i), "t", time.Duration(i%3)*time.Minute)
		}
		for i := range 5 {
			by := time.Duration(i-2) * 15 * time.Second
			w.run(w.store, skewed{by: by}, reminders.Options{Batch: 16})
		}
		w.pass(5 * time.Minute)
		for i := range n {
			w.sentAt(fmt.Sprint("u", i), time.Duration(i%3)*time.Minute)
		}
	})
}

func TestATickFindsWhatASignalWasLostFor(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		s := w.run(&between{ReminderStore: w.store, wake: make(chan struct{})}, memory.Clock{}, reminders.Options{})
		w.pass(time.Second)
		w.remind("u", "before the tick", 2*time.Second)
		w.remind("u", "after the tick", 90*time.Second)
		w.pass(time.Minute)
		w.sentAt("u")
		for range 3 {
			s.Tick()
		}
		w.pass(2 * time.Minute)
		w.sentAt("u", time.Minute, 90*time.Second)
	})
}

func TestAnIdleServiceDoesNotLook(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		store := &between{ReminderStore: w.store}
		w.run(store, memory.Clock{}, reminders.Options{})
		if _, err := w.users.Create(t.Context(), "u", tasks.Input{
			Title: tasks.Some("t"), Priority: tasks.Some("low"), Category: tasks.Some("home"),
			ReminderAt: tasks.Some(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)),
		}); err != nil {
			t.Fatal(err)
		}
		w.pass(1000 * time.Hour)
		if n := store.looked(); n > 2 {
			t.Errorf("it looked %d times", n)
		}
	})
}

func TestManyWakeUpsShareALook(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		store := &between{ReminderStore: w.store}
		w.run(store, memory.Clock{}, reminders.Options{})
		for i := range 1000 {
			w.pass(time.Duration(i) * time.Millisecond)
			w.remind("u", "t", time.Hour)
		}
		if n := store.looked(); n > 110 {
			t.Errorf("it looked %d times in a second", n)
		}
	})
}

func TestAReminderIsNotSentOfAStateThatIsGone(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		id := w.remind("u", "old title", time.Second)
		edited := false
		store := &between{ReminderStore: w.store}
		store.send = func(ctx context.Context, r domain.DueReminder, send func() error) error {
			if !edited { // between read and write
				edited = true
				if _, err := w.users.Update(ctx, "u", id, tasks.Input{Title: tasks.Some("new title")}, nil); err != nil {
					return err
				}
			}
			return send()
		}
		w.run(store, memory.Clock{}, reminders.Options{})
		w.pass(10 * time.Second)
		w.sentAt("u", time.Second)
		if _, p := w.sent("u"); p[0].Title != "new title" {
			t.Errorf("%+v", p)
		}
	})
}
