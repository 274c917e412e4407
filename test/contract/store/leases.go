package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func leaseAll(t *testing.T, s Outboxes) {
	o := s.Open(t)
	before := time.Now()
	l := lease(t, o, "a", domain.Shards, time.Minute)
	want(t, "shards", len(l.Shards), domain.Shards)
	want(t, "sorted", slices.IsSorted(l.Shards), true)
	if l.Until.Before(before.Add(59*time.Second)) || l.Until.After(time.Now().Add(time.Minute)) {
		t.Fatalf("a lease of a minute from %s is until %s", before, l.Until)
	}
	want(t, "another's", len(lease(t, s.Open(t), "b", domain.Shards, time.Minute).Shards), 0)
}

// settled renews for owners in turn until nothing changes, as relays do.
func settled(t testing.TB, o ports.Outbox, wanted map[string]int, keep map[string][]int) map[string][]int {
	t.Helper()
	got := map[string][]int{}
	for range 4 {
		for owner, n := range wanted {
			got[owner] = lease(t, o, owner, n, time.Minute, keep[owner]...).Shards
		}
	}
	owned := map[int]string{}
	for owner, shards := range got {
		for _, shard := range shards {
			want(t, fmt.Sprintf("owner of shard %d beside %s", shard, owner), owned[shard], "")
			owned[shard] = owner
		}
	}
	return got
}

func leaseFair(t *testing.T, s Outboxes) {
	o := s.Open(t)
	wanted := map[string]int{"a": domain.Shards}
	settled(t, o, wanted, nil)
	wanted["b"], wanted["c"] = domain.Shards, domain.Shards
	got := settled(t, o, wanted, nil)
	total := 0
	for owner, shards := range got {
		total += len(shards)
		if len(shards) < 21 || len(shards) > 22 {
			t.Fatalf("%s has %d shards", owner, len(shards))
		}
	}
	want(t, "shards of all", total, domain.Shards)
	again := settled(t, o, wanted, nil)
	want(t, "shards when nothing changes", asJSON(again), asJSON(got))

	wanted["d"] = domain.Shards
	keep := map[string][]int{"a": got["a"]}
	got = settled(t, o, wanted, keep)
	for _, shard := range keep["a"] {
		for _, owner := range []string{"b", "c", "d"} {
			want(t, "a shard in keep moved", slices.Contains(got[owner], shard), false)
		}
	}
}

func leaseWant(t *testing.T, s Outboxes) {
	got := settled(t, s.Open(t), map[string]int{"a": 10, "b": domain.Shards}, nil)
	want(t, "shards of a", len(got["a"]), 10)
	want(t, "shards of b", len(got["b"]), domain.Shards-10)
}

func leaseExpiry(t *testing.T, s Outboxes) {
	o := s.Open(t)
	lease(t, o, "a", domain.Shards, 300*time.Millisecond)
	want(t, "before", len(lease(t, o, "b", domain.Shards, time.Minute).Shards), 0)
	time.Sleep(400 * time.Millisecond) // the end of a lease is a time of the database's clock
	want(t, "after", len(lease(t, o, "b", domain.Shards, time.Minute).Shards), domain.Shards)
}

func leaseGiveUp(t *testing.T, s Outboxes) {
	o := s.Open(t)
	lease(t, o, "a", domain.Shards, time.Minute)
	want(t, "of a", len(lease(t, o, "a", 0, time.Minute).Shards), 0)
	want(t, "of b", len(lease(t, o, "b", domain.Shards, time.Minute).Shards), domain.Shards)
}

func leasePublishers(t *testing.T, s Outboxes) {
	o := s.Open(t)
	lease(t, o, "a", domain.Shards, time.Minute)
	l, err := o.Lease(t.Context(), domain.NotificationService, "b", domain.Shards, time.Minute, nil)
	ok(t, err)
	want(t, "shards", len(l.Shards), domain.Shards)
}

// bench is what the relays of churn publish on; it knows what must not happen.
type bench struct {
	t        testing.TB
	mu       sync.Mutex
	inFlight map[string]string // user to relay
	last     map[string]int64
	settled  atomic.Int64
}

