package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/outbox"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/contract/schema"
)

// broker records what arrives and fails as told.
type broker struct {
	mu      sync.Mutex
	got     map[string][]int64 // positions by user, as they arrived
	unacked map[string]int
	most    int // unacknowledged records of one user at the same time
	fail    func(user string, n int) error
	delay   func() time.Duration
	calls   map[string]int
}

func newBroker() *broker {
	return &broker{got: map[string][]int64{}, unacked: map[string]int{}, calls: map[string]int{}}
}

func (b *broker) Publish(ctx context.Context, r ports.Record) error {
	e, err := domain.DecodeEvent(r.Body)
	if err != nil || r.Key != e.UserID || r.Topic != domain.TaskCreated {
		return fmt.Errorf("not what was stored: %+v: %w", r, err)
	}
	if err := schema.Record(r.Body); err != nil {
		return domain.Permanent(err) // holds the user for ever, and so fails the test
	}
	b.mu.Lock()
	b.calls[r.Key]++
	n := b.calls[r.Key]
	b.unacked[r.Key]++
	b.most = max(b.most, b.unacked[r.Key])
	b.mu.Unlock()
	if b.delay != nil {
		_ = memory.Clock{}.Wait(ctx, b.delay())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unacked[r.Key]--
	if b.fail != nil {
		if err := b.fail(r.Key, n); err != nil {
			return err
		}
	}
	b.got[r.Key] = append(b.got[r.Key], e.Position)
	return ctx.Err()
}

func events(users, n int) (out []domain.Event) {
	for i := range n {
		for u := range users {
			out = append(out, schema.Sample(fmt.Sprintf("user-%03d", u), i+1))
		}
	}
	return out
}

func start(o ports.Outbox, b ports.Publisher) (r *outbox.Relay, stop func()) {
	return startWith(o, b, slog.DiscardHandler, outbox.Options{})
}

func startWith(o ports.Outbox, b ports.Publisher, log slog.Handler, opts outbox.Options) (r *outbox.Relay, stop func()) {
	r = outbox.NewRelay(domain.BackendAPI, o, b, memory.Clock{}, slog.New(log), opts)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	return r, func() { cancel(); <-done }
}

// inOrder checks that each user's events arrived in order, repeats allowed.
func (b *broker) inOrder(t *testing.T, users, n int, repeats bool) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.got) != users {
		t.Errorf("events of %d users arrived, want %d", len(b.got), users)
	}
	for u, got := range b.got {
		next := int64(1)
		for _, p := range got {
			switch {
			case p == next:
				next++
			case p == next-1 && repeats:
			default:
				t.Fatalf("%s: got %v", u, got)
			}
		}
		if next != int64(n+1) {
			t.Errorf("%s: %d of %d arrived: %v", u, next-1, n, got)
		}
	}
}

func TestEachUsersEventsArriveInOrderOneAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, b := memory.NewOutbox(memory.Clock{}), newBroker()
		b.delay = func() time.Duration { return rand.N(20 * time.Millisecond) }
		o.Add(events(100, 20)...)
		r, stop := start(o, b)
		time.Sleep(10 * time.Second)
		stop()
		b.inOrder(t, 100, 20, false)
		if b.most != 1 || o.Len() != 0 || r.Stats().Published != 2000 {
			t.Errorf("%d unacknowledged at once, %d left, %+v", b.most, o.Len(), r.Stats())
		}
	})
}

func TestAFailingBrokerLosesSkipsAndSwapsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, b := memory.NewOutbox(memory.Clock{}), newBroker()
		b.fail = func(string, int) error {
			if rand.IntN(3) == 0 {
				return domain.Unavailable("kafka", errors.New("no leader"))
			}
			return nil
		}
		o.Add(events(50, 10)...)
		r, stop := start(o, b)
		time.Sleep(5 * time.Minute)
		stop()
		b.inOrder(t, 50, 10, false)
		if r.Stats().Failures == 0 {
			t.Error("nothing failed: the test shows nothing")
		}
	})
}

