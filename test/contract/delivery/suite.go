// Package delivery is the suite of the whole delivery contract: core/delivery on
// a real transport, state store and dead letters. The transport's own half is in
// test/contract/transport; core/delivery's decisions are tested in simulated time
// beside it; here they are held together, on the servers that a user would run.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/contract/schema"
	"github.com/tasktide/tasktide/test/contract/transport"
)

// Letters is a dead letter store with the operator's view.
type Letters interface {
	ports.DeadLetterStore
	ports.DeadLetterAdmin
}

// Mode is one way to run Tasktide.
type Mode struct {
	Transport transport.Harness
	State     ports.StateStore
	Letters   Letters
	Probe     func(context.Context) error // of all that State and Letters need
	Database  func(*testing.T) *Database  // an empty one for a subtest of its own
	// Outages break what the mode depends on, each by its name; run alone, last.
	Outages map[string]transport.Outage
}

// Run runs the suite on one mode.
func Run(t *testing.T, m Mode) {
	t.Helper()
	if m.Transport.Patience == 0 {
		m.Transport.Patience = 60 * time.Second
	}
	if m.Transport.MaxBody == 0 {
		m.Transport.MaxBody = 512 << 10
	}
	if m.Transport.Foreign == nil {
		m.Transport.Foreign = m.Transport.Publisher
	}
	t.Run("together", func(t *testing.T) {
		for name, run := range cases() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				run(newLab(t, m))
			})
		}
	})
	for name, outage := range m.Outages {
		t.Run("an outage of the "+name+" that outlasts all attempts dead-letters nothing and loses nothing", func(t *testing.T) {
			outlast(newLab(t, m), outage)
		})
	}
}

// lab is one subtest: a topic, a group and users of its own, and what happened.
type lab struct {
	*testing.T
	m     Mode
	topic domain.Topic
	as    domain.Topic // which of the routing table it stands for
	group string
	pub   ports.Publisher

	mu      sync.Mutex
	changed chan struct{}
	calls   map[uuid.UUID]int // of the handler
	effects []domain.Event    // in the order of their first success, once each
	done    map[uuid.UUID]bool
}

func newLab(t *testing.T, m Mode) *lab {
	return &lab{
		T: t, m: m, topic: m.Transport.Topics(t, 1)[0], as: domain.TaskCreated, group: "g-" + uuid.NewString()[:13], pub: m.Transport.Publisher(t),
		changed: make(chan struct{}), calls: map[uuid.UUID]int{}, done: map[uuid.UUID]bool{},
	}
}

// event is the n-th of a user's stream.
func event(user string, n int) domain.Event { return schema.Sample(user, n) }

func (l *lab) users(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("u%d-%s", i, l.group)
	}
	return out
}

// streams makes n events for each user.
func (l *lab) streams(users, n int) (all [][]domain.Event) {
	for _, u := range l.users(users) {
		var own []domain.Event
		for i := range n {
			own = append(own, event(u, i+1))
		}
		all = append(all, own)
	}
	return all
}

// relay publishes each stream in order, streams beside each other, like a relay:
// an unavailable broker is asked again.
func (l *lab) relay(streams ...[]domain.Event) (wait func()) {
	var wg sync.WaitGroup
	for _, own := range streams {
		wg.Go(func() {
			for _, e := range own {
				body, err := domain.EncodeEvent(e)
				if err != nil {
					l.Error(err)
					return
				}
				if err := schema.Record(body); err != nil {
					l.Error(err)
					return
				}
				l.publish(l.pub, ports.Record{Topic: l.topic, Key: e.UserID, Body: body})
			}
		})
	}
	l.Cleanup(wg.Wait)
	return wg.Wait
}

func (l *lab) publish(p ports.Publisher, r ports.Record) {
	for l.Context().Err() == nil {
		err := p.Publish(l.Context(), r)
		if err == nil {
			return
		}
		if !errors.Is(err, domain.ErrUnavailable) && l.Context().Err() == nil {
			l.Errorf("Publish: %v", err)
			return
		}
		_ = memory.Clock{}.Wait(l.Context(), 100*time.Millisecond)
	}
}

