package dapr

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// maxHold is how long an answer "again" is held back. More would keep a stopping
// sidecar waiting; less would make each wait a burst of deliveries.
const maxHold = 2 * time.Second

var _ ports.Subscriber = (*Subscriber)(nil)

// Subscriber takes what the sidecar delivers to Server.
//
// daprd asks for the subscriptions once, at its own start, so they are given
// beforehand, from the routing table; until Subscribe is called and after it has
// been stopped deliveries are refused, which makes daprd deliver again. It hands
// out one message of a partition at a time and repeats that one until it is done
// (components-contrib, common/component/kafka, ConsumeClaim): that is the order
// for each user and topic. A delivery is not cancelled by a rebalance, so two
// instances may handle one event at the same time.
//
// A broadcast has no retry: Again is taken for done.
type Subscriber struct {
	cfg       Config
	durable   gate
	broadcast gate
}

// NewSubscriber declares the topics that this service will consume, those of its
// group and those that every instance gets.
func NewSubscriber(cfg Config, durable, broadcast []domain.Topic) *Subscriber {
	return &Subscriber{cfg: cfg, durable: gate{topics: durable}, broadcast: gate{topics: broadcast}}
}

func (s *Subscriber) none() bool { return len(s.durable.topics)+len(s.broadcast.topics) == 0 }

// Subscribe is ports.Subscriber. The group is the sidecar's app id, whatever
// s.Group says: a component's consumerID decides it. It is an error to subscribe
// to a topic that was not declared, or twice in one mode at the same time.
func (s *Subscriber) Subscribe(ctx context.Context, sub ports.Subscription, h ports.Handler) error {
	g := &s.durable
	if sub.Mode == ports.Broadcast {
		g = &s.broadcast
	}
	for _, t := range sub.Topics {
		if !slices.Contains(g.topics, t) {
			return fmt.Errorf("dapr: topic %s was not declared when the subscriber was made", t)
		}
	}
	hctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	r := &run{topics: sub.Topics, handle: h, ctx: hctx, stopping: make(chan struct{}), idle: make(chan struct{})}
	if !g.open(r) {
		return fmt.Errorf("dapr: group %s is subscribed already", sub.Group)
	}
	<-ctx.Done()
	g.stop(r)
	timer := time.NewTimer(max(sub.Drain, 0))
	defer timer.Stop()
	select {
	case <-r.idle:
	case <-timer.C:
		cancel()
		<-r.idle
	}
	g.close(r)
	return nil
}

// gateOf is the gate of the component that a delivery comes from; nil of none that
// we know.
func (s *Subscriber) gateOf(component string) *gate {
	switch component {
	case s.cfg.PubSub:
		return &s.durable
	case s.cfg.BroadcastPubSub:
		return &s.broadcast
	}
	return nil
}

// gate lets deliveries of one mode through to the subscription that is active.
type gate struct {
	topics []domain.Topic // declared

	mu  sync.Mutex
	run *run // nil: nobody is subscribed
}

// run is one call of Subscribe.
type run struct {
	topics   []domain.Topic
	handle   ports.Handler
	ctx      context.Context // of the handlers
	stopping chan struct{}   // closed: no more deliveries, held answers are let go
	idle     chan struct{}   // closed: stopping, and the last handler has returned

	// Guarded by the gate's mu.
	stopped bool
	running int
}

func (g *gate) open(r *run) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.run != nil {
		return false
	}
	g.run = r
	return true
}

func (g *gate) stop(r *run) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r.stopped = true
	close(r.stopping)
	if r.running == 0 {
		close(r.idle)
	}
}

func (g *gate) close(r *run) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.run == r {
		g.run = nil
	}
}

// enter admits a delivery of t; nil when it has to come again later.
func (g *gate) enter(t domain.Topic) *run {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.run
	if r == nil || r.stopped || !slices.Contains(r.topics, t) {
		return nil
	}
	r.running++
	return r
}

func (g *gate) leave(r *run) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r.running--
	if r.stopped && r.running == 0 {
		close(r.idle)
	}
}

// hold waits for d, at most maxHold, or until the subscription is stopped.
func (r *run) hold(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(min(d, maxHold))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.stopping:
	}
}
