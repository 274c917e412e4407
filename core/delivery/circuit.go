package delivery

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tasktide/tasktide/ports"
)

// Circuit is open while a dependency is down. One caller at a time probes; the
// others are told how long to wait.
type Circuit struct {
	probe func(context.Context) error
	clock ports.Clock
	every time.Duration

	open   atomic.Bool // read without the lock by every delivery
	mu     sync.Mutex
	flight *flight // the running probe; nil when none runs
	next   time.Time
	cause  error
}

// flight is a running probe. learnt is false when its caller's context ended
// first: then nobody knows whether the dependencies answer.
type flight struct {
	ended      chan struct{}
	learnt, ok bool // set before ended is closed
}

// NewCircuit returns a closed circuit. probe asks the dependencies whether they
// answer; it is called by one caller at a time.
func NewCircuit(probe func(context.Context) error, clock ports.Clock, every time.Duration) *Circuit {
	return &Circuit{probe: probe, clock: clock, every: every}
}

// Allow says whether work may go on. While the circuit is open it is false with
// the time to wait, except that the first caller after that time probes and
// closes the circuit when the probe succeeds.
func (c *Circuit) Allow(ctx context.Context) (ok bool, wait time.Duration) {
	if !c.open.Load() {
		return true, 0
	}
	c.mu.Lock()
	wait, busy := c.next.Sub(c.clock.Now()), c.flight != nil
	c.mu.Unlock()
	if wait > 0 || busy {
		return false, max(wait, c.every/4)
	}
	return c.Check(ctx, nil), c.every
}

// Check probes now and reports whether the dependencies answer; cause is what
// made the caller doubt it. A failed probe opens the circuit, a good one closes
// it. Callers that come while a probe runs share its result; when it has none,
// because the one who asked was stopped, the next of them probes.
func (c *Circuit) Check(ctx context.Context, cause error) bool {
	for {
		c.mu.Lock()
		f := c.flight
		if f == nil {
			f = &flight{ended: make(chan struct{})}
			c.flight = f
			c.mu.Unlock()
			c.fly(ctx, f, cause)
			return f.ok
		}
		c.mu.Unlock()
		select {
		case <-f.ended:
		case <-ctx.Done():
			return false
		}
		if f.learnt {
			return f.ok
		}
	}
}

func (c *Circuit) fly(ctx context.Context, f *flight, cause error) {
	defer close(f.ended)
	pctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	err := c.probe(pctx)
	cancel()

	c.mu.Lock()
	defer c.mu.Unlock()
	c.flight = nil
	f.ok = err == nil
	f.learnt = f.ok || ctx.Err() == nil
	switch {
	case f.ok:
		c.cause = nil
		c.open.Store(false)
	case f.learnt:
		if cause == nil {
			cause = err
		}
		c.cause, c.next = cause, c.clock.Now().Add(c.every)
		c.open.Store(true)
	}
}

// Trip opens the circuit without a probe, for a cause that probes don't see.
func (c *Circuit) Trip(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cause, c.next = cause, c.clock.Now().Add(c.every)
	c.open.Store(true)
}

// Err is why the circuit is open; nil while it is closed.
func (c *Circuit) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open.Load() {
		return nil
	}
	return c.cause
}