// TestWhatIsAwayIsFewLines: a broker, or a database, that is away for ten minutes is a line a minute, however many users wait.
func TestWhatIsAwayIsFewLines(t *testing.T) {
	t.Parallel()
	for says, away := range map[string]func(*refusing, *broker){
		"can't publish, the next events of these users wait\" tries=": func(_ *refusing, b *broker) {
			b.fail = func(string, int) error { return domain.Unavailable("kafka", errors.New("no leader")) }
		},
		"can't read the outbox\" tries=":          func(o *refusing, _ *broker) { o.heads.Store(true) },
		"can't renew the relay's leases\" tries=": func(o *refusing, _ *broker) { o.lease.Store(true) },
	} {
		t.Run(says[:13], func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o, b := &refusing{Outbox: memory.NewOutbox(memory.Clock{})}, newBroker()
				away(o, b)
				o.Add(events(20, 1)...)
				var log strings.Builder
				_, stop := startWith(o, b, slog.NewTextHandler(&log, nil), outbox.Options{})
				time.Sleep(10*time.Minute - 20*time.Second)
				b.mu.Lock()
				b.fail = nil
				b.mu.Unlock()
				o.heads.Store(false)
				o.lease.Store(false)
				time.Sleep(10 * time.Second)
				stop()
				lines := strings.Split(strings.TrimSpace(log.String()), "\n")
				if end := lines[len(lines)-1]; !regexp.MustCompile(`level=INFO msg=".* again" tries=\d+$`).MatchString(end) || strings.Count(log.String(), "INFO") != 1 {
					t.Errorf("it is not said, once, that it is over: %s", end)
				}
				lines = lines[:len(lines)-1]
				if n := strings.Count(log.String(), says); n < 9 || n > 11 || n != len(lines) {
					t.Errorf("%d lines in ten minutes, %d as they should be, want one a minute:\n%s", len(lines), n, log.String())
				}
				if last := lines[len(lines)-1]; strings.HasPrefix(says, "can't publish") && !strings.Contains(last, "users=20 ") || !regexp.MustCompile(` tries=\d{2,} `).MatchString(last) {
					t.Errorf("the last line does not say how many: %s", last)
				}
			})
		})
	}
}

// TestAnotherCauseIsALineAtOnce: the broker goes away while a user's event is held for good.
func TestAnotherCauseIsALineAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, b := memory.NewOutbox(memory.Clock{}), newBroker()
		var away atomic.Bool
		b.fail = func(user string, _ int) error {
			switch {
			case user == "user-000":
				return domain.Permanent(errors.New("too large"))
			case away.Load():
				return domain.Unavailable("kafka", errors.New("no leader"))
			}
			return nil
		}
		o.Add(events(50, 1)...)
		var log strings.Builder
		_, stop := startWith(o, b, slog.NewTextHandler(&log, nil), outbox.Options{})
		time.Sleep(10 * time.Second)
		away.Store(true)
		for _, e := range events(50, 2)[50:] {
			o.Add(e)
		}
		time.Sleep(2 * time.Second)
		stop()
		if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "too large") || !strings.Contains(log.String(), "no leader") {
			t.Errorf("%d lines, want one of each cause:\n%s", n, log.String())
		}
	})
}

func TestAStuckUserHoldsBackNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, b := memory.NewOutbox(memory.Clock{}), newBroker()
		healed := false
		b.fail = func(user string, _ int) error {
			if user == "user-000" && !healed {
				return domain.Permanent(errors.New("too large"))
			}
			return nil
		}
		o.Add(events(10, 5)...)
		r, stop := start(o, b)
		time.Sleep(time.Second)
		if o.Len() != 5 {
			t.Errorf("%d pending, want only the stuck user's 5", o.Len())
		}
		if err := r.Ready(t.Context()); err != nil {
			t.Errorf("not ready for the sake of one: %v", err)
		}
		b.mu.Lock()
		healed = true // read by fail under the same lock
		b.mu.Unlock()
		time.Sleep(time.Minute)
		stop()
		b.inOrder(t, 10, 5, false)
	})
}

// refusing is an outbox that lacks a right while that is set.
type refusing struct {
	*memory.Outbox
	lease, heads, settle atomic.Bool
	fewer                bool // others have all shards
	stuck                func(user string) bool
	kept                 atomic.Int64 // shards that were said to be busy when a lease was last asked for
}

var errRight = domain.Misconfigured("database", "grant the right", errors.New("permission denied for table outbox"))

func (o *refusing) Lease(ctx context.Context, p domain.Service, owner string, want int, ttl time.Duration, keep []int) (domain.Lease, error) {
	o.kept.Store(int64(len(keep)))
	if o.lease.Load() {
		return domain.Lease{}, errRight
	}
	if o.fewer {
		want = 0
	}
	return o.Outbox.Lease(ctx, p, owner, want, ttl, keep)
}

func (o *refusing) Heads(ctx context.Context, l domain.Lease, limit int) ([]domain.Pending, error) {
	if o.heads.Load() {
		return nil, errRight
	}
	return o.Outbox.Heads(ctx, l, limit)
}

func (o *refusing) Settle(ctx context.Context, l domain.Lease, published ...domain.Pending) error {
	if o.settle.Load() || o.stuck != nil && o.stuck(published[0].Event.UserID) {
		return errRight
	}
	return o.Outbox.Settle(ctx, l, published...)
}

