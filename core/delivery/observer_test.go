package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

type stepKey struct{}

// witness notes what it is told; each step must end once, with the context of its begin.
type witness struct {
	mu    sync.Mutex
	began int
	ended []string
}

func (w *witness) Begin(ctx context.Context, _ ports.Step) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began++
	return domain.WithRequest(context.WithValue(ctx, stepKey{}, w.began), domain.CorrelationIDFrom(ctx), fmt.Sprint("step ", w.began))
}

func (w *witness) End(ctx context.Context, s ports.Step, o ports.Outcome, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Value(stepKey{}) == nil || s.Began.IsZero() {
		err = errors.New("not a step that began")
	}
	w.ended = append(w.ended, fmt.Sprintf("%s %s by %s: %s, %v", s.Topic, s.Type, s.Service, o, err))
}

func (w *witness) saw(t *testing.T, want ...string) {
	t.Helper()
	if w.began != len(w.ended) || !slices.Equal(w.ended, want) {
		t.Errorf("%d steps began; ended are\n%q\nwant\n%q", w.began, w.ended, want)
	}
}

func TestAnObserverSeesEachDeliveryAndHowItCameOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, tries := &witness{}, 0
		errBad, made := errors.New("not today"), ""
		r := newRig(t, nil)
		c := delivery.NewConsumer("audit-service", func(ctx context.Context, e domain.Event) error {
			made = domain.CorrelationIDFrom(ctx) + " below " + domain.TraceParentFrom(ctx)
			if tries++; tries == 1 {
				return errBad
			}
			if e.Position == 2 {
				return domain.Permanent(errBad)
			}
			return nil
		}, delivery.Deps{State: r, Letters: r.letters, Clock: memory.Clock{}, Probe: r.probe, Log: slog.New(slog.DiscardHandler), Observer: w}, r.opts)
		good, bad := event(), event()
		bad.Position = 2
		c.Handle(t.Context(), message(t, good)) // fails
		c.Handle(t.Context(), message(t, good)) // too early
		time.Sleep(time.Second)
		c.Handle(t.Context(), message(t, good))
		c.Handle(t.Context(), message(t, good))
		if made != "c1 below step 3" {
			t.Errorf("what a handler makes is of %q", made)
		}
		c.Handle(t.Context(), message(t, bad))
		c.Handle(t.Context(), ports.Message{Topic: domain.TaskCreated, Body: []byte("{")})
		r.down.Store(true)
		other := event()
		c.Handle(t.Context(), message(t, other))
		const of = "task-created task.created.v1 by audit-service: "
		_, err := domain.DecodeEvent([]byte("{"))
		w.saw(t, of+"again, not today", of+"again, <nil>", of+"done, <nil>", of+"duplicate, <nil>",
			of+"dead_letter, "+domain.Permanent(errBad).Error(), "task-created  by audit-service: dead_letter, "+err.Error(), of+"again, "+errDown.Error())
		if s := c.Stats(); s.Attempts != 3 {
			t.Errorf("%d attempts were counted", s.Attempts)
		}
	})
}

func TestAListenerTakesEverythingAndItsObserverSeesWhatWasDropped(t *testing.T) {
	t.Parallel()
	w, errBad := &witness{}, errors.New("no")
	fail := func() error { return nil }
	l := &delivery.Listener{
		Service: domain.WebsocketService, Clock: memory.Clock{}, Observer: w, Log: slog.New(slog.DiscardHandler),
		Handler: func(context.Context, domain.Event) error { return fail() },
	}
	m := message(t, event())
	m.Topic = domain.TaskUpdates
	for _, f := range []func() error{fail, func() error { return errBad }, func() error { panic("at the disco") }} {
		fail = f
		if a := l.Handle(t.Context(), m); a.Again {
			t.Error("a broadcast is asked for again")
		}
	}
	const of = "task-updates task.created.v1 by websocket-service: "
	w.saw(t, of+"done, <nil>", of+"dead_letter, no", of+"dead_letter, the handler panicked: at the disco")
}