// publish reports a user in two hands at once, or out of order. An event comes
// again only when the relay that had it died before it was settled.
func (b *bench) publish(relay string, p domain.Pending) {
	user := p.Event.UserID
	b.mu.Lock()
	if other := b.inFlight[user]; other != "" {
		b.t.Errorf("%s is in the hands of %s and %s", user, other, relay)
	}
	if last := b.last[user]; p.Event.Position > last+1 || p.Event.Position < last {
		b.t.Errorf("%s: %d published after %d", user, p.Event.Position, last)
	}
	b.inFlight[user], b.last[user] = relay, p.Event.Position
	b.mu.Unlock()
	time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond) // a broker's round trip
	b.mu.Lock()
	delete(b.inFlight, user)
	b.mu.Unlock()
}

const churnTTL = 600 * time.Millisecond

// relay works like core/outbox.Relay: it renews while it publishes. It dies
// without a word after life, or gives up in order when orderly is set.
func (b *bench) relay(s Outboxes, name string, life time.Duration, orderly bool) {
	o := s.Open(b.t)
	ctx := b.t.Context()
	var mu sync.Mutex
	var held domain.Lease
	busy := map[int]int{}
	end := time.Now().Add(life)
	var wg sync.WaitGroup
	wg.Go(func() {
		for time.Now().Before(end) {
			mu.Lock()
			var keep []int
			for shard := range busy {
				keep = append(keep, shard)
			}
			mu.Unlock()
			l, err := o.Lease(ctx, backend, name, domain.Shards, churnTTL, keep)
			if err != nil {
				b.t.Error(err)
				return
			}
			mu.Lock()
			held = l
			mu.Unlock()
			time.Sleep(churnTTL / 8)
		}
	})
	present := func() domain.Lease { mu.Lock(); defer mu.Unlock(); return held }
	for time.Now().Before(end) {
		l := present()
		if !time.Now().Before(l.Until.Add(-churnTTL / 4)) {
			time.Sleep(time.Millisecond)
			continue
		}
		heads, err := o.Heads(ctx, l, 20)
		if err != nil {
			b.t.Error(err)
			return
		}
		for _, p := range heads {
			shard := domain.ShardOf(p.Event.UserID)
			mu.Lock()
			mine := slices.Contains(held.Shards, shard) && time.Now().Before(held.Until.Add(-churnTTL/4))
			if mine {
				busy[shard]++
			}
			mu.Unlock()
			if !mine {
				continue
			}
			b.publish(name, p)
			if err := o.Settle(ctx, l, p); err != nil {
				b.t.Error(err)
			} else {
				b.settled.Add(1)
			}
			mu.Lock()
			if busy[shard]--; busy[shard] == 0 {
				delete(busy, shard)
			}
			mu.Unlock()
		}
		if len(heads) == 0 {
			select {
			case <-o.Wake():
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	wg.Wait()
	if orderly {
		if _, err := o.Lease(ctx, backend, name, 0, churnTTL, nil); err != nil {
			b.t.Error(err)
		}
	}
}

func churn(t *testing.T, s Outboxes) {
	const users, each = 24, 15
	b := &bench{t: t, inFlight: map[string]string{}, last: map[string]int64{}}
	var stop atomic.Bool
	var wg sync.WaitGroup
	for r := range 3 {
		wg.Go(func() {
			for n := 0; !stop.Load() && !t.Failed(); n++ {
				life := churnTTL + time.Duration(rand.Int64N(int64(churnTTL)))
				b.relay(s, fmt.Sprintf("relay %d.%d", r, n), life, n%2 == 0)
			}
		})
	}
	together(6, func(i int) {
		for n := range users * each / 6 {
			task := newTask(fmt.Sprint("user ", (i+6*n)%users))
			if _, err := s.Tasks.Tasks.Create(t.Context(), task, event(task, domain.TaskCreatedV1)); err != nil {
				t.Error(err)
				return
			}
			time.Sleep(time.Duration(rand.IntN(8)) * time.Millisecond)
		}
	})
	deadline := time.Now().Add(30 * time.Second)
	for b.settled.Load() < users*each && time.Now().Before(deadline) && !t.Failed() {
		time.Sleep(20 * time.Millisecond)
	}
	stop.Store(true)
	wg.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	total := int64(0)
	for _, last := range b.last {
		total += last
	}
	want(t, "events published", total, users*each)
}
