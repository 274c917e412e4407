package transport

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/tasktide/tasktide/ports"
)

// A group that handles nothing for longer than a member may be silent: what it
// has taken stays bounded, it stays a member, other groups go on, and when it
// wakes up each event comes once, because no rebalance repeated any.
func backPressure(l *lab) {
	users := l.users(1500)
	want := events(l.topics, users, 1)
	slow, fast := newTape(), newTape()
	gate := make(chan struct{})
	var running, most atomic.Int64
	l.member("slow", durable(l, "slow"), slow, func(ctx context.Context, _ *delivery, _ ports.Message) ports.Answer {
		n := running.Add(1)
		defer running.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		select {
		case <-gate:
			return ports.Answer{}
		case <-ctx.Done():
			return ports.Answer{Again: true}
		}
	}).start()
	l.member("fast", durable(l, "fast"), fast, done).start()
	l.publish(want...)
	l.awaitAll(fast, want)
	l.await(slow, "the slow group busy", func() bool { return len(slow.all) > 0 })
	select { // silence must not cost it its membership
	case <-time.After(l.h.MaxAttention * 3 / 2):
	case <-l.Context().Done():
	}
	if l.h.MaxHandlers > 0 && most.Load() > int64(l.h.MaxHandlers) {
		l.Errorf("%d handlers ran at once, at most %d may", most.Load(), l.h.MaxHandlers)
	}
	slow.locked(func() {
		if len(slow.all) > len(want)/2 && l.h.MaxHandlers > 0 {
			l.Errorf("a group whose handlers return nothing took %d of %d events", len(slow.all), len(want))
		}
	})
	close(gate)
	l.awaitAll(slow, want)
	slow.locked(func() {
		if len(slow.all) != len(want) {
			l.Errorf("%d events took %d deliveries though no member left", len(want), len(slow.all))
		}
	})
}
