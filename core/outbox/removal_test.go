package outbox_test

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/outbox"
)

// TestWhatIsPublishedIsNotPublishedAgainWhileItsRemovalIsRefused, and is removed, without the broker, when it can be.
func TestWhatIsPublishedIsNotPublishedAgainWhileItsRemovalIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, b := &refusing{Outbox: memory.NewOutbox(memory.Clock{})}, newBroker()
		down := errors.New("no leader")
		var away atomic.Bool
		b.fail = func(string, int) error {
			if away.Load() {
				return down
			}
			return nil
		}
		o.settle.Store(true)
		o.Add(events(3, 2)...)
		r, stop := start(o, b)
		defer stop()
		time.Sleep(time.Minute)
		if r.Stats().Published != 3 || r.Stats().Failures < 3 || o.Len() != 6 {
			t.Errorf("%+v, %d pending, want one event of each user published, once", r.Stats(), o.Len())
		}
		away.Store(true)
		time.Sleep(time.Minute)
		if err := r.Ready(t.Context()); !errors.Is(err, errRight) {
			t.Errorf("while removals are refused: %v", err)
		}
		o.settle.Store(false)
		time.Sleep(3 * time.Second)
		if err := r.Ready(t.Context()); err != nil || o.Len() != 3 {
			t.Errorf("when the broker alone is away: %v, %d pending, want 3", err, o.Len())
		}
		away.Store(false)
		time.Sleep(3 * time.Second)
		b.inOrder(t, 3, 2, false)
		if o.Len() != 0 {
			t.Errorf("%d pending", o.Len())
		}
	})
}

// TestManyRefusedRemovalsAreFewTriesAndFewLines, and all go at once when they can.
func TestManyRefusedRemovalsAreFewTriesAndFewLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const users = 200
		o, b := &refusing{Outbox: memory.NewOutbox(memory.Clock{})}, newBroker()
		o.settle.Store(true)
		o.Add(events(users, 2)...)
		var log strings.Builder
		r, stop := startWith(o, b, slog.NewTextHandler(&log, nil), outbox.Options{})
		time.Sleep(10 * time.Minute)
		if r.Stats().Published != users {
			t.Errorf("one user waits for another: %+v", r.Stats())
		}
		if n := r.Stats().Failures; n < users+590 || n > users+610 {
			t.Errorf("%d tries in 600 s, want one of each user and one a second of all", n)
		}
		o.settle.Store(false)
		time.Sleep(1100 * time.Millisecond)
		if err := r.Ready(t.Context()); err != nil || o.Len() > users {
			t.Errorf("a second after the repair: %v, %d pending", err, o.Len())
		}
		time.Sleep(time.Second)
		stop()
		b.inOrder(t, users, 2, false)
		if o.Len() != 0 {
			t.Errorf("%d pending", o.Len())
		}
		if n := strings.Count(log.String(), "removed again"); n != 1 {
			t.Errorf("%d lines say that it is over", n)
		}
		if n := strings.Count(log.String(), "can't remove"); n < 9 || n > 11 || !regexp.MustCompile(fmt.Sprintf(`tries=\d+ users=%d `, users)).MatchString(log.String()) {
			t.Errorf("%d lines in ten minutes, want one a minute with counts:\n%s", n, log.String())
		}
	})
}

// TestManyWhoseRemovalIsRefusedLeaveWithTheLease: another relay gets their shards, whoever's turn it is.
func TestManyWhoseRemovalIsRefusedLeaveWithTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, b := &refusing{Outbox: memory.NewOutbox(memory.Clock{})}, newBroker()
		o.settle.Store(true)
		o.Add(events(1000, 1)...)
		_, stop := start(o, b)
		defer stop()
		time.Sleep(5 * time.Second)
		if o.kept.Load() != domain.Shards {
			t.Fatalf("%d shards are busy: the test shows nothing", o.kept.Load())
		}
		o.lease.Store(true)
		time.Sleep(7 * time.Second) // it runs out after 4
		if n := o.kept.Load(); n != 0 {
			t.Errorf("%d shards are still busy", n)
		}
	})
}

// TestWhoWaitsTakesNoPlace: more users than there are slots can't be published, or what they published not removed; others go on.
func TestWhoWaitsTakesNoPlace(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"publish", "remove"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o, b := &refusing{Outbox: memory.NewOutbox(memory.Clock{})}, newBroker()
				stuck := func(user string) bool { return user < "user-008" }
				if step == "remove" {
					o.stuck = stuck
				} else {
					b.fail = func(user string, _ int) error {
						if stuck(user) {
							return domain.Unavailable("kafka", errors.New("no leader"))
						}
						return nil
					}
				}
				o.Add(events(10, 5)...)
				r, stop := startWith(o, b, slog.DiscardHandler, outbox.Options{InFlight: 2})
				time.Sleep(10 * time.Second)
				stop()
				if o.Len() != 8*5 || r.Stats().Failures < 16 {
					t.Errorf("%d pending, want those of the 8 who are stuck; %+v", o.Len(), r.Stats())
				}
			})
		})
	}
}

// TestARemovalThatIsRefusedEndsWithTheLease, so that who has it next is not kept from the shard.
func TestARemovalThatIsRefusedEndsWithTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, b := &refusing{Outbox: memory.NewOutbox(memory.Clock{})}, newBroker()
		o.settle.Store(true)
		o.Add(events(1, 1)...)
		r, stop := start(o, b)
		defer stop()
		time.Sleep(time.Second)
		o.lease.Store(true)
		time.Sleep(10 * time.Second)
		tries := r.Stats().Failures
		time.Sleep(time.Minute)
		if r.Stats().Failures != tries {
			t.Errorf("it goes on without a lease: %d tries, then %d", tries, r.Stats().Failures)
		}
		o.settle.Store(false)
		o.lease.Store(false)
		time.Sleep(5 * time.Second)
		b.inOrder(t, 1, 1, true)
		if err := r.Ready(t.Context()); err != nil || o.Len() != 0 || r.Stats().Published != 2 {
			t.Errorf("%v, %d pending, published %d times, want again with the new lease", err, o.Len(), r.Stats().Published)
		}
	})
}
