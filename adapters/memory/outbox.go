package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Outbox is a ports.Outbox in this process: pending events and shard leases.
type Outbox struct {
	clock ports.Clock

	mu      sync.Mutex
	pending map[string][]domain.Pending // by user, in order
	leases  map[domain.Service]map[int]shardLease
	members map[domain.Service]map[string]time.Time // owners, and until when they count
	turn    string                                  // the user after whom Heads goes on
	wake    chan struct{}
}

type shardLease struct {
	owner string
	until time.Time
}

var _ ports.Outbox = (*Outbox)(nil)

// NewOutbox returns an empty outbox.
func NewOutbox(clock ports.Clock) *Outbox {
	return &Outbox{
		clock: clock, pending: map[string][]domain.Pending{}, leases: map[domain.Service]map[int]shardLease{},
		members: map[domain.Service]map[string]time.Time{}, wake: make(chan struct{}, 1),
	}
}

// Add makes events pending; of one user in the order of their positions.
func (o *Outbox) Add(events ...domain.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range events {
		o.pending[e.UserID] = append(o.pending[e.UserID], domain.Pending{Topic: domain.TopicOf(e.Type), Event: e})
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Len is how many events are pending.
func (o *Outbox) Len() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.pending {
		n += len(p)
	}
	return n
}

// Lease implements ports.Outbox.
func (o *Outbox) Lease(_ context.Context, publisher domain.Service, owner string, want int, ttl time.Duration, keep []int) (domain.Lease, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.clock.Now()
	if o.leases[publisher] == nil {
		o.leases[publisher], o.members[publisher] = map[int]shardLease{}, map[string]time.Time{}
	}
	leases, members := o.leases[publisher], o.members[publisher]
	members[owner] = now.Add(ttl)
	if want == 0 {
		delete(members, owner)
	}
	for m, until := range members {
		if !until.After(now) {
			delete(members, m)
		}
	}
	share := 0
	if want > 0 {
		share = min(want, (domain.Shards+len(members)-1)/len(members))
	}
	mine := func(s int) bool { return leases[s].owner == owner && leases[s].until.After(now) }
	held := 0
	for s := range domain.Shards {
		if mine(s) {
			held++
		}
	}
	l := domain.Lease{Publisher: publisher, Owner: owner, Until: now.Add(ttl)}
	for s := range domain.Shards {
		switch own := mine(s); {
		case own && held > share && !slices.Contains(keep, s):
			delete(leases, s)
			held--
			continue
		case !own && (held >= share || leases[s].until.After(now)):
			continue
		case !own:
			held++
		}
		leases[s] = shardLease{owner, l.Until}
		l.Shards = append(l.Shards, s)
	}
	return l, nil
}

// Heads implements ports.Outbox.
func (o *Outbox) Heads(_ context.Context, l domain.Lease, limit int) ([]domain.Pending, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var users []string
	for u, p := range o.pending {
		if p[0].Event.Source == l.Publisher && slices.Contains(l.Shards, domain.ShardOf(u)) {
			users = append(users, u)
		}
	}
	slices.Sort(users)
	first, _ := slices.BinarySearch(users, o.turn+"\x00")
	var out []domain.Pending
	for i := range min(limit, len(users)) {
		o.turn = users[(first+i)%len(users)]
		out = append(out, o.pending[o.turn][0])
	}
	return out, nil
}

// Settle implements ports.Outbox.
func (o *Outbox) Settle(_ context.Context, _ domain.Lease, published ...domain.Pending) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range published {
		u := p.Event.UserID
		o.pending[u] = slices.DeleteFunc(o.pending[u], func(q domain.Pending) bool { return q.Event.Position == p.Event.Position })
		if len(o.pending[u]) == 0 {
			delete(o.pending, u)
		}
	}
	return nil
}

// Wake implements ports.Outbox.
func (o *Outbox) Wake() <-chan struct{} { return o.wake }
