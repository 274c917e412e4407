package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Outboxes is a task store and the outbox that its writes fill. Open returns an
// outbox as another relay, or another process, has it.
type Outboxes struct {
	Tasks
	Open func(t testing.TB) ports.Outbox
}

const backend = domain.BackendAPI

// RunOutbox checks ports.Outbox.
func RunOutbox(t *testing.T, open func(t *testing.T) Outboxes) {
	for name, line := range map[string]func(*testing.T, Outboxes){
		"a commit is pending until it is settled":                    pendingUntilSettled,
		"a head is the event that was stored, with its topic":        headIsEvent,
		"heads are the oldest event of each user, however many wait": headsOldest,
		"a backlog drains in order, few events a user and many":      drains,
		"calls go round: no user starves behind a long backlog":      headsFair,
		"heads are of the lease's shards and publisher only":         headsOfLease,
		"heads of a lease that ended are empty":                      headsOfEnded,
		"settling again is no error":                                 settleTwice,
		"a commit wakes the relays of its publisher":                 wakes,
		"a failed write is never pending":                            failedWrite,
		"one owner gets every shard":                                 leaseAll,
		"owners share fairly, and a shard in keep does not move":     leaseFair,
		"an owner that wants little leaves the rest":                 leaseWant,
		"a dead owner's shards are free when its lease ends":         leaseExpiry,
		"giving up frees everything at once":                         leaseGiveUp,
		"publishers do not share leases":                             leasePublishers,
		"three relays under churn: one owner a shard, order a user":  churn,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line(t, open(t))
		})
	}
}

func lease(t testing.TB, o ports.Outbox, owner string, wanted int, ttl time.Duration, keep ...int) domain.Lease {
	t.Helper()
	l, err := o.Lease(t.Context(), backend, owner, wanted, ttl, keep)
	ok(t, err)
	want(t, "owner", l.Owner, owner)
	want(t, "publisher", l.Publisher, backend)
	return l
}

func pendings(t testing.TB, o ports.Outbox, l domain.Lease, limit int) []domain.Pending {
	t.Helper()
	got, err := o.Heads(t.Context(), l, limit)
	ok(t, err)
	users := map[string]bool{}
	for _, p := range got {
		want(t, "a user twice", users[p.Event.UserID], false)
		users[p.Event.UserID] = true
	}
	return got
}

func pendingUntilSettled(t *testing.T, s Outboxes) {
	o := s.Open(t)
	l := lease(t, o, "a", domain.Shards, time.Minute)
	want(t, "heads of nothing", len(pendings(t, o, l, 10)), 0)
	task := newTask("u")
	create(t, s.Tasks.Tasks, task)
	task.Version = 2
	_, err := s.Tasks.Tasks.Update(t.Context(), task, event(task, domain.TaskUpdatedV1))
	ok(t, err)
	_, err = s.Tasks.Tasks.Delete(t.Context(), "u", task.ID, 2, event(task, domain.TaskDeletedV1))
	ok(t, err)
	for i, topic := range []domain.Topic{domain.TaskCreated, domain.TaskUpdated, domain.TaskDeleted} {
		got := pendings(t, o, l, 10)
		want(t, "heads", len(got), 1)
		want(t, "position", got[0].Event.Position, int64(i+1))
		want(t, "topic", got[0].Topic, topic)
		want(t, "read again", asJSON(pendings(t, o, l, 10)), asJSON(got))
		ok(t, o.Settle(t.Context(), l, got...))
	}
	want(t, "heads in the end", len(pendings(t, o, l, 10)), 0)
	want(t, "events stay", len(stream(t, s.Streams, "u")), 3)
}

func headIsEvent(t *testing.T, s Outboxes) {
	o := s.Open(t)
	task := fullTask("u'ü")
	e := event(task, domain.TaskCreatedV1)
	p, err := s.Tasks.Tasks.Create(t.Context(), task, e)
	ok(t, err)
	e.Position = p
	got := pendings(t, o, lease(t, o, "a", domain.Shards, time.Minute), 10)
	want(t, "heads", asJSON(got), asJSON([]domain.Pending{{Topic: domain.TaskCreated, Event: e}}))
	want(t, "data", string(got[0].Event.Data), string(e.Data))
}

