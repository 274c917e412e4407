package memory

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// DefaultRetention is how many bytes of records a Bus keeps for groups that come later.
const DefaultRetention = 16 << 20

// Bus is publisher and subscriber of one process.
//
// Publish runs the handlers of the durable groups in the caller's goroutine and
// returns when all have settled the record, so it waits as long as a group
// retries, and while a known group has no instance. Records of one topic and key
// go through a lane of each group one after the other; lanes do not wait for
// each other. Broadcasts are queued for each instance and never waited for; an
// instance that is more than broadcastQueue records behind misses the oldest.
//
// A group that subscribes for the first time gets the records that are still
// retained, oldest first, before newer ones of the same key.
type Bus struct {
	clock     ports.Clock
	retention int

	mu       sync.Mutex
	log      []ports.Record
	logBytes int
	groups   map[string]*group
	routes   atomic.Pointer[map[domain.Topic]*route] // replaced, never changed

	taken map[domain.Topic]*atomic.Int64 // the map is never changed
}

type route struct {
	durable   []*group
	broadcast []*listener
}

var (
	_ ports.Publisher   = (*Bus)(nil)
	_ ports.Subscriber  = (*Bus)(nil)
	_ ports.TopicReader = (*Bus)(nil)
)

// NewBus returns a bus that retains about retention bytes of records.
func NewBus(clock ports.Clock, retention int) *Bus {
	b := &Bus{clock: clock, retention: retention, groups: map[string]*group{}, taken: map[domain.Topic]*atomic.Int64{}}
	for _, t := range domain.Topics() {
		b.taken[t] = &atomic.Int64{}
	}
	b.routes.Store(&map[domain.Topic]*route{})
	return b
}

// Publish implements ports.Publisher.
func (b *Bus) Publish(ctx context.Context, r ports.Record) error {
	err := b.publish(ctx, r)
	if n := b.taken[r.Topic]; n != nil && err == nil {
		n.Add(1)
	}
	return err
}

// Topics implements ports.TopicReader: what was published since the bus is there.
func (b *Bus) Topics(context.Context) ([]domain.TopicCount, error) {
	var out []domain.TopicCount
	for _, t := range domain.Topics() {
		out = append(out, domain.TopicCount{Topic: t, Taken: b.taken[t].Load()})
	}
	return out, nil
}

func (b *Bus) publish(ctx context.Context, r ports.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	to := b.retain(r)
	if to == nil {
		return nil
	}
	for _, l := range to.broadcast {
		l.offer(message(r))
	}
	if len(to.durable) == 1 {
		return to.durable[0].deliver(ctx, r)
	}
	return b.deliverAll(ctx, to.durable, r)
}

// deliverAll serves every group at the same time, the last one by itself.
func (b *Bus) deliverAll(ctx context.Context, groups []*group, r ports.Record) error {
	if len(groups) == 0 {
		return nil
	}
	errs := make(chan error, len(groups)-1)
	for _, g := range groups[1:] {
		go func() { errs <- g.deliver(ctx, r) }()
	}
	err := groups[0].deliver(ctx, r)
	for range groups[1:] {
		if e := <-errs; e != nil {
			err = e
		}
	}
	return err
}

// retain appends to the log and returns who gets the record. Both under one lock:
// a group that is new at the same time finds the record in exactly one place.
func (b *Bus) retain(r ports.Record) *route {
	if b.retention <= 0 {
		return (*b.routes.Load())[r.Topic]
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r.Body = slices.Clone(r.Body)
	b.log = append(b.log, r)
	b.logBytes += len(r.Body) + len(r.Key) + 64
	drop := 0
	for b.logBytes > b.retention && drop < len(b.log) {
		b.logBytes -= len(b.log[drop].Body) + len(b.log[drop].Key) + 64
		b.log[drop] = ports.Record{}
		drop++
	}
	b.log = b.log[drop:]
	return (*b.routes.Load())[r.Topic]
}

// Subscribe implements ports.Subscriber.
func (b *Bus) Subscribe(ctx context.Context, s ports.Subscription, h ports.Handler) error {
	if s.Mode == ports.Broadcast {
		return b.listen(ctx, s, h)
	}
	hctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	m := &member{handler: h, ctx: hctx, topics: s.Topics, leaving: make(chan struct{}), idle: make(chan struct{})}
	g := b.join(s, m)
	<-ctx.Done()
	g.leave(m)
	if b.clock.Wait(untilClosed(m.idle), s.Drain) == nil {
		cancel()
	}
	<-m.idle
	return nil
}

// Declare makes a durable group known before its first instance subscribes: what is published from now on waits for one.
// Without it a record that is published while a process starts has no group yet, and counts as settled.
func (b *Bus) Declare(s ports.Subscription) { b.group(s) }

// join adds m to its group.
func (b *Bus) join(s ports.Subscription, m *member) *group {
	g := b.group(s)
	g.join(m)
	return g
}

// group is made when it is new. For a new topic it first gets the retained records.
func (b *Bus) group(s ports.Subscription) *group {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.groups[s.Group]
	if g == nil {
		g = newGroup(b.clock)
		b.groups[s.Group] = g
	}
	for _, t := range s.Topics {
		if slices.Contains(g.topics, t) {
			continue
		}
		g.topics = append(g.topics, t)
		for _, r := range b.log {
			if r.Topic == t {
				g.enqueue(r)
			}
		}
		b.change(t, func(to *route) { to.durable = append(slices.Clone(to.durable), g) })
	}
	return g
}

// change replaces the routes with a copy in which edit was applied to topic t.
func (b *Bus) change(t domain.Topic, edit func(*route)) {
	next := map[domain.Topic]*route{}
	for k, v := range *b.routes.Load() {
		next[k] = v
	}
	to := route{}
	if old := next[t]; old != nil {
		to = *old
	}
	edit(&to)
	next[t] = &to
	b.routes.Store(&next)
}

func message(r ports.Record) ports.Message {
	return ports.Message{Topic: r.Topic, Key: r.Key, Body: slices.Clone(r.Body)}
}
