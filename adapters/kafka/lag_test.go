package kafka

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func topicNames() (out []string) {
	for _, t := range domain.Topics() {
		out = append(out, string(t))
	}
	return out
}

func TestLagComparesCommitsWithEnds(t *testing.T) {
	t.Parallel()
	_, cfg := fake(t, kfake.SeedTopics(2, topicNames()...))
	p := startPublisher(t, cfg)
	publish := func(n int) {
		for i := range n {
			key := []string{"u0", "u1", "u2", "u3"}[i%4]
			if err := p.Publish(t.Context(), ports.Record{Topic: domain.TaskCreated, Key: key, Body: []byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	publish(10)
	find := func(group domain.Service) domain.Lag {
		t.Helper()
		all, err := NewLag(cfg).Lag(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range all {
			if l.Group == group && l.Topic == domain.TaskCreated {
				return l
			}
		}
		t.Fatalf("%s is not in %v", group, all)
		return domain.Lag{}
	}
	before := find(domain.AuditService)
	if before.Behind != 10 || len(before.Partitions) != 2 || before.Partitions[0].Committed != -1 || before.Members != 0 {
		t.Errorf("a group that was never there: %+v", before)
	}
	consume(t, cfg, domain.AuditService, 10)
	if after := find(domain.AuditService); after.Behind != 0 || after.Partitions[0].Committed != after.Partitions[0].End {
		t.Errorf("a group that has handled everything: %+v", after)
	}
	publish(3)
	if after := find(domain.AuditService); after.Behind != 3 || after.Partitions[0].Behind+after.Partitions[1].Behind != 3 {
		t.Errorf("three events later: %+v", after)
	}
	if other := find(domain.WebsocketService); other.Behind != 13 {
		t.Errorf("another group: %+v", other)
	}
}

func members(all []domain.Lag, group domain.Service) int {
	for _, l := range all {
		if l.Group == group {
			return l.Members
		}
	}
	return -1
}

// consume lets an instance of group handle n events of task-created and stop.
func consume(t *testing.T, cfg Config, group domain.Service, n int32) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var handled atomic.Int32
	sub := ports.Subscription{Group: string(group), Topics: []domain.Topic{domain.TaskCreated}, Mode: ports.Durable, Drain: 10 * time.Second}
	err := NewSubscriber(cfg, quiet()).Subscribe(ctx, sub, func(context.Context, ports.Message) ports.Answer {
		if handled.Add(1) == n {
			if all, err := NewLag(cfg).Lag(t.Context()); err != nil || members(all, group) != 1 {
				t.Errorf("while an instance is in the group: %+v, %v", all, err)
			}
			cancel()
		}
		return ports.Answer{}
	})
	if err != nil || handled.Load() != n {
		t.Fatalf("%d events are handled, %v", handled.Load(), err)
	}
}

func TestLagOfABrokerThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t)
	c.Close()
	ctx := t.Context()
	if _, err := NewLag(cfg).Lag(ctx); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	_, cfg = fake(t) // without the topics
	began := time.Now()
	if all, err := NewLag(cfg).Lag(ctx); err == nil {
		t.Errorf("of topics that do not exist: %v after %s", all, time.Since(began))
	}
}

func TestTopicsAreCountedByTheirEnds(t *testing.T) {
	t.Parallel()
	_, cfg := fake(t, kfake.SeedTopics(2, topicNames()...))
	p := startPublisher(t, cfg)
	for _, key := range []string{"u0", "u1", "u2"} {
		if err := p.Publish(t.Context(), ports.Record{Topic: domain.TaskDeleted, Key: key, Body: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := NewLag(cfg).Topics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(domain.Topics()) {
		t.Fatalf("%+v", all)
	}
	for _, n := range all {
		if want := map[domain.Topic]int64{domain.TaskDeleted: 3}[n.Topic]; n.Taken != want {
			t.Errorf("%s has taken %d, want %d", n.Topic, n.Taken, want)
		}
	}
}