// quick counts attempts in a fraction of a second, so that an outage of some
// seconds outlasts them all.
var quick = delivery.Options{BackoffMin: 5 * time.Millisecond, BackoffMax: 40 * time.Millisecond, HandlerTimeout: 10 * time.Second}

// process is one instance of the group: a consumer behind the transport.
type process struct {
	transport.Instance
	*delivery.Consumer
	l *lab
}

// process starts an instance whose use case is h with an idempotent effect after it.
func (l *lab) process(h delivery.Handler) *process {
	p := &process{l: l, Instance: l.m.Transport.Instance(l.T, ports.Subscription{Group: l.group, Topics: []domain.Topic{l.topic}, Drain: 5 * time.Second})}
	p.Consumer = delivery.NewConsumer(l.group, func(ctx context.Context, e domain.Event) error {
		l.update(func() { l.calls[e.ID]++ })
		if h != nil {
			if err := h(ctx, e); err != nil {
				return err
			}
		}
		l.update(func() {
			if !l.done[e.ID] { // the unique key of the effect
				l.done[e.ID] = true
				l.effects = append(l.effects, e)
			}
		})
		return nil
	}, delivery.Deps{State: l.m.State, Letters: l.m.Letters, Clock: memory.Clock{}, Probe: l.m.Probe, Log: slog.New(slog.DiscardHandler)}, quick)
	p.start()
	return p
}

func (p *process) start() { p.Start(p.l.T, p.handle) }

// handle names the topic as the routing table does: the suite's topics are its own.
func (p *process) handle(ctx context.Context, m ports.Message) ports.Answer {
	m.Topic = p.l.as
	a := p.Handle(ctx, m)
	p.l.update(func() {}) // a dead letter may have come
	return a
}

func (l *lab) update(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	close(l.changed)
	l.changed = make(chan struct{})
}

// await waits until holds, which is asked under the lock after each change.
func (l *lab) await(what string, holds func() bool) {
	l.Helper()
	deadline := time.After(l.m.Transport.Patience)
	for {
		l.mu.Lock()
		ok, changed := holds(), l.changed
		l.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			l.mu.Lock()
			defer l.mu.Unlock()
			l.Fatalf("not within %v: %s (%d effects of %d events seen)", l.m.Transport.Patience, what, len(l.effects), len(l.calls))
		}
	}
}

func (l *lab) awaitEffects(streams ...[]domain.Event) {
	l.Helper()
	l.await("every event had its effect", func() bool {
		for _, own := range streams {
			for _, e := range own {
				if !l.done[e.ID] {
					return false
				}
			}
		}
		return true
	})
	last := map[string]int64{}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.effects {
		if e.Position <= last[e.UserID] {
			l.Errorf("user %s: position %d came after %d", e.UserID, e.Position, last[e.UserID])
		}
		last[e.UserID] = e.Position
	}
}

func (l *lab) letters() []domain.DeadLetter {
	l.Helper()
	found, err := l.m.Letters.Find(context.WithoutCancel(l.Context()), domain.DeadLetterQuery{Group: l.group})
	if err != nil {
		l.Fatal(err)
	}
	return found
}

func (l *lab) awaitLetters(n int) []domain.DeadLetter {
	l.Helper()
	var found []domain.DeadLetter
	l.poll(fmt.Sprintf("%d dead letters", n), func() bool {
		found = l.letters()
		return len(found) >= n
	})
	if len(found) != n {
		l.Errorf("%d dead letters, want %d: %+v", len(found), n, found)
	}
	return found
}

// poll asks again until holds, for what no signal tells of.
func (l *lab) poll(what string, holds func() bool) {
	l.Helper()
	deadline := time.Now().Add(l.m.Transport.Patience)
	for !holds() {
		if time.Now().After(deadline) {
			l.Fatalf("not within %v: %s", l.m.Transport.Patience, what)
		}
		_ = memory.Clock{}.Wait(l.Context(), 20*time.Millisecond)
	}
}
