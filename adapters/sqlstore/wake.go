package sqlstore

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// signals wakes who waits for commits: in this process through channels, in
// other processes through DB.Run.
type signals struct {
	mu      sync.Mutex
	relays  []waiter
	letters []chan struct{}
	remind  []chan struct{}
	notify  bool          // other processes can be told
	due     sync.Map      // news for other processes, each a notice
	sender  chan struct{} // capacity 1: there is something in due
	held    sync.Map      // domain.Service to *shardSet: what this process relays itself
	running atomic.Bool   // DB.Run is there to send
}

// notice is a channel of PostgreSQL and what to say there.
type notice struct{ channel, payload string }

type waiter struct {
	publishers []domain.Service // empty: all
	ch         chan struct{}
}

type shardSet struct {
	mask  uint64
	until time.Time
}

func (s *signals) init(notify bool) {
	s.notify = notify
	s.sender = make(chan struct{}, 1)
}

func (s *signals) relay(publishers []domain.Service) chan struct{} {
	ch := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.relays = append(s.relays, waiter{publishers, ch})
	return ch
}

func (s *signals) letter() chan struct{} { return s.add(&s.letters) }

func (s *signals) reminder() chan struct{} { return s.add(&s.remind) }

func (s *signals) add(to *[]chan struct{}) chan struct{} {
	ch := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	*to = append(*to, ch)
	return ch
}

// committed is called after a commit that made events of these users pending.
// It never blocks.
func (s *signals) committed(publisher domain.Service, users ...string) {
	s.wakeRelays(publisher)
	if !s.allMine(publisher, users) {
		s.tellOthers(notice{channelOutbox, string(publisher)})
	}
}

// remindWithin is how far ahead a reminder is announced. What lies further away is
// found by a tick, of which there is at least one an hour; the rest is for clocks
// that differ.
const remindWithin = 2 * time.Hour

// stored is called after every commit that wrote t: what forgets it makes reminders
// wait for a tick. It never blocks.
func (s *signals) stored(t *domain.Task) {
	if t.ReminderAt == nil || t.ReminderSent || t.Completed || time.Until(*t.ReminderAt) > remindWithin {
		return
	}
	s.wakeReminders()
	s.tellOthers(notice{channelReminder, ""})
}

func (s *signals) tellOthers(n notice) {
	if s.notify && s.running.Load() {
		s.due.Store(n, struct{}{})
		poke(s.sender)
	}
}

// allMine says whether no other process could relay what these users wrote.
func (s *signals) allMine(publisher domain.Service, users []string) bool {
	v, ok := s.held.Load(publisher)
	if !ok {
		return false
	}
	set := v.(*shardSet)
	if time.Now().After(set.until) {
		return false
	}
	return !slices.ContainsFunc(users, func(u string) bool { return set.mask&(1<<domain.ShardOf(u)) == 0 })
}

func (s *signals) holds(l domain.Lease) {
	set := &shardSet{until: l.Until}
	for _, shard := range l.Shards {
		set.mask |= 1 << shard
	}
	s.held.Store(l.Publisher, set)
}

// wakeRelays wakes the relays of publisher in this process; "" wakes all.
func (s *signals) wakeRelays(publisher domain.Service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.relays {
		if publisher == "" || len(w.publishers) == 0 || slices.Contains(w.publishers, publisher) {
			poke(w.ch)
		}
	}
}

func (s *signals) wakeLetters() { s.wakeAll(&s.letters) }

func (s *signals) wakeReminders() { s.wakeAll(&s.remind) }

func (s *signals) wakeAll(waiting *[]chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ch := range *waiting {
		poke(ch)
	}
}

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
