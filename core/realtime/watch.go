package realtime

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

const (
	tick      = 250 * time.Millisecond
	holdFor   = 3 * time.Second
	warnAhead = time.Minute // before a token's end
)

// Run sees to time until ctx ends: held events, pings, expiry, silence, and once
// a second the comparison with the heads of the streams. Then it stops all reads.
func (h *Hub) Run(ctx context.Context) error {
	var all sync.WaitGroup
	all.Go(func() {
		for i := 1; h.clock.Wait(ctx, tick) == nil; i++ {
			h.releaseHeld()
			if i%4 == 0 {
				h.scan()
			}
		}
	})
	all.Go(func() {
		failed := false
		for h.clock.Wait(ctx, time.Second) == nil {
			err := h.compare(ctx)
			if err != nil && !failed && ctx.Err() == nil {
				h.log.WarnContext(ctx, "the heads of the streams can't be read; a lost broadcast stays unseen meanwhile", "error", err)
			}
			failed = err != nil
		}
	})
	all.Wait()
	h.stop()
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		s.stopped = true
		s.mu.Unlock()
	}
	h.reads.Wait()
	return nil
}

// releaseHeld lets events through to clients that have said nothing for holdFor.
func (h *Hub) releaseHeld() {
	now := h.clock.Now()
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		for len(s.held) > 0 && (!s.held[0].held || !now.Before(s.held[0].pinged.Add(holdFor))) {
			s.held[0].release()
			s.held[0] = nil
			if s.held = s.held[1:]; len(s.held) == 0 {
				s.held = nil
			}
		}
		s.mu.Unlock()
	}
}

// scan looks at each connection's clock.
func (h *Hub) scan() {
	now := h.clock.Now()
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		for _, f := range s.feeds {
			for _, c := range f.conns {
				if c.joined && !c.closed {
					c.look(now)
				}
			}
		}
		s.mu.Unlock()
	}
}

func (c *Conn) look(now time.Time) {
	left := c.expires.Sub(now)
	switch {
	case left <= 0:
		c.end(Expired, "the token has expired; fetch a new one and reconnect")
		return
	case c.silence > 0 && now.Sub(time.Unix(0, c.heard.Load())) >= c.silence:
		c.end(Silent, "no answer to pings")
		return
	case left <= warnAhead && !c.warned:
		c.warned = true
		c.push(expiring(left))
	}
	if c.ping > 0 && now.Sub(c.pinged) >= c.ping {
		c.pinged = now
		c.push(pinged)
	}
}

// compare asks where the streams of the connected users are, so that the Hub
// learns what no broadcast has told it.
func (h *Hub) compare(ctx context.Context) error {
	users := h.users()
	if len(users) == 0 {
		return nil
	}
	if err := h.readEpoch(users[0]); err != nil {
		return err
	}
	for some := range slices.Chunk(users, batch) {
		limited, cancel := context.WithTimeout(ctx, readTimeout)
		heads, err := h.stream.Heads(limited, some)
		cancel()
		if err != nil {
			return err
		}
		for user, head := range heads {
			h.learn(user, head)
		}
	}
	return nil
}

func (h *Hub) users() []string {
	var out []string
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		for u := range s.feeds {
			out = append(out, u)
		}
		s.mu.Unlock()
	}
	return out
}

func (h *Hub) learn(user string, head domain.Head) {
	s := h.shardOf(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.feeds[user]
	if f == nil {
		return
	}
	f.known = max(f.known, head.Position)
	for _, c := range f.conns {
		if c.joined && head.Erased > c.erased {
			c.end(Erased, "the user's data was erased")
		}
	}
	h.readIfBehind(f)
}
