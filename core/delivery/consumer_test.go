package delivery_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// rig is a Consumer on memory adapters whose state and probe can be broken.
type rig struct {
	*delivery.Consumer
	t       *testing.T
	state   *memory.State
	letters *memory.DeadLetters
	down    atomic.Bool // state, letters and probe fail
	probes  atomic.Int64
	opts    delivery.Options
}

var errDown = domain.Unavailable("database", errors.New("connection refused"))

func (r *rig) Get(ctx context.Context, keys ...string) ([]ports.Entry, error) {
	if r.down.Load() {
		return nil, errDown
	}
	return r.state.Get(ctx, keys...)
}

func (r *rig) Put(ctx context.Context, items ...ports.Item) []error {
	if r.down.Load() {
		return []error{errDown}
	}
	return r.state.Put(ctx, items...)
}

func (r *rig) probe(context.Context) error {
	r.probes.Add(1)
	if r.down.Load() {
		return errDown
	}
	return nil
}

func newRig(t *testing.T, h delivery.Handler) *rig {
	r := &rig{t: t, state: memory.NewState(memory.Clock{}), opts: delivery.Options{Jitter: func() float64 { return 0.999 }}}
	r.letters = memory.NewDeadLetters(memory.Clock{}, r.state.Forget)
	r.Consumer = r.instance(h)
	return r
}

// instance is another process of the same group.
func (r *rig) instance(h delivery.Handler) *delivery.Consumer {
	return delivery.NewConsumer("audit-service", h, delivery.Deps{
		State: r, Letters: r.letters, Clock: memory.Clock{}, Probe: r.probe, Log: slog.New(slog.DiscardHandler),
	}, r.opts)
}

// deliver is a transport: it repeats until the answer is done.
func (r *rig) deliver(ctx context.Context, m ports.Message) (deliveries int) {
	for {
		deliveries++
		own := m
		own.Body = append([]byte(nil), m.Body...)
		a := r.Handle(ctx, own)
		if !a.Again || ctx.Err() != nil {
			return deliveries
		}
		if memory.Clock.Wait(memory.Clock{}, ctx, max(a.After, time.Millisecond)) != nil {
			return deliveries
		}
	}
}

func (r *rig) all() []domain.DeadLetter {
	l, err := r.letters.Find(r.t.Context(), domain.DeadLetterQuery{})
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

func event() domain.Event {
	return domain.Event{
		ID: uuid.New(), Time: time.Now().UTC().Truncate(time.Microsecond), Type: domain.TaskCreatedV1, UserID: "u1",
		CorrelationID: "c1", Source: domain.BackendAPI, Subject: "t1", Position: 1,
		TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Data: json.RawMessage(`{"task_id":"t1"}`),
	}
}

func message(t testing.TB, e domain.Event) ports.Message {
	b, err := domain.EncodeEvent(e)
	if err != nil {
		t.Fatal(err)
	}
	return ports.Message{Topic: domain.TopicOf(e.Type), Key: e.UserID, Body: b}
}

func TestAnEventIsHandledOnceHoweverOftenItIsDelivered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n int
		r := newRig(t, func(context.Context, domain.Event) error { n++; return nil })
		m := message(t, event())
		for range 5 {
			r.deliver(t.Context(), m)
		}
		if s := r.Stats(); n != 1 || s.Handled != 1 || s.Duplicates != 4 {
			t.Errorf("handled %d times, stats %+v", n, s)
		}
	})
}

func TestConcurrentDeliveriesNeverMakeADeadLetterOfAGoodEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var effects sync.Map
		r := newRig(t, func(_ context.Context, e domain.Event) error {
			time.Sleep(time.Second) // inside the bubble: all of them overlap
			effects.Store(e.ID, true)
			return nil
		})
		m := message(t, event())
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() { r.deliver(t.Context(), m) })
		}
		wg.Wait()
		if len(r.all()) != 0 {
			t.Errorf("dead letters: %+v", r.all())
		}
		if _, ok := effects.Load(uuid.UUID{}); ok {
			t.Error("unexpected event")
		}
	})
}

func TestAFailingEventIsTriedEightTimesWithBackoffThenKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		r := newRig(t, func(context.Context, domain.Event) error { at = append(at, time.Now()); return errors.New("boom") })
		m := message(t, event())
		r.deliver(t.Context(), m)
		if len(at) != 8 {
			t.Fatalf("%d attempts", len(at))
		}
		want := 100 * time.Millisecond
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < want*9/10 || gap > want*11/10 {
				t.Errorf("wait %d is %v, want about %v", i, gap, want)
			}
			want = min(2*want, 10*time.Second)
		}
		l := r.all()
		if len(l) != 1 || l[0].Reason != domain.ReasonExhausted || l[0].Attempts != 8 || string(l[0].Body) != string(m.Body) ||
			l[0].UserID != "u1" || l[0].TraceParent == "" || !l[0].FirstFailed.Before(l[0].LastFailed) || !strings.Contains(l[0].Error, "boom") {
			t.Errorf("letters %+v", l)
		}
		if n := r.deliver(t.Context(), m); n != 1 || len(at) != 8 {
			t.Errorf("a buried event was handled again: %d deliveries, %d attempts", n, len(at))
		}
	})
}

func TestThePanicOfAHandlerIsACountedFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r := newRig(t, func(context.Context, domain.Event) error {
			if n++; n == 1 {
				panic("boom")
			}
			return nil
		})
		r.deliver(t.Context(), message(t, event()))
		if n != 2 || r.Stats().Failures != 1 {
			t.Errorf("%d attempts, %+v", n, r.Stats())
		}
	})
}

func TestTheHandlersOwnDeadlineIsACountedFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r := newRig(t, func(ctx context.Context, _ domain.Event) error {
			if n++; n == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		start := time.Now()
		r.deliver(t.Context(), message(t, event()))
		if n != 2 || time.Since(start) < 30*time.Second {
			t.Errorf("%d attempts in %v", n, time.Since(start))
		}
	})
}

func TestAHopelessErrorIsADeadLetterAtOnce(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		domain.Permanent(errors.New("no")), domain.Malformed("payload"), domain.Invalid("x", domain.FieldError{Field: "f"}),
	} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			r := newRig(t, func(context.Context, domain.Event) error { n++; return err })
			if d := r.deliver(t.Context(), message(t, event())); d != 1 || n != 1 || len(r.all()) != 1 {
				t.Errorf("%v: %d deliveries, %d attempts, letters %+v", err, d, n, r.all())
			}
		})
	}
}

func TestHostileRecordsAreDeadLettersAndTheNextEventIsHandled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r := newRig(t, func(context.Context, domain.Event) error { n++; return nil })
		good := message(t, event())
		wrongTopic, wrongKey := good, good
		wrongTopic.Topic, wrongKey.Key = domain.TaskDeleted, "mallory"
		hostile := []ports.Message{
			{Topic: domain.TaskCreated}, {Topic: domain.TaskCreated, Body: []byte("\x00\xff{")}, {Topic: domain.TaskCreated, Body: []byte(`{"traceparent":5}`)}, wrongTopic, wrongKey,
		}
		for _, m := range hostile {
			if d := r.deliver(t.Context(), m); d != 1 {
				t.Errorf("%d deliveries of %q", d, m.Body)
			}
		}
		r.deliver(t.Context(), good)
		if n != 1 || len(r.all()) != len(hostile) {
			t.Errorf("handled %d, letters %d of %d", n, len(r.all()), len(hostile))
		}
		r.deliver(t.Context(), hostile[1])
		if l := r.all(); len(l) != len(hostile) || l[0].Attempts+l[1].Attempts+l[2].Attempts+l[3].Attempts+l[4].Attempts != len(hostile)+1 {
			t.Error("the same bytes again must be the same letter with one attempt more")
		}
	})
}

func TestAnOutageThatOutlastsAllAttemptsDeadLettersNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var good atomic.Int64
		var broken atomic.Bool
		r := newRig(t, nil)
		r.Consumer = r.instance(func(context.Context, domain.Event) error {
			if !broken.Load() {
				time.Sleep(time.Second) // all 50 are inside their handlers when it goes down
				broken.Store(true)
				r.down.Store(true)
			}
			if r.down.Load() {
				return errDown
			}
			good.Add(1)
			return nil
		})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { r.deliver(t.Context(), message(t, event())) })
		}
		time.Sleep(10 * time.Minute)
		if r.Ready(t.Context()) == nil {
			t.Error("the group says that it is ready")
		}
		if p := r.probes.Load(); p > 10*60*4+50 {
			t.Errorf("%d probes: more than one at a time", p)
		}
		r.down.Store(false)
		wg.Wait()
		if good.Load() != 50 || len(r.all()) != 0 || r.Ready(t.Context()) != nil {
			t.Errorf("handled %d of 50, letters %+v, ready %v", good.Load(), r.all(), r.Ready(t.Context()))
		}
	})
}

func TestUnavailableWhileTheProbeSucceedsIsCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r := newRig(t, func(context.Context, domain.Event) error { n++; return errDown })
		r.deliver(t.Context(), message(t, event()))
		if n != 8 || len(r.all()) != 1 {
			t.Errorf("%d attempts, %d letters: a poison event that breaks its connection must not be tried for ever", n, len(r.all()))
		}
	})
}

