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
	flight chan struct{} // closed when the running probe has its result; nil when none runs
	next   time.Time
	cause  error
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
// it. Callers that come while a probe runs share its result.
func (c *Circuit) Check(ctx context.Context, cause error) bool {
	c.mu.Lock()
	if flight := c.flight; flight != nil {
		c.mu.Unlock()
		select {
		case <-flight:
		case <-ctx.Done():
			return false
		}
		return !c.open.Load()
	}
	flight := make(chan struct{})
	c.flight = flight
	c.mu.Unlock()
	defer close(flight)

	pctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	err := c.probe(pctx)
	cancel()

	c.mu.Lock()
	defer c.mu.Unlock()
	c.flight = nil
	if err == nil {
		c.cause = nil
		c.open.Store(false)
		return true
	}
	if ctx.Err() != nil {
		return false // the caller is stopping: nothing was learnt
	}
	if cause == nil {
		cause = err
	}
	c.cause, c.next = cause, c.clock.Now().Add(c.every)
	c.open.Store(true)
	return false
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
