package outbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// removals is what users wait at whose published events can't be removed. What refuses one mostly refuses all: one of
// them at a time tries again, and when that succeeds all do.
type removals struct {
	turn chan struct{} // has a place for the one who tries

	mu    sync.Mutex
	wait  time.Duration // before the next try
	retry chan struct{} // closed when a try succeeded
}

func newRemovals(wait time.Duration) *removals {
	return &removals{turn: make(chan struct{}, 1), wait: wait, retry: make(chan struct{})}
}

// remove takes what was published from the outbox. It enters with a slot and has none while it waits. It is false, and has
// none, when ctx has ended or the lease was lost.
func (r *Relay) remove(ctx context.Context, p domain.Pending) bool {
	failed := false
	for turn := false; ; {
		err := r.settle(ctx, p)
		if turn {
			r.tried(err == nil)
		}
		if err == nil {
			if failed {
				r.mended(ctx, &r.complaints.remove, "what was published is removed again", p.Event.UserID, r.unsettled)
			}
			return true
		}
		failed = true
		<-r.slots
		if ctx.Err() != nil || errors.Is(err, errLost) {
			return false
		}
		r.failed(ctx, &r.complaints.remove, "can't remove what was published, the next events of these users wait", err, p, r.unsettled)
		turn = r.await(ctx, p.Event.UserID)
		if !r.slot(ctx) {
			if turn {
				r.tried(false)
			}
			return false
		}
	}
}

// await returns when the removal of user's event is to be tried again: true when it has the turn, which tried ends, else
// because another's try succeeded, the lease was lost, or ctx has ended.
func (r *Relay) await(ctx context.Context, user string) (turn bool) {
	r.removals.mu.Lock()
	retry := r.removals.retry
	r.removals.mu.Unlock()
	look := time.NewTicker(r.opts.LeaseTTL / 2) // nobody tells of a lease that runs out
	defer look.Stop()
	for {
		select {
		case r.removals.turn <- struct{}{}:
			r.removals.mu.Lock()
			wait := r.removals.wait
			r.removals.mu.Unlock()
			_ = r.clock.Wait(ctx, wait)
			return true
		case <-retry:
			return false
		case <-ctx.Done():
			return false
		case <-look.C:
			if _, held := r.holds(user); !held {
				return false
			}
		}
	}
}

// tried ends a turn. After a success all who wait try.
func (r *Relay) tried(ok bool) {
	q := r.removals
	q.mu.Lock()
	defer q.mu.Unlock()
	if ok {
		close(q.retry)
		q.retry, q.wait = make(chan struct{}), r.opts.BackoffMin
	} else {
		q.wait = min(2*q.wait, r.opts.BackoffMax)
	}
	<-q.turn
}