// TestWhatOnlyAnOperatorCanMendDeadLettersNothing: a role without a right is refused for hours, while the database answers every probe.
func TestWhatOnlyAnOperatorCanMendDeadLettersNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var granted atomic.Bool
		n := 0
		r := newRig(t, func(context.Context, domain.Event) error {
			if n++; !granted.Load() {
				return domain.Misconfigured("database", "run tasktide roles apply", errors.New("permission denied"))
			}
			return nil
		})
		var delivered sync.WaitGroup
		delivered.Go(func() { r.deliver(t.Context(), message(t, event())) })
		time.Sleep(time.Hour + time.Millisecond)
		if err := r.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "tasktide roles apply") || r.Worked() {
			t.Errorf("the group that can't do its work says that it is ready, or that it has worked: %v, %t", err, r.Worked())
		}
		granted.Store(true)
		delivered.Wait()
		time.Sleep(time.Second)
		if len(r.all()) != 0 || n < 9 || r.Ready(t.Context()) != nil || !r.Worked() {
			t.Errorf("%d attempts, letters %+v, ready %v, worked %t", n, r.all(), r.Ready(t.Context()), r.Worked())
		}
	})
}

func TestAnEventThatKillsItsProcessEachTimeIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		m := message(t, event())
		killed := 0
		for range 8 { // a process that dies answers nothing and notes nothing
			ctx, kill := context.WithCancel(t.Context())
			c := r.instance(func(context.Context, domain.Event) error {
				killed++
				kill()
				r.down.Store(true)
				return errors.New("the process is gone")
			})
			c.Handle(ctx, m)
			r.down.Store(false)
		}
		n := 0
		r.Consumer = r.instance(func(context.Context, domain.Event) error { n++; return nil })
		r.deliver(t.Context(), m)
		if killed != 8 || n != 0 || len(r.all()) != 1 || !strings.Contains(r.all()[0].Error, "process ended") {
			t.Errorf("killed %d, handled %d, letters %+v", killed, n, r.all())
		}
	})
}

func TestAnAttemptThatIsStoppedIsGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := message(t, event())
		r := newRig(t, nil)
		for range 20 {
			ctx, stop := context.WithCancel(t.Context())
			c := r.instance(func(ctx context.Context, _ domain.Event) error { stop(); return ctx.Err() })
			if a := c.Handle(ctx, m); !a.Again {
				t.Fatal("a stopped attempt was answered with done")
			}
		}
		n := 0
		r.Consumer = r.instance(func(context.Context, domain.Event) error { n++; return nil })
		if r.deliver(t.Context(), m); n != 1 || len(r.all()) != 0 {
			t.Errorf("handled %d, letters %+v", n, r.all())
		}
	})
}

func TestCountAndNextTimeSurviveACrash(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := message(t, event())
		r := newRig(t, func(context.Context, domain.Event) error { return errors.New("boom") })
		first := r.Handle(t.Context(), m)
		n := 0
		r.Consumer = r.instance(func(context.Context, domain.Event) error { n++; return errors.New("boom") })
		if a := r.Handle(t.Context(), m); !a.Again || n != 0 || a.After > first.After {
			t.Errorf("another process did not wait: %+v, %d attempts", a, n)
		}
		if r.deliver(t.Context(), m); n != 7 {
			t.Errorf("%d attempts in the second process, want 7", n)
		}
	})
}

func TestWhatAHandlerChangesIsNotSeenByTheRetryAndIdsSurviveIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, n := event(), 0
		r := newRig(t, func(ctx context.Context, got domain.Event) error {
			n++
			if string(got.Data) != string(e.Data) || got.TraceParent != e.TraceParent || got.CorrelationID != e.CorrelationID || domain.CorrelationIDFrom(ctx) != e.CorrelationID {
				t.Errorf("attempt %d got %+v", n, got)
			}
			clear(got.Data)
			if n < 3 {
				return errors.New("again")
			}
			return nil
		})
		r.deliver(t.Context(), message(t, e))
		if n != 3 {
			t.Errorf("%d attempts", n)
		}
	})
}

func TestARedrivenLetterRunsThroughTheSameConsumer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		var n atomic.Int64
		broken.Store(true)
		r := newRig(t, func(context.Context, domain.Event) error {
			if n.Add(1); broken.Load() {
				return errors.New("boom")
			}
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		r.deliver(ctx, message(t, event()))
		r.deliver(ctx, ports.Message{Topic: domain.TaskCreated, Body: []byte("no JSON")})
		done := make(chan struct{})
		go func() { defer close(done); delivery.NewRedriver(r.Consumer, time.Minute).Run(ctx) }()

		redrive := func(wantAttempts int64, wantLetters int) {
			if got, err := r.letters.Redrive(ctx, domain.DeadLetterQuery{}); got == 0 || err != nil {
				t.Fatalf("marked %d, %v", got, err)
			}
			time.Sleep(2 * time.Minute)
			if n.Load() != wantAttempts || len(r.all()) != wantLetters {
				t.Errorf("%d attempts, letters %+v", n.Load(), r.all())
			}
		}
		redrive(16, 2) // fails again: the same letters
		for _, l := range r.all() {
			if l.EventID != "" && l.Attempts != 16 {
				t.Errorf("letter has %d attempts, want all 16", l.Attempts)
			}
		}
		broken.Store(false)
		redrive(17, 1) // done; what can't be read stays
		stop()
		<-done
	})
}
