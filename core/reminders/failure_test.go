package reminders_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
)

var errAway = domain.Unavailable("database", errors.New("connection refused"))

// TestWhoHasNeverLookedIsNotReady: a service that may not read what is due must not take the place of one that may.
func TestWhoHasNeverLookedIsNotReady(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		var down atomic.Bool
		down.Store(true)
		store := &between{ReminderStore: w.store, due: func() error {
			if down.Load() {
				return errAway
			}
			return nil
		}}
		if err := reminders.New(store, memory.Clock{}, slog.New(slog.DiscardHandler), reminders.Options{}).Ready(t.Context()); err == nil {
			t.Error("it is ready before it runs")
		}
		s := w.run(store, memory.Clock{}, reminders.Options{})
		w.pass(time.Minute)
		if err := s.Ready(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("ready without a look: %v", err)
		}
		down.Store(false)
		w.pass(66 * time.Second)
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("nothing is due, and it has looked: %v", err)
		}
	})
}

func TestAnOutageIsShownAndOutlasted(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		var down atomic.Bool
		store := &between{ReminderStore: w.store, due: func() error {
			if down.Load() {
				return errAway
			}
			return nil
		}}
		w.remind("u", "t", time.Minute)
		s := w.run(store, memory.Clock{}, reminders.Options{})
		w.pass(30 * time.Second)
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("ready: %v", err)
		}
		down.Store(true)
		w.pass(10 * time.Minute)
		w.sentAt("u")
		if err := s.Ready(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("ready in an outage: %v", err)
		}
		if n := store.looked(); n < 100 || n > 150 {
			t.Errorf("it looked %d times in 9 minutes of outage", n)
		}
		down.Store(false)
		w.pass(10*time.Minute + 6*time.Second)
		events, p := w.sent("u")
		if len(events) != 1 || p[0].LateBy < 540 || p[0].LateBy > 546 {
			t.Errorf("sent %d, late by %+v", len(events), p)
		}
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("ready after it: %v", err)
		}
		if st := s.Stats(); st.Sent != 1 || st.Failures == 0 {
			t.Errorf("%+v", st)
		}
		log := w.log.String()
		if !strings.Contains(log, "connection refused") || !strings.Contains(log, "looked for again") {
			t.Errorf("the log says\n%s", log)
		}
	})
}

func TestAnOutageBetweenReadAndWriteIsTriedAgain(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		failures := 0
		store := &between{ReminderStore: w.store}
		store.send = func(_ context.Context, _ domain.DueReminder, send func() error) error {
			if failures++; failures < 4 {
				return errAway
			}
			return send()
		}
		w.remind("u", "t", time.Second)
		w.run(store, memory.Clock{}, reminders.Options{})
		w.pass(10 * time.Second)
		if events, _ := w.sent("u"); len(events) != 1 {
			t.Errorf("sent %d", len(events))
		}
	})
}

func TestACommitWhoseAnswerWasLostIsNotRepeated(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		store := &between{ReminderStore: w.store}
		store.send = func(_ context.Context, _ domain.DueReminder, send func() error) error {
			return errors.Join(send(), errAway)
		}
		w.remind("u", "t", time.Second)
		w.run(store, memory.Clock{}, reminders.Options{})
		w.pass(10 * time.Second)
		w.sentAt("u", time.Second)
	})
}

func TestAStoreThatHangsIsGivenUpOn(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		hangs := true
		store := &between{ReminderStore: w.store}
		store.send = func(ctx context.Context, _ domain.DueReminder, send func() error) error {
			if hangs {
				hangs = false
				<-ctx.Done()
				return fmt.Errorf("database call ended: %w", ctx.Err())
			}
			return send()
		}
		w.remind("u", "t", time.Second)
		w.run(store, memory.Clock{}, reminders.Options{Deadline: 5 * time.Second})
		w.pass(time.Minute)
		w.sentAt("u", 6*time.Second+100*time.Millisecond)
	})
}

func TestOneThatCanNotBeSentHoldsUpNoOtherAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		var tries atomic.Int64
		var mended atomic.Bool
		store := &between{ReminderStore: w.store}
		store.send = func(_ context.Context, r domain.DueReminder, send func() error) error {
			if r.UserID != "bad" {
				return send()
			}
			tries.Add(1)
			if !mended.Load() {
				return errors.New("a defect")
			}
			return send()
		}
		w.remind("bad", "t", time.Second)
		s := w.run(store, memory.Clock{}, reminders.Options{RetryMax: 8 * time.Second})
		w.pass(2 * time.Second)
		for i := range 10 {
			w.remind("good", "t", time.Duration(3+i)*time.Second)
		}
		w.pass(60 * time.Second)
		if events, _ := w.sent("good"); len(events) != 10 {
			t.Errorf("%d of 10 others were sent", len(events))
		}
		for i, e := range first(w.sent("good")) {
			if late := e.Time.Sub(w.begin) - time.Duration(3+i)*time.Second; late > 20*time.Millisecond {
				t.Errorf("another was sent %s late", late)
			}
		}
		if n := tries.Load(); n < 7 || n > 12 { // 1, 2, 4, 8, 8, … seconds apart
			t.Errorf("it was tried %d times", n)
		}
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("not ready for the sake of one: %v", err)
		}
		mended.Store(true)
		w.pass(70 * time.Second)
		if events, _ := w.sent("bad"); len(events) != 1 {
			t.Errorf("it was sent %d times", len(events))
		}
	})
}

func first[A, B any](a A, _ B) A { return a }

func TestABatchFullOfBadOnesHoldsUpNobody(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		store := &between{ReminderStore: w.store}
		store.send = func(_ context.Context, r domain.DueReminder, send func() error) error {
			if r.UserID == "bad" {
				return errors.New("a defect")
			}
			return send()
		}
		for range 10 {
			w.remind("bad", "t", -time.Hour)
		}
		good := []string{"a", "b", "c", "d", "e", "f"}
		for _, u := range good {
			w.remind(u, "t", -time.Minute)
		}
		for range 10 {
			w.remind("bad", "t", -time.Second)
		}
		w.run(store, memory.Clock{}, reminders.Options{Batch: 4})
		w.pass(time.Minute)
		for _, u := range good {
			if events, _ := w.sent(u); len(events) != 1 {
				t.Errorf("%s was reminded %d times", u, len(events))
			}
		}
	})
}

func TestATaskThatIsAlwaysBeingWrittenMakesNoHotLoop(t *testing.T) {
	t.Parallel()
	simulate(t, func(w *world) {
		var free atomic.Bool
		store := &between{ReminderStore: w.store}
		store.send = func(_ context.Context, r domain.DueReminder, send func() error) error {
			if !free.Load() && r.UserID == "busy" {
				return domain.Conflict("somebody writes it")
			}
			return send()
		}
		w.remind("busy", "t", 0)
		w.remind("u", "t", 30*time.Second)
		w.run(store, memory.Clock{}, reminders.Options{})
		w.pass(time.Minute)
		w.sentAt("u", 30*time.Second)
		if n := store.looked(); n > 100 {
			t.Errorf("it looked %d times in a minute", n)
		}
		free.Store(true)
		w.pass(62 * time.Second)
		if events, _ := w.sent("busy"); len(events) != 1 {
			t.Errorf("it was sent %d times", len(events))
		}
	})
}
