package transport

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// lab is what one subtest works with: its own topics, groups and users.
type lab struct {
	*testing.T
	h      Harness
	topics []domain.Topic
	pub    ports.Publisher
	id     string
}

func newLab(t *testing.T, h Harness, topics int) *lab {
	return &lab{
		T: t, h: h, id: strings.ReplaceAll(uuid.NewString(), "-", "")[:10],
		topics: h.Topics(t, topics), pub: h.Publisher(t),
	}
}

func (l *lab) group(name string) string { return "g-" + name + "-" + l.id }

func (l *lab) await(p *tape, what string, holds func() bool) {
	l.Helper()
	p.await(l.T, l.h.Patience, what, holds)
}

func (l *lab) awaitAll(p *tape, want []event) {
	l.Helper()
	l.await(p, fmt.Sprintf("all %d events handled", len(want)), func() bool {
		return len(p.ended) >= len(want) && p.missing(want) == 0
	})
}

// users names n users of this subtest.
func (l *lab) users(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("u%d-%s", i, l.id)
	}
	return out
}

// other is a user that must not be held back while user waits: of another
// partition where the transport works by partition, else of the same one.
func (l *lab) other(user string) string {
	for i := 0; ; i++ {
		u := fmt.Sprintf("other%d-%s", i, l.id)
		if l.h.Partitions == 0 || (partition(u, l.h.Partitions) == partition(user, l.h.Partitions)) != l.h.ByPartition {
			return u
		}
	}
}

// partition is the FNV-1a rule that Sarama and Dapr share.
func partition(key string, n int) int32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	p := int32(h.Sum32()) % int32(n)
	if p < 0 {
		p = -p
	}
	return p
}

// events are the first n of each user on each topic, in the order to publish them.
func events(topics []domain.Topic, users []string, n int) []event {
	var out []event
	for i := range n {
		for _, topic := range topics {
			for _, u := range users {
				out = append(out, event{topic, u, i + 1})
			}
		}
	}
	return out
}

func encode(e event) []byte { return []byte(e.user + " " + strconv.Itoa(e.n)) }

func decode(m ports.Message) (event, bool) {
	user, n, ok := strings.Cut(string(m.Body), " ")
	i, err := strconv.Atoi(n)
	return event{m.Topic, user, i}, ok && err == nil
}

// publish publishes the events of each user in order, users beside each other,
// and like a relay again for as long as the broker is unavailable. It returns at
// once; wait returns when all are published.
func (l *lab) publish(evs ...event) (wait func()) {
	byUser := map[string][]event{}
	for _, e := range evs {
		byUser[e.user] = append(byUser[e.user], e)
	}
	var wg sync.WaitGroup
	for _, mine := range byUser {
		wg.Go(func() {
			for _, e := range mine {
				if !l.relay(ports.Record{Topic: e.topic, Key: e.user, Body: encode(e)}) {
					return
				}
			}
		})
	}
	l.Cleanup(wg.Wait)
	return wg.Wait
}

func (l *lab) relay(r ports.Record) bool {
	for {
		err := l.pub.Publish(l.Context(), r)
		switch {
		case err == nil:
			return true
		case l.Context().Err() != nil:
			return false
		case !errors.Is(err, domain.ErrUnavailable):
			l.Errorf("Publish: want nil or ErrUnavailable, got %v", err)
			return false
		}
		select {
		case <-l.Context().Done():
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// act decides one delivery; the zero Answer is done.
type act func(ctx context.Context, d *delivery, m ports.Message) ports.Answer

func done(context.Context, *delivery, ports.Message) ports.Answer { return ports.Answer{} }

// member is one process of a group that records on a tape.
type member struct {
	l    *lab
	name string
	Instance
	tape *tape
	act  act
	dead atomic.Bool
}

func (l *lab) member(name string, s ports.Subscription, p *tape, a act) *member {
	if s.Topics == nil {
		s.Topics = l.topics
	}
	return &member{l: l, name: name, Instance: l.h.Instance(l.T, s), tape: p, act: a}
}

// start starts the member and returns it.
func (m *member) start() *member {
	m.dead.Store(false)
	m.Start(m.l.T, m.handle)
	return m
}

// kill kills it: what its handlers do from now on is not on the tape.
func (m *member) kill() {
	m.dead.Store(true)
	m.Kill(m.l.T)
}

func (m *member) handle(ctx context.Context, msg ports.Message) ports.Answer {
	if m.dead.Load() {
		<-ctx.Done()
		return ports.Answer{Again: true}
	}
	e, ok := decode(msg)
	if !ok || msg.Key != e.user {
		m.l.Errorf("%s got a message nobody published: key %q, body %.80q", m.name, msg.Key, msg.Body)
		return ports.Answer{}
	}
	d := m.tape.begin(m.name, e)
	answer := m.act(ctx, d, msg)
	m.tape.end(d, !answer.Again && !m.dead.Load())
	return answer
}
