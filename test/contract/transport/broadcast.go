package transport

import (
	"slices"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func broadcast(l *lab, name string) ports.Subscription {
	return ports.Subscription{Group: l.group(name), Mode: ports.Broadcast, Drain: 5 * time.Second}
}

// listen returns when the members of p have their place in all topics. Whether
// they have can't be asked, so rounds of probes go out, over many keys to reach
// every partition, until one has arrived whole at each.
func (l *lab) listen(p *tape, members ...*member) {
	l.Helper()
	probes := make([]string, 1)
	if l.h.Partitions > 0 {
		probes = make([]string, 8*l.h.Partitions)
	}
	for i := range probes {
		probes[i] = "probe" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + l.id
	}
	deadline := time.Now().Add(l.h.Patience)
	for round := 1; time.Now().Before(deadline); round++ {
		var evs []event
		for _, topic := range l.topics {
			for _, u := range probes {
				evs = append(evs, event{topic, u, round})
			}
		}
		l.publish(evs...)()
		whole := func() bool {
			for _, m := range members {
				if n := countRound(p, m.name, evs[0].topic, round); n < len(probes) {
					return false
				}
			}
			return true
		}
		if p.soon(500*time.Millisecond, whole) {
			return
		}
	}
	l.Fatalf("the broadcast did not begin within %s", l.h.Patience)
}

func countRound(p *tape, member string, topic domain.Topic, round int) int {
	n := 0
	for _, d := range p.ended {
		if d.member == member && d.topic == topic && d.n == round && isProbe(d.user) {
			n++
		}
	}
	return n
}

func isProbe(user string) bool { return len(user) > 5 && user[:5] == "probe" }

// soon says whether holds became true within d.
func (p *tape) soon(d time.Duration, holds func() bool) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		p.mu.Lock()
		ok, changed := holds(), p.changed
		p.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-timer.C:
			return false
		}
	}
}

func broadcastReachesAll(l *lab) {
	p := newTape()
	s := broadcast(l, "all")
	a := l.member("a", s, p, done).start()
	b := l.member("b", s, p, done).start()
	l.listen(p, a, b)
	users := l.users(6)
	want := events(l.topics, users, 10)
	l.publish(want...)
	for _, m := range []*member{a, b} {
		l.await(p, "every event at instance "+m.name, func() bool { return len(got(p, m.name)) >= len(want) })
	}
	p.locked(func() {
		for _, m := range []*member{a, b} {
			for _, u := range users {
				var ns []int
				for _, d := range got(p, m.name) {
					if d.user == u {
						ns = append(ns, d.n)
					}
				}
				if !slices.IsSorted(ns) || len(slices.Compact(ns)) != 10 {
					l.Errorf("instance %s got the events of %s as %v", m.name, u, ns)
				}
			}
		}
	})
}

// got lists what a member handled, probes left out.
func got(p *tape, member string) []*delivery {
	var out []*delivery
	for _, d := range p.ended {
		if d.member == member && !isProbe(d.user) {
			out = append(out, d)
		}
	}
	return out
}

func broadcastStartsAtNewest(l *lab) {
	l.publish(events(l.topics, []string{"before" + l.id}, 5)...)()
	p := newTape()
	m := l.member("m", broadcast(l, "late"), p, done).start()
	l.listen(p, m)
	want := events(l.topics, []string{"after" + l.id}, 5)
	l.publish(want...)
	l.awaitAll(p, want)
	p.locked(func() {
		for _, d := range got(p, "m") {
			if d.user == "before"+l.id {
				l.Errorf("a broadcast got event %d from before its start", d.n)
			}
		}
	})
}
