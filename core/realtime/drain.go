package realtime

import (
	"context"
	"math/rand/v2"
	"time"
)

// Drain closes all connections, spread at random over a time so that their
// clients do not come back all at once elsewhere, and lets nobody in. It returns
// when the last has left or ctx ends.
func (h *Hub) Drain(ctx context.Context, over time.Duration) {
	h.draining.Store(true)
	start := h.clock.Now()
	for {
		now, left := h.clock.Now(), 0
		for i := range h.shards {
			left += h.shards[i].drain(now, start, over)
		}
		if left == 0 || h.clock.Wait(ctx, 50*time.Millisecond) != nil {
			return
		}
	}
}

// drain closes those whose time has come and says how many there still are.
func (s *shard) drain(now, start time.Time, over time.Duration) (left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.feeds {
		for _, c := range f.conns {
			left++
			if c.closeAt.IsZero() {
				c.closeAt = start.Add(time.Duration(rand.Float64() * float64(over)))
			}
			if !now.Before(c.closeAt) {
				c.end(Draining, "the server is shutting down; reconnect")
			}
		}
	}
	return left
}
