package gateway

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// live are the connections that last: WebSockets and streams of events.
type live struct {
	mu   sync.Mutex
	open map[*exchange]string // the kind of each
	over bool
	none chan struct{} // closed when over and none is open
}

func newLive() *live { return &live{open: map[*exchange]string{}, none: make(chan struct{})} }

// add counts e as one until it calls what is returned. After the end it ends e at once.
func (l *live) add(e *exchange, kind string) (remove func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		e.end()
	}
	l.open[e] = kind
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.open, e)
		l.done()
	}
}

func (l *live) done() {
	if !l.over || len(l.open) > 0 {
		return
	}
	select {
	case <-l.none:
	default:
		close(l.none)
	}
}

func (l *live) count(kind string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.open {
		if k == kind {
			n++
		}
	}
	return n
}

// drain ends all of them, each at a moment of its own within a time, so that their clients
// do not all come back at once; when ctx ends, the rest at once. It returns when none is left, or with ctx's end.
func (l *live) drain(ctx context.Context, within time.Duration) {
	l.mu.Lock()
	l.over = true
	for e := range l.open {
		after := time.AfterFunc(time.Duration(rand.Int64N(int64(within)+1)), e.end)
		defer after.Stop()
	}
	l.done()
	l.mu.Unlock()
	select {
	case <-l.none:
		return
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for e := range l.open {
		e.end()
	}
}
