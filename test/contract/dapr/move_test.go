package dapr

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// onKafka is one instance of a group on direct Kafka.
type onKafka struct {
	cfg    kafka.Config
	sub    ports.Subscription
	cancel context.CancelFunc
	ended  chan error
}

func (k *onKafka) Start(_ testing.TB, h ports.Handler) {
	var ctx context.Context
	ctx, k.cancel = context.WithCancel(context.Background())
	k.ended = make(chan error, 1)
	go func() { k.ended <- kafka.NewSubscriber(k.cfg, slog.New(slog.DiscardHandler)).Subscribe(ctx, k.sub, h) }()
}

func (k *onKafka) Stop(t testing.TB) {
	if k.cancel == nil {
		return
	}
	k.cancel()
	k.cancel = nil
	if err := <-k.ended; err != nil {
		t.Error(err)
	}
}

// A group moves between the transports while both publish: one member of the
// other kind joins, the old one leaves, four times. Nothing is lost, each user's
// events are handled for the first time in order, and what comes twice is at
// most what a rebalance may repeat.
func TestAGroupMovesBetweenTransportsUnderLoad(t *testing.T) {
	t.Parallel()
	const users, each = 24, 60
	name := topics(t, 1)[0]
	sub := ports.Subscription{Group: "moving-" + string(name), Topics: []domain.Topic{name}, Drain: 5 * time.Second}
	s := &sink{slow: time.Millisecond}
	member := func(i int) interface {
		Start(testing.TB, ports.Handler)
		Stop(testing.TB)
	} {
		if i%2 == 1 {
			return newProcess(t, sub)
		}
		k := &onKafka{cfg: kafkaConfig(t), sub: sub}
		t.Cleanup(func() { k.Stop(t) })
		return k
	}

	publishers := []ports.Publisher{publisher(t), direct(t)}
	var published sync.WaitGroup
	for u := range users {
		published.Go(func() {
			for n := range each {
				r := ports.Record{Topic: name, Key: fmt.Sprint("u", u), Body: []byte(strconv.Itoa(n))}
				for err := publishers[n%2].Publish(t.Context(), r); err != nil; err = publishers[n%2].Publish(t.Context(), r) {
					if t.Context().Err() != nil {
						return
					}
				}
				select {
				case <-time.After(20 * time.Millisecond):
				case <-t.Context().Done():
				}
			}
		})
	}
	defer published.Wait()

	current := member(0)
	current.Start(t, s.handle)
	for i := 1; i <= 4; i++ {
		s.until(t, func(got []ports.Message) bool { return len(got) >= users*each*i/6 })
		next := member(i)
		next.Start(t, s.handle)
		current.Stop(t)
		current = next
	}
	s.until(t, func(got []ports.Message) bool { return len(firsts(got)) >= users*each })

	got := s.all()
	byUser := map[string][]int{}
	for _, id := range firsts(got) {
		user, n, _ := strings.Cut(id, " ")
		i, _ := strconv.Atoi(n)
		byUser[user] = append(byUser[user], i)
	}
	for u, ns := range byUser {
		if !slices.IsSorted(ns) || len(ns) != each {
			t.Errorf("%s: first handled in the order %v", u, ns)
		}
	}
	t.Logf("%d events took %d deliveries over 4 moves", users*each, len(got))
	if again := len(got) - users*each; again > users*each/4 {
		t.Errorf("%d deliveries were repetitions", again)
	}
}

// firsts lists "user n" of each event in the order of its first handling.
func firsts(got []ports.Message) []string {
	seen := map[string]bool{}
	var out []string
	for _, m := range got {
		id := m.Key + " " + string(m.Body)
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

func TestWhatOneTransportPublishesTheOtherConsumes(t *testing.T) {
	t.Parallel()
	both := topics(t, 2)
	sent := bodies()
	onDapr := newProcess(t, ports.Subscription{Group: "d-" + string(both[0]), Topics: both[:1]})
	onSarama := &onKafka{cfg: kafkaConfig(t), sub: ports.Subscription{Group: "k-" + string(both[1]), Topics: both[1:]}}
	t.Cleanup(func() { onSarama.Stop(t) })
	var d, k sink
	onDapr.Start(t, d.handle)
	onSarama.Start(t, k.handle)
	fromKafka, fromDapr := direct(t), publisher(t)
	for i, b := range sent {
		for p, topic := range map[ports.Publisher]domain.Topic{fromKafka: both[0], fromDapr: both[1]} {
			if err := p.Publish(t.Context(), ports.Record{Topic: topic, Key: "one", Body: b}); err != nil {
				t.Fatalf("body %d: %v", i, err)
			}
		}
	}
	for which, s := range map[string]*sink{"Kafka to Dapr": &d, "Dapr to Kafka": &k} {
		for i, m := range s.await(t, len(sent)) {
			if string(m.Body) != string(sent[i]) || m.Key != "one" {
				t.Errorf("%s: published %.60q, consumed %.60q with key %q", which, sent[i], m.Body, m.Key)
			}
		}
	}
}
