package realtime

import (
	"sync/atomic"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// Options of a connection.
type Options struct {
	Expires time.Time        // of the token: the connection ends then
	From    *domain.Position // where the client is; nil: at the head
	Hold    bool             // hold events back until the client's first message, for 3 s at most: it may resume
	Ping    time.Duration    // between pings; 0: none
	Silence time.Duration    // after which a client that was not heard of is gone; 0: never

	// Wake is called when there is something to take with Next and nobody takes it.
	// It must start that and return at once, without a call of the Conn. The first
	// time is before Join returns.
	Wake func(*Conn)
}

// Conn is one connection of a user. Its fields are guarded by the lock of the
// feed's shard; heard and since are not.
type Conn struct {
	hub   *Hub
	feed  *feed
	wake  func(*Conn)
	heard atomic.Int64 // when anything came from the client, Unix nanoseconds
	since atomic.Int64 // when it got the place that it goes on from, Unix nanoseconds

	place  int64 // the last event that was queued
	erased int64 // what was erased when it joined
	turn   uint32
	reason string // not "": the place is unknown, the next read finds the head and the client is told so

	queue    []*Message
	queued   int // bytes
	expires  time.Time
	pinged   time.Time
	closeAt  time.Time // while draining
	ping     time.Duration
	silence  time.Duration
	joined   bool // has a place
	held     bool
	check    bool // the place came from the client: the next read checks it
	writing  bool // Next has not yet answered with nothing
	warned   bool
	closed   bool // nothing is queued any more
	departed bool // not among the feed's connections any more
}

// User is whose connection this is.
func (c *Conn) User() string { return c.feed.user }

// Next takes all that is queued. Nothing means that Wake comes again before
// there is more.
func (c *Conn) Next() []*Message {
	s := c.feed.shard
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(c.queue) == 0 {
		c.writing = false
		return nil
	}
	out := c.queue
	c.queue, c.queued = nil, 0
	c.hub.readIfBehind(c.feed)
	return out
}

// Fresh says of an event's message that the event was made while the connection waited
// for it: what it takes from then to the client is the delay that the client sees.
func (c *Conn) Fresh(m *Message) bool { return m.Step.Made.UnixNano() > c.since.Load() }

// Heard notes that the client lives.
func (c *Conn) Heard() { c.heard.Store(c.hub.clock.Now().UnixNano()) }

// Pong answers a ping of the protocol.
func (c *Conn) Pong() { c.Send(ponged) }

// Send queues a message that is none of the stream.
func (c *Conn) Send(m *Message) {
	c.feed.shard.mu.Lock()
	defer c.feed.shard.mu.Unlock()
	c.push(m)
}

// Extend replaces the token's end.
func (c *Conn) Extend(expires time.Time) {
	c.feed.shard.mu.Lock()
	defer c.feed.shard.mu.Unlock()
	c.expires, c.warned = expires, false
}

// Spoke ends the time in which events are held back.
func (c *Conn) Spoke() {
	c.feed.shard.mu.Lock()
	defer c.feed.shard.mu.Unlock()
	c.release()
}

func (c *Conn) release() {
	if c.held {
		c.held = false
		c.hub.readIfBehind(c.feed)
	}
}

// Resume moves the connection's place: the next event is the one behind it.
// Events that are queued and not yet taken are forgotten. A place that the
// stream does not have makes the client resync.
func (c *Conn) Resume(at domain.Position) {
	c.feed.shard.mu.Lock()
	defer c.feed.shard.mu.Unlock()
	if c.closed || !c.joined {
		return
	}
	c.held = false
	c.forget()
	switch {
	case at.Epoch != *c.hub.epoch.Load():
		c.turn++
		c.check, c.reason = false, reasonEpoch
	case at.Value != c.place || c.check || c.reason != "":
		c.since.Store(c.hub.clock.Now().UnixNano())
		c.turn++
		c.place, c.check, c.reason = at.Value, true, ""
	}
	c.hub.readIfBehind(c.feed)
}

// forget takes off the queue what a new place makes stale.
func (c *Conn) forget() {
	kept := c.queue[:0]
	for _, m := range c.queue {
		if m.stale {
			c.queued -= m.size()
			continue
		}
		kept = append(kept, m)
	}
	clear(c.queue[len(kept):])
	c.queue = kept
}

// End closes the connection with a code; what is queued goes out before it,
// except for a client that is too slow. False: it was closed before.
func (c *Conn) End(code Code, reason string) bool {
	c.feed.shard.mu.Lock()
	defer c.feed.shard.mu.Unlock()
	return c.end(code, reason)
}

func (c *Conn) end(code Code, reason string) bool {
	if c.closed {
		return false
	}
	if code == TooSlow {
		c.queue, c.queued = nil, 0
	}
	c.push(&Message{Kind: Close, Code: code, Reason: reason})
	c.closed = true
	c.hub.stats.closed(code)
	return true
}

// Leave forgets the connection: its socket is gone.
func (c *Conn) Leave() {
	s := c.feed.shard
	s.mu.Lock()
	defer s.mu.Unlock()
	c.closed = true
	c.queue, c.queued = nil, 0
	c.feed.remove(c)
}

func (c *Conn) push(m *Message) {
	if c.closed {
		return
	}
	if c.queue == nil {
		c.queue = make([]*Message, 0, 4) // changes come in bursts
	}
	c.queue = append(c.queue, m)
	c.queued += m.size()
	if !c.writing {
		c.writing = true
		c.wake(c)
	}
}

// flows says that events may be queued at all.
func (c *Conn) flows() bool { return c.joined && !c.held && !c.closed && !c.check && c.reason == "" }

// deliver queues the event at position; the caller has checked that it is next.
func (c *Conn) deliver(m *Message) {
	c.push(m)
	c.place = m.Place.Value
	c.hub.stats.delivered.Add(1)
}