func TestARelayIsNotReadyWhileTheStoreRefusesAStep(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(*refusing, bool){
		"leases":             func(o *refusing, no bool) { o.lease.Store(no) },
		"reading":            func(o *refusing, no bool) { o.heads.Store(no) },
		"removing":           func(o *refusing, no bool) { o.settle.Store(no) },
		"leases and reading": func(o *refusing, no bool) { o.heads.Store(no); o.lease.Store(no) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o, b := &refusing{Outbox: memory.NewOutbox(memory.Clock{})}, newBroker()
				r, stop := start(o, b)
				defer stop()
				ready := func(when string, want error) {
					t.Helper()
					for range 50 { // it stays so
						time.Sleep(100 * time.Millisecond)
						if err := r.Ready(t.Context()); !errors.Is(err, want) {
							t.Fatalf("%s: %v", when, err)
						}
					}
				}
				ready("when nothing is refused", nil)
				refuse(o, true)
				time.Sleep(5 * time.Second) // the lease has run out
				o.Add(events(3, 2)...)
				time.Sleep(2 * time.Second) // the outbox is looked at each second
				ready("while the store refuses", errRight)
				if o.Len() != 6 {
					t.Errorf("%d pending, want all 6", o.Len())
				}
				refuse(o, false)
				time.Sleep(3 * time.Second)
				ready("after it", nil)
				b.inOrder(t, 3, 2, false)
			})
		})
	}
}

// TestARelayThatHasNeverLookedIsNotReady, so that it takes the place of none that works; it need not find an event, nor have a shard.
func TestARelayThatHasNeverLookedIsNotReady(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(*refusing, bool){
		"leases":  func(o *refusing, no bool) { o.lease.Store(no) },
		"reading": func(o *refusing, no bool) { o.heads.Store(no) },
		"nothing": func(*refusing, bool) {},
	} {
		for _, shards := range []int{domain.Shards, 0} {
			t.Run(fmt.Sprintf("%s, %d shards", name, shards), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					o := &refusing{Outbox: memory.NewOutbox(memory.Clock{}), fewer: shards == 0}
					refuse(o, true)
					if err := outbox.NewRelay(domain.BackendAPI, o, newBroker(), memory.Clock{}, slog.New(slog.DiscardHandler), outbox.Options{}).Ready(t.Context()); err == nil {
						t.Error("it is ready before it runs")
					}
					r, stop := start(o, newBroker())
					defer stop()
					for i := range 1000 {
						synctest.Wait()
						if err := r.Ready(t.Context()); (err == nil) != (name == "nothing") && (err == nil || i > 10) { // the second round is 10 ms after the first
							t.Fatalf("after %d ms, while %s is refused: %v", i, name, err)
						}
						time.Sleep(time.Millisecond)
					}
					refuse(o, false)
					time.Sleep(1100 * time.Millisecond)
					if err := r.Ready(t.Context()); err != nil {
						t.Errorf("when nothing is refused any more: %v", err)
					}
				})
			})
		}
	}
}

func TestRelaysShareTheShardsAndTakeOverFromTheDead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, b := memory.NewOutbox(memory.Clock{}), newBroker()
		b.delay = func() time.Duration { return rand.N(5 * time.Millisecond) }
		gone := &deaf{Outbox: o}
		_, stop1 := start(gone, b)
		_, stop2 := start(o, b)
		time.Sleep(30 * time.Second) // shares have settled
		all := events(100, 20)
		for i := 0; i < len(all); i += 100 {
			o.Add(all[i : i+100]...)
			time.Sleep(time.Second)
			if i == 1000 {
				gone.dead.Store(true) // it answers nobody any more and gives nothing up
			}
		}
		time.Sleep(30 * time.Second)
		stop2()
		gone.dead.Store(false)
		stop1()
		b.inOrder(t, 100, 20, true)
		if b.most != 1 || o.Len() != 0 {
			t.Errorf("%d unacknowledged at once, %d pending", b.most, o.Len())
		}
	})
}

// deaf is the outbox as a process sees it that was cut off.
type deaf struct {
	*memory.Outbox
	dead atomic.Bool
}

func (d *deaf) Lease(ctx context.Context, p domain.Service, owner string, want int, ttl time.Duration, keep []int) (domain.Lease, error) {
	if d.dead.Load() {
		return domain.Lease{}, domain.Unavailable("database", errors.New("cut off"))
	}
	return d.Outbox.Lease(ctx, p, owner, want, ttl, keep)
}

func TestAStopGivesTheShardsUpAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, b := memory.NewOutbox(memory.Clock{}), newBroker()
		_, stop := start(o, b)
		time.Sleep(time.Second)
		stop()
		l, err := o.Lease(t.Context(), domain.BackendAPI, "another", domain.Shards, time.Second, nil)
		if err != nil || len(l.Shards) != domain.Shards {
			t.Errorf("another relay got %d shards, %v", len(l.Shards), err)
		}
	})
}
