// Package cron ticks inside the process, where no scheduler outside of it does.
//
// A Ticker keeps its distance whatever a tick does, starts no goroutine and ends
// with Run.
package cron

import (
	"context"
	"time"

	"github.com/tasktide/tasktide/ports"
)

// Ticker calls a function at an interval.
type Ticker struct {
	clock ports.Clock
	every time.Duration
	tick  func()
}

// NewTicker returns a Ticker; every must be above zero, and tick must not block.
func NewTicker(clock ports.Clock, every time.Duration, tick func()) *Ticker {
	return &Ticker{clock: clock, every: every, tick: tick}
}

// Run ticks until ctx ends, the first time after one interval.
func (t *Ticker) Run(ctx context.Context) {
	for t.clock.Wait(ctx, t.every) == nil {
		t.tick()
	}
}
