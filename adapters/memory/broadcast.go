package memory

import (
	"context"
	"slices"
	"sync"

	"github.com/tasktide/tasktide/ports"
)

const broadcastQueue = 65536

// listener is one instance of a broadcast subscription: a bounded queue.
type listener struct {
	mu    sync.Mutex
	queue []ports.Message
	more  chan struct{}
}

// offer never waits: a full queue loses its oldest message.
func (l *listener) offer(m ports.Message) {
	l.mu.Lock()
	if len(l.queue) >= broadcastQueue {
		l.queue = l.queue[1:]
	}
	l.queue = append(l.queue, m)
	l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
}

func (l *listener) take() []ports.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queue
	l.queue = nil
	return q
}

func (b *Bus) listen(ctx context.Context, s ports.Subscription, h ports.Handler) error {
	l := &listener{more: make(chan struct{}, 1)}
	b.route(s, func(to *route) { to.broadcast = append(slices.Clone(to.broadcast), l) })
	defer b.route(s, func(to *route) {
		to.broadcast = slices.DeleteFunc(slices.Clone(to.broadcast), func(o *listener) bool { return o == l })
	})
	hctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			for _, m := range l.take() {
				if ctx.Err() != nil {
					return
				}
				h(hctx, m)
			}
			select {
			case <-l.more:
			case <-ctx.Done():
			}
		}
	}()
	<-ctx.Done()
	if b.clock.Wait(untilClosed(done), s.Drain) == nil {
		cancel()
	}
	<-done
	return nil
}

func (b *Bus) route(s ports.Subscription, edit func(*route)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range s.Topics {
		b.change(t, edit)
	}
}
