package realtime

import (
	"context"
	"hash/maphash"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/coalesce"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Limits of a Hub. Zero values are the defaults in brackets.
type Limits struct {
	PerUser int // connections of one user [20]
	Queue   int // bytes queued for one connection [1 MiB]
}

const (
	shards      = 64
	readers     = 8                // reads of streams at the same time
	page        = 256              // events in one read
	batch       = 500              // users in one comparison of heads
	readTimeout = 10 * time.Second // of one read
	retryMin    = 100 * time.Millisecond
	retryMax    = 2 * time.Second
)

// Hub has the connections of this instance.
type Hub struct {
	stream ports.EventStream
	clock  ports.Clock
	log    *slog.Logger
	limits Limits

	epoch    atomic.Pointer[uuid.UUID] // of the streams; uuid.Nil before the first read
	heads    *coalesce.Group[string, domain.Head]
	seed     maphash.Seed
	shards   [shards]shard
	draining atomic.Bool
	stats    stats

	ctx   context.Context // of reads
	stop  context.CancelFunc
	reads sync.WaitGroup
	slots chan struct{}
}

// shard has the feeds of some of the users.
type shard struct {
	mu      sync.Mutex
	feeds   map[string]*feed
	held    []*Conn // in the order in which their time ends
	stopped bool    // no more reads
}

// NewHub returns a hub that reads stream. It does nothing before Run.
func NewHub(stream ports.EventStream, clock ports.Clock, log *slog.Logger, l Limits) *Hub {
	if l.PerUser <= 0 {
		l.PerUser = 20
	}
	if l.Queue <= 0 {
		l.Queue = 1 << 20
	}
	h := &Hub{stream: stream, clock: clock, log: log, limits: l, seed: maphash.MakeSeed(), slots: make(chan struct{}, readers)}
	h.epoch.Store(&uuid.Nil)
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.heads = coalesce.New(h.readHeads, coalesce.Options{MaxBatch: batch, MaxFlushes: 2, Timeout: readTimeout})
	for i := range h.shards {
		h.shards[i].feeds = map[string]*feed{}
	}
	return h
}

func (h *Hub) shardOf(user string) *shard { return &h.shards[maphash.String(h.seed, user)%shards] }

// Handle takes an event of the broadcast.
func (h *Hub) Handle(_ context.Context, e domain.Event) error {
	s := h.shardOf(e.UserID)
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.feeds[e.UserID]
	if f == nil || *h.epoch.Load() == uuid.Nil {
		return nil
	}
	f.known = max(f.known, e.Position)
	h.offer(f, &e, 0)
	h.readIfBehind(f)
	return nil
}

// Join adds a connection of user. What it has to write first, the connected
// message, is queued when Join returns. Errors: ErrTooMany, ErrDraining,
// domain.ErrUnavailable.
func (h *Hub) Join(ctx context.Context, user string, o Options) (*Conn, error) {
	now := h.clock.Now()
	c := &Conn{hub: h, wake: o.Wake, expires: o.Expires, ping: o.Ping, silence: o.Silence, pinged: now}
	c.Heard()
	if err := h.enter(user, c); err != nil {
		return nil, err
	}
	head, err := h.headOf(ctx, user)
	if err != nil {
		c.Leave()
		return nil, err
	}
	s := c.feed.shard
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.closed { // draining began meanwhile
		return c, nil
	}
	at := domain.Position{Epoch: *h.epoch.Load(), Value: head.Position}
	c.feed.known = max(c.feed.known, head.Position)
	c.place, c.erased = head.Position, head.Erased
	if o.From != nil && o.From.Epoch == at.Epoch {
		at, c.place, c.check = *o.From, o.From.Value, true
	}
	hello, lost := connected(at, now), o.From != nil && o.From.Epoch != at.Epoch
	if !lost { // else a client that never reads the resync must come back with its old place
		hello.Place = at
	}
	c.since.Store(now.UnixNano())
	c.push(hello)
	if lost {
		c.push(resync(reasonEpoch, at))
		h.stats.resyncs.Add(1)
	}
	c.joined = true
	if o.Hold && o.From == nil {
		c.held = true
		s.held = append(s.held, c)
	}
	h.readIfBehind(c.feed)
	return c, nil
}

// enter makes c one of its user's connections, without a place yet.
func (h *Hub) enter(user string, c *Conn) error {
	s := h.shardOf(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.draining.Load() {
		return ErrDraining
	}
	f := s.feeds[user]
	if f == nil {
		f = &feed{user: user, shard: s}
		s.feeds[user] = f
	}
	if f.open() >= h.limits.PerUser {
		h.stats.closed(TooMany)
		return ErrTooMany
	}
	c.feed = f
	f.conns = append(f.conns, c)
	h.stats.connections.Add(1)
	return nil
}

// headOf is where user's stream is now. Joins that are in flight together read
// together.
func (h *Hub) headOf(ctx context.Context, user string) (domain.Head, error) {
	if *h.epoch.Load() == uuid.Nil {
		if err := h.readEpoch(user); err != nil {
			return domain.Head{}, err
		}
	}
	return h.heads.Do(ctx, user)
}

// readEpoch learns which database it is.
func (h *Hub) readEpoch(user string) error {
	_, head, err := h.after(user, math.MaxInt64, 0)
	if err == nil {
		h.arrived(head.Epoch)
	}
	return err
}

func (h *Hub) readHeads(ctx context.Context, users []string) []coalesce.Result[domain.Head] {
	out := make([]coalesce.Result[domain.Head], len(users))
	heads, err := h.stream.Heads(ctx, users)
	for i, u := range users {
		out[i] = coalesce.Result[domain.Head]{Value: heads[u], Err: err}
	}
	return out
}
