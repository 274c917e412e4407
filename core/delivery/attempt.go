package delivery

import (
	"context"
	"sync"
	"time"
)

// attempt is the context of one attempt. It is context.WithDeadline, but sets
// its timer only when somebody looks at how it ends: an effect that is done
// without waiting for anything never does.
type attempt struct {
	context.Context // the parent

	end time.Time

	mu    sync.Mutex
	timed context.Context // nil: nobody has asked yet
	stop  context.CancelFunc
	ended bool
}

func (a *attempt) Deadline() (time.Time, bool) {
	if d, ok := a.Context.Deadline(); ok && d.Before(a.end) {
		return d, true
	}
	return a.end, true
}

func (a *attempt) Done() <-chan struct{} { return a.timer().Done() }

func (a *attempt) Err() error { return a.timer().Err() }

// Value asks the inner context when there is one, so that contexts made from
// this one find it and need no goroutine to follow it.
func (a *attempt) Value(key any) any {
	a.mu.Lock()
	ctx := a.timed
	a.mu.Unlock()
	if ctx == nil {
		ctx = a.Context
	}
	return ctx.Value(key)
}

func (a *attempt) timer() context.Context {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.timed == nil {
		a.timed, a.stop = context.WithDeadline(a.Context, a.end)
		if a.ended {
			a.stop()
		}
	}
	return a.timed
}

// cancel ends the attempt: a handler's leftovers see it as cancelled.
func (a *attempt) cancel() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	if a.stop != nil {
		a.stop()
	}
}
