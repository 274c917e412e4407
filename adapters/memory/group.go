package memory

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const laneShards = 64

// group is a durable consumer group: its members compete, its lanes keep order.
type group struct {
	clock  ports.Clock
	topics []domain.Topic // guarded by Bus.mu
	seed   maphash.Seed
	lanes  [laneShards]laneShard
	turn   atomic.Uint64

	mu      sync.Mutex
	members atomic.Pointer[[]*member] // replaced under mu
	joined  chan struct{}             // closed and replaced when a member joins
}

// laneShard has the lanes that are in use, with the deliveries that wait for the
// running one.
type laneShard struct {
	mu    sync.Mutex
	lanes map[laneKey][]*job
}

type laneKey struct {
	topic domain.Topic
	key   string
}

type job struct {
	record ports.Record
	ctx    context.Context // of the publisher; Background for the backlog
	turn   chan struct{}   // closed when the job may run; nil: run by the lane itself
}

func newGroup(clock ports.Clock) *group {
	g := &group{clock: clock, seed: maphash.MakeSeed(), joined: make(chan struct{})}
	g.members.Store(&[]*member{})
	for i := range g.lanes {
		g.lanes[i].lanes = map[laneKey][]*job{}
	}
	return g
}

func (g *group) shard(k laneKey) *laneShard {
	return &g.lanes[maphash.String(g.seed, k.key)%laneShards]
}

// deliver runs r through its lane in the caller's goroutine.
func (g *group) deliver(ctx context.Context, r ports.Record) error {
	k := laneKey{r.Topic, r.Key}
	if j := g.enter(ctx, k, r, true); j != nil {
		<-j.turn // its own wait for ctx would break the order of the lane
	}
	defer g.exit(k)
	return g.settle(ctx, r)
}

// enter returns nil when the lane was free and is now the caller's, else a job,
// queued; with a turn when the caller waits for it.
func (g *group) enter(ctx context.Context, k laneKey, r ports.Record, waits bool) *job {
	sh := g.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	waiting, busy := sh.lanes[k]
	if !busy {
		sh.lanes[k] = nil
		return nil
	}
	j := &job{record: r, ctx: ctx}
	if waits {
		j.turn = make(chan struct{})
	}
	sh.lanes[k] = append(waiting, j)
	return j
}

// exit hands the lane to the next job.
func (g *group) exit(k laneKey) {
	sh := g.shard(k)
	sh.mu.Lock()
	waiting := sh.lanes[k]
	if len(waiting) == 0 {
		delete(sh.lanes, k)
		sh.mu.Unlock()
		return
	}
	next := waiting[0]
	sh.lanes[k] = waiting[1:]
	sh.mu.Unlock()
	if next.turn != nil {
		close(next.turn)
		return
	}
	go g.backlog(k, next)
}

// enqueue puts a retained record on its lane; nobody waits for it.
func (g *group) enqueue(r ports.Record) {
	k := laneKey{r.Topic, r.Key}
	if g.enter(context.Background(), k, r, false) == nil {
		go g.backlog(k, &job{record: r, ctx: context.Background()})
	}
}

func (g *group) backlog(k laneKey, j *job) {
	defer g.exit(k)
	_ = g.settle(j.ctx, j.record)
}

// settle delivers r until a member says done; an error only when ctx ends.
func (g *group) settle(ctx context.Context, r ports.Record) error {
	for {
		m, err := g.pick(ctx, r.Topic)
		if err != nil {
			return err
		}
		a := m.handler(m.ctx, message(r))
		m.exit()
		if !a.Again {
			return nil
		}
		if err := g.pause(ctx, m, a.After); err != nil {
			return err
		}
	}
}

// pause waits before the next attempt; no longer than m stays, whose answer it was.
func (g *group) pause(ctx context.Context, m *member, d time.Duration) error {
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(untilClosed(m.leaving), cancel)()
	_ = g.clock.Wait(wait, max(d, time.Millisecond))
	return ctx.Err()
}

// pick enters a member that has the topic, in turn; it waits while there is none.
func (g *group) pick(ctx context.Context, t domain.Topic) (*member, error) {
	for {
		if m := g.free(t); m != nil {
			return m, nil
		}
		g.mu.Lock()
		joined := g.joined
		g.mu.Unlock()
		if m := g.free(t); m != nil { // it may have joined before joined was read
			return m, nil
		}
		select {
		case <-joined:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (g *group) free(t domain.Topic) *member {
	members := *g.members.Load()
	for range members {
		m := members[g.turn.Add(1)%uint64(len(members))]
		if slices.Contains(m.topics, t) && m.enter() {
			return m
		}
	}
	return nil
}

func (g *group) join(m *member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := append(slices.Clone(*g.members.Load()), m)
	g.members.Store(&next)
	close(g.joined)
	g.joined = make(chan struct{})
}

func (g *group) leave(m *member) {
	g.mu.Lock()
	next := slices.DeleteFunc(slices.Clone(*g.members.Load()), func(o *member) bool { return o == m })
	g.members.Store(&next)
	g.mu.Unlock()
	m.close()
}

// member is one instance of a durable group.
type member struct {
	handler ports.Handler
	ctx     context.Context
	topics  []domain.Topic

	running atomic.Int64  // handlers; closing adds a large negative number
	leaving chan struct{} // closed when it takes no more
	once    sync.Once
	idle    chan struct{} // closed when it is closing and the last handler has returned
}

const closing = -1 << 40

// enter says whether a handler may start.
func (m *member) enter() bool {
	if m.running.Add(1) > 0 {
		return true
	}
	m.exit()
	return false
}

func (m *member) exit() {
	if m.running.Add(-1) == closing {
		m.once.Do(func() { close(m.idle) })
	}
}

func (m *member) close() {
	close(m.leaving)
	if m.running.Add(closing) == closing {
		m.once.Do(func() { close(m.idle) })
	}
}

// untilClosed is a context that ends when ch is closed.
func untilClosed(ch <-chan struct{}) context.Context { return closedContext{context.Background(), ch} }

type closedContext struct {
	context.Context
	ch <-chan struct{}
}

func (c closedContext) Done() <-chan struct{} { return c.ch }

func (c closedContext) Err() error {
	select {
	case <-c.ch:
		return context.Canceled
	default:
		return nil
	}
}
