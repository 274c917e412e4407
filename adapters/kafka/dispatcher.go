package kafka

import (
	"context"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// dispatcher hands the records of one partition to the handler: those of one key
// in order, different keys beside each other, at most limits.inFlight at once.
// Workers are started when lanes become ready and end when none is.
type dispatcher struct {
	topic   domain.Topic
	handler ports.Handler
	ctx     context.Context // of the handlers; it outlives the stop by the drain time
	limits  limits
	stats   *counters

	mu      sync.Mutex
	ring    ring
	lanes   map[string]*lane // by key, empty ones too
	empty   int              // lanes that have no record and are kept for the next one
	ready   readyList
	workers int
	closed  bool
	done    int64 // answers not counted in stats yet
	again   int64
	idle    chan struct{} // closed when closed and no worker is left
	space   chan struct{} // capacity 1: the low-water mark moved
}

type limits struct {
	inFlight, window, bytes int
	tries                   int // deliveries of a record at most; 0: no limit
}

func newDispatcher(ctx context.Context, topic domain.Topic, h ports.Handler, l limits, s *counters) *dispatcher {
	return &dispatcher{
		topic: topic, handler: h, ctx: ctx, limits: l, stats: s,
		ring: ring{slots: make([]slot, l.window), next: -1}, lanes: map[string]*lane{},
		idle: make(chan struct{}), space: make(chan struct{}, 1),
	}
}

// offer takes as many records of batch as there is room for and returns the rest.
func (d *dispatcher) offer(batch []*sarama.ConsumerMessage) []*sarama.ConsumerMessage {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(batch) > 0 && !d.closed && d.ring.room(len(batch[0].Value), d.limits.bytes) {
		m := batch[0]
		batch = batch[1:]
		n := d.ring.push(m.Offset, m.Value)
		l := d.lanes[string(m.Key)]
		switch {
		case l == nil:
			l = &lane{key: string(m.Key), first: n}
			d.lanes[l.key] = l
			d.ready.push(l)
		case l.n == 0:
			d.empty--
			l.first = n
			d.ready.push(l)
		default:
			d.ring.at(l.last).next = n
		}
		l.last = n
		l.n++
	}
	d.hire()
	return batch
}

// sweep forgets the empty lanes when there are more than could be in use; they
// are kept until then because the next record of a user mostly comes soon.
func (d *dispatcher) sweep() {
	if d.empty <= 2*d.limits.window {
		return
	}
	for key, l := range d.lanes {
		if l.n == 0 {
			delete(d.lanes, key)
		}
	}
	d.empty = 0
}

// hire starts a worker if there is work for one more. A worker that took a lane
// hires the next before it calls the handler, so a burst of ready lanes brings
// up as many as needed without the reader waiting for it.
func (d *dispatcher) hire() {
	if d.ready.len() > 0 && d.workers < d.limits.inFlight && !d.closed {
		d.workers++
		go d.work()
	}
}

func (d *dispatcher) work() {
	var copies arena
	d.mu.Lock()
	for d.ready.len() > 0 && !d.closed {
		l := d.ready.pop()
		s := d.ring.at(l.first)
		s.tries++
		value, tries := s.value, s.tries
		d.hire()
		d.mu.Unlock()
		// The handler owns its body; value stays for the next try.
		answer := d.handler(d.ctx, ports.Message{Topic: d.topic, Key: l.key, Body: copies.clone(value)})
		d.mu.Lock()
		d.settle(l, answer, tries)
	}
	d.workers--
	d.rest()
	d.mu.Unlock()
}

func (d *dispatcher) settle(l *lane, a ports.Answer, tries int) {
	if a.Again && (d.limits.tries == 0 || tries < d.limits.tries) {
		d.again++
		d.wait(l, a.After)
		return
	}
	if a.Again {
		d.stats.givenUp.Add(1)
	} else {
		d.done++
	}
	next := d.ring.at(l.first).next // read first: the slot is free after finish
	if d.ring.finish(l.first) {
		select {
		case d.space <- struct{}{}:
		default:
		}
	}
	l.n--
	if l.n > 0 {
		l.first = next
		d.ready.push(l)
		return
	}
	d.empty++
	d.sweep()
}

// wait makes l ready again after a while; a stop ends the wait for good, and the
// records of the lane are delivered to whoever has the partition then.
func (d *dispatcher) wait(l *lane, after time.Duration) {
	if after <= 0 {
		d.ready.push(l)
		return
	}
	l.timer = time.AfterFunc(after, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if l.timer == nil || d.closed {
			return
		}
		l.timer = nil
		d.ready.push(l)
		d.hire()
	})
}

// close takes no more deliveries; running handlers go on, waits are released.
func (d *dispatcher) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.closed = true
	for _, l := range d.lanes {
		if l.timer != nil {
			l.timer.Stop()
			l.timer = nil
		}
	}
	d.rest()
}

func (d *dispatcher) rest() {
	if d.closed && d.workers == 0 {
		select {
		case <-d.idle:
		default:
			close(d.idle)
		}
	}
}

// mark is the offset to commit: everything before it is done; -1: nothing yet.
func (d *dispatcher) mark() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stats.done.Add(d.done)
	d.stats.again.Add(d.again)
	d.done, d.again = 0, 0
	return d.ring.next
}

// resume is the offset after the last record that was taken; place when none was.
func (d *dispatcher) resume(place int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ring.tail == 0 {
		return place
	}
	return d.ring.at(d.ring.tail-1).offset + 1
}
