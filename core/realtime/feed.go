package realtime

import (
	"context"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// feed is one user who has connections here.
type feed struct {
	user    string
	shard   *shard
	conns   []*Conn
	known   int64 // the highest position that is known to exist
	reading bool  // a read of the stream is under way
}

func (f *feed) remove(c *Conn) {
	if c.departed {
		return
	}
	c.departed = true
	f.conns = slices.DeleteFunc(f.conns, func(o *Conn) bool { return o == c })
	c.hub.stats.connections.Add(-1)
	if len(f.conns) == 0 {
		delete(f.shard.feeds, f.user)
	}
}

// open is how many connections are not on their way out.
func (f *feed) open() (n int) {
	for _, c := range f.conns {
		if !c.closed {
			n++
		}
	}
	return n
}

// needs says that c waits for a read. One that is behind and has much queued
// waits for its client instead.
func (f *feed) needs(c *Conn, room int) bool {
	return c.joined && !c.held && !c.closed && (c.check || c.reason != "" || c.place < f.known && c.queued < room)
}

// readIfBehind starts the read that a connection needs. The shard is locked.
func (h *Hub) readIfBehind(f *feed) {
	if f.reading || f.shard.stopped {
		return
	}
	for _, c := range f.conns {
		if f.needs(c, h.limits.Queue/2) {
			f.reading = true
			h.reads.Go(func() { h.read(f) })
			return
		}
	}
}

// target is a connection as it was when a read began.
type target struct {
	conn *Conn
	turn uint32
}

// read reads f's stream until no connection needs it.
func (h *Hub) read(f *feed) {
	wait, failed := retryMin, false
	for {
		targets, from, limit := h.targets(f)
		if targets == nil {
			return
		}
		h.stats.reads.Add(1)
		events, head, err := h.after(f.user, from, limit)
		if err != nil {
			if h.ctx.Err() == nil && !failed {
				failed = true
				h.log.WarnContext(h.ctx, "the stream can't be read; connections wait", "error", err)
			}
			if h.clock.Wait(h.ctx, wait) != nil {
				h.giveUp(f)
				return
			}
			wait = min(2*wait, retryMax)
			continue
		}
		wait, failed = retryMin, false
		h.arrived(head.Epoch)
		h.apply(f, targets, events, head)
	}
}

// after is one read, of which only some are under way at a time.
func (h *Hub) after(user string, from int64, limit int) ([]domain.Event, domain.Position, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-h.ctx.Done():
		return nil, domain.Position{}, h.ctx.Err()
	}
	ctx, cancel := context.WithTimeout(h.ctx, readTimeout)
	defer cancel()
	return h.stream.After(ctx, user, from, limit)
}

// targets are the connections that need a read, and the lowest of their places;
// nil ends the reading.
func (h *Hub) targets(f *feed) (list []target, from int64, limit int) {
	f.shard.mu.Lock()
	defer f.shard.mu.Unlock()
	from = math.MaxInt64
	for _, c := range f.conns {
		if !f.needs(c, h.limits.Queue/2) {
			continue
		}
		list = append(list, target{c, c.turn})
		if c.reason == "" {
			from, limit = min(from, c.place), page
		}
	}
	f.reading = list != nil
	return list, from, limit
}

func (h *Hub) giveUp(f *feed) {
	f.shard.mu.Lock()
	defer f.shard.mu.Unlock()
	f.reading = false
}

// apply hands out what a read found: first to those whose place it settles.
func (h *Hub) apply(f *feed, targets []target, events []domain.Event, head domain.Position) {
	f.shard.mu.Lock()
	defer f.shard.mu.Unlock()
	if head.Epoch != *h.epoch.Load() { // replaced once more: the next read sees it
		return
	}
	f.known = max(f.known, head.Value)
	for _, t := range targets {
		if !t.conn.closed && t.conn.turn == t.turn {
			h.settle(t.conn, events, head)
		}
	}
	for i := range events {
		h.offer(f, &events[i], h.limits.Queue/2)
	}
}

// settle tells c to resync when the stream does not have its place.
func (h *Hub) settle(c *Conn, events []domain.Event, head domain.Position) {
	reason := c.reason
	switch {
	case reason != "":
	case c.check && c.place > head.Value:
		reason = reasonFuture
	case c.place < head.Value && (len(events) == 0 || events[0].Position > c.place+1):
		reason = reasonExpired
	}
	c.check, c.reason = false, ""
	if reason == "" {
		return
	}
	c.place = head.Value
	c.push(resync(reason, head))
	h.stats.resyncs.Add(1)
}

// offer gives an event to each connection for which it is next. One with more
// than room queued is left behind; a room of 0 is for news: then a full queue
// closes the connection.
func (h *Hub) offer(f *feed, e *domain.Event, room int) {
	var m *Message
	for _, c := range f.conns {
		if c.place+1 != e.Position || !c.flows() || room > 0 && c.queued >= room {
			continue
		}
		if m == nil {
			m = update(*h.epoch.Load(), e)
		}
		if c.queued+m.size() > h.limits.Queue && c.queued > 0 {
			c.end(TooSlow, "messages are taken too slowly; resume from the last position")
			continue
		}
		c.deliver(m)
	}
}

// arrived compares the epoch of a read. A new one means that the database was
// replaced: nobody's place means anything any more.
func (h *Hub) arrived(epoch uuid.UUID) {
	if old := h.epoch.Load(); *old == epoch || !h.epoch.CompareAndSwap(old, &epoch) {
		return
	}
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		for _, f := range s.feeds {
			f.known = 0
			for _, c := range f.conns {
				if c.joined {
					c.forget()
					c.reason = reasonEpoch
					c.turn++
				}
			}
			h.readIfBehind(f)
		}
		s.mu.Unlock()
	}
}
