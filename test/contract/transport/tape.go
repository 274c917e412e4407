package transport

import (
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// event names one record of the suite: the n-th of a user on a topic.
type event struct {
	topic domain.Topic
	user  string
	n     int
}

// delivery is one call of a handler.
type delivery struct {
	event
	member string
	try    int // from 1, over all members of the tape
	at     time.Time
	done   bool // the handler answered done and its process was alive then
	over   bool // the handler has returned
}

// tape records the deliveries of one group, over all its members, and wakes
// whoever waits for something to be on it.
type tape struct {
	mu      sync.Mutex
	all     []*delivery
	tries   map[event]int
	ended   []*delivery // in the order in which the handlers returned done
	changed chan struct{}
}

func newTape() *tape {
	return &tape{tries: map[event]int{}, changed: make(chan struct{})}
}

func (p *tape) begin(member string, e event) *delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries[e]++
	d := &delivery{event: e, member: member, try: p.tries[e], at: time.Now()}
	p.all = append(p.all, d)
	p.wake()
	return d
}

func (p *tape) end(d *delivery, done bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d.over, d.done = true, done
	if done {
		p.ended = append(p.ended, d)
	}
	p.wake()
}

func (p *tape) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// await returns when holds does, which is asked again after each change of the
// tape with the tape locked; it fails the test after patience.
func (p *tape) await(t testing.TB, patience time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		p.mu.Lock()
		ok, changed := holds(), p.changed
		n, ended := len(p.all), len(p.ended)
		p.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			t.Fatalf("after %s still not: %s (%d deliveries began, %d ended done)", patience, what, n, ended)
		}
	}
}

// handled returns the events handled at least once, with how often.
func (p *tape) handled() map[event]int {
	out := map[event]int{}
	for _, d := range p.ended {
		out[d.event]++
	}
	return out
}

// missing counts the events that nobody has handled yet.
func (p *tape) missing(want []event) int {
	have, n := p.handled(), 0
	for _, e := range want {
		if have[e] == 0 {
			n++
		}
	}
	return n
}

// locked runs f with the tape locked.
func (p *tape) locked(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}