func fill(t testing.TB, s Outboxes, users, each int) {
	t.Helper()
	together(min(users, 16), func(i int) {
		for u := i; u < users; u += min(users, 16) {
			for range each {
				task := newTask(fmt.Sprintf("user-%03d", u))
				if _, err := s.Tasks.Tasks.Create(t.Context(), task, event(task, domain.TaskCreatedV1)); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func headsOldest(t *testing.T, s Outboxes) {
	o := s.Open(t)
	fill(t, s, 10, 5)
	l := lease(t, o, "a", domain.Shards, time.Minute)
	for round := range int64(5) {
		got := pendings(t, o, l, 100)
		want(t, "heads", len(got), 10)
		for _, p := range got {
			want(t, "position", p.Event.Position, round+1)
		}
		ok(t, o.Settle(t.Context(), l, got...))
	}
	want(t, "heads in the end", len(pendings(t, o, l, 100)), 0)
}

// drains has more users than an adapter reads by the same way as a few: a wide
// backlog, one that is deep in places, and shards that are another's among them.
func drains(t *testing.T, s Outboxes) {
	const users, deep, extra = 700, 5, 300
	a, b := s.Open(t), s.Open(t)
	fill(t, s, users, 2)
	fill(t, s, deep, extra)
	l := lease(t, a, "a", domain.Shards, time.Minute)
	next := map[string]int64{}
	drain := func(o ports.Outbox, l domain.Lease, limit, rounds int) {
		for i := 0; i < rounds; i++ {
			got := pendings(t, o, l, limit)
			if len(got) == 0 {
				return
			}
			for _, p := range got {
				want(t, "a shard of the lease", slices.Contains(l.Shards, domain.ShardOf(p.Event.UserID)), true)
				next[p.Event.UserID]++
				want(t, "position of "+p.Event.UserID, p.Event.Position, next[p.Event.UserID])
			}
			if i%5 != 4 { // what is not settled comes again
				ok(t, o.Settle(t.Context(), l, got...))
				continue
			}
			for _, p := range got {
				next[p.Event.UserID]--
			}
		}
	}
	drain(a, l, 300, 5)
	lease(t, b, "b", domain.Shards, time.Minute)
	lease(t, a, "a", domain.Shards, time.Minute)
	la, lb := lease(t, a, "a", domain.Shards, time.Minute), lease(t, b, "b", domain.Shards, time.Minute)
	want(t, "shards of both", len(la.Shards)+len(lb.Shards), domain.Shards)
	drain(a, la, 300, 1000)
	drain(b, lb, 300, 1000)
	for u := range users {
		n := int64(2)
		if u < deep {
			n += extra
		}
		user := fmt.Sprintf("user-%03d", u)
		want(t, "events of "+user, next[user], n)
	}
}

// headsFair never settles: whoever is read must not hold back the others.
func headsFair(t *testing.T, s Outboxes) {
	const users, limit = 50, 8
	o := s.Open(t)
	fill(t, s, users, 2)
	l := lease(t, o, "a", domain.Shards, time.Minute)
	seen := map[string]int{}
	for range (users + limit - 1) / limit {
		got := pendings(t, o, l, limit)
		want(t, "heads", len(got), limit)
		for _, p := range got {
			seen[p.Event.UserID]++
		}
	}
	want(t, "users seen in one round", len(seen), users)
}

func headsOfLease(t *testing.T, s Outboxes) {
	a, b := s.Open(t), s.Open(t)
	fill(t, s, 60, 1)
	lease(t, a, "a", domain.Shards, time.Minute)
	lease(t, b, "b", domain.Shards, time.Minute)
	lease(t, a, "a", domain.Shards, time.Minute)
	la := lease(t, a, "a", domain.Shards, time.Minute)
	lb := lease(t, b, "b", domain.Shards, time.Minute)
	var all []string
	for _, h := range []struct {
		o ports.Outbox
		l domain.Lease
	}{{a, la}, {b, lb}} {
		for _, p := range pendings(t, h.o, h.l, 100) {
			want(t, "a shard of the lease", slices.Contains(h.l.Shards, domain.ShardOf(p.Event.UserID)), true)
			all = append(all, p.Event.UserID)
		}
	}
	want(t, "heads of both", len(all), 60)
	everything := la
	for shard := range domain.Shards {
		everything.Shards = append(everything.Shards, shard)
	}
	want(t, "heads of shards that are another's", len(pendings(t, a, everything, 100)), len(pendings(t, a, la, 100)))
	other, err := a.Lease(t.Context(), domain.NotificationService, "a", domain.Shards, time.Minute, nil)
	ok(t, err)
	want(t, "heads of another publisher", len(pendings(t, a, other, 100)), 0)
}

func headsOfEnded(t *testing.T, s Outboxes) {
	o := s.Open(t)
	fill(t, s, 1, 1)
	l := lease(t, o, "a", domain.Shards, 100*time.Millisecond)
	time.Sleep(200 * time.Millisecond) // the end of a lease is a time of the database's clock
	want(t, "heads", len(pendings(t, o, l, 10)), 0)
}

func settleTwice(t *testing.T, s Outboxes) {
	o := s.Open(t)
	fill(t, s, 3, 1)
	l := lease(t, o, "a", domain.Shards, time.Minute)
	got := pendings(t, o, l, 10)
	together(8, func(int) {
		if err := o.Settle(t.Context(), l, got...); err != nil {
			t.Error(err)
		}
	})
	ok(t, o.Settle(t.Context(), l))
	want(t, "heads", len(pendings(t, o, l, 10)), 0)
}

func wakes(t *testing.T, s Outboxes) {
	o := s.Open(t)
	for range 3 {
		fill(t, s, 1, 20) // more signals than the channel holds: writers never wait
		select {
		case <-o.Wake():
		case <-time.After(5 * time.Second):
			t.Fatal("not woken")
		}
	}
}

func failedWrite(t *testing.T, s Outboxes) {
	o := s.Open(t)
	task := newTask("u")
	create(t, s.Tasks.Tasks, task)
	l := lease(t, o, "a", domain.Shards, time.Minute)
	ok(t, o.Settle(t.Context(), l, pendings(t, o, l, 10)...))
	task.Version = 7
	_, err := s.Tasks.Tasks.Update(t.Context(), task, event(task, domain.TaskUpdatedV1))
	wantKind(t, "update", err, domain.ErrConflict)
	_, err = s.Tasks.Tasks.Create(t.Context(), task, event(task, domain.TaskCreatedV1))
	wantKind(t, "create", err, domain.ErrConflict)
	want(t, "heads", len(pendings(t, o, l, 10)), 0)
}
