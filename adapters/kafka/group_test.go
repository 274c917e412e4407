package kafka

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tasktide/tasktide/ports"
)

func TestARevokedPartitionIsGivenAwayAfterItsHandlersAndOffsets(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t)
	p := startPublisher(t, cfg)
	var mu sync.Mutex
	deliveries := map[string]int{}
	running := make(chan struct{}, 100)
	release := make(chan struct{})
	handler := func(ctx context.Context, m ports.Message) ports.Answer {
		mu.Lock()
		deliveries[string(m.Body)]++
		mu.Unlock()
		running <- struct{}{}
		select {
		case <-release:
			return ports.Answer{}
		case <-ctx.Done():
			return ports.Answer{Again: true}
		}
	}
	subscribe(t, cfg, ports.Subscription{Group: "g"}, handler)
	relay(t, p, 16, 1)
	for range 16 {
		<-running
	}
	subscribe(t, cfg, ports.Subscription{Group: "g"}, handler)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := c.WaitGroupInfo(ctx, "g", func(g *kfake.GroupInfo) bool { return g != nil && g.State == "PreparingRebalance" }); err != nil {
		t.Fatal(err)
	}
	beats := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, Observe: true, Count: -1})
	if err := beats.Wait(ctx, 2); err != nil { // the first member knows after the first, and goes on after the second
		t.Fatal(err)
	}
	close(release) // the second member waits for the first one's handlers
	if _, err := c.WaitGroupStable(ctx, "g", 2); err != nil {
		t.Fatal(err)
	}
	for u := range 16 { // behind everything that could come again
		if err := p.Publish(t.Context(), ports.Record{Topic: topic, Key: fmt.Sprintf("u%d", u), Body: []byte("end")}); err != nil {
			t.Fatal(err)
		}
	}
	for ends := 0; ends < 16; {
		<-running
		mu.Lock()
		ends = deliveries["end"]
		mu.Unlock()
	}
	mu.Lock()
	defer mu.Unlock()
	delete(deliveries, "end")
	for body, n := range deliveries {
		if n != 1 {
			t.Errorf("%q was delivered %d times though its handler finished in time", body, n)
		}
	}
}

func TestARevokedPartitionIsNotHeldPastTheRebalanceTimeout(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t)
	p := startPublisher(t, cfg)
	cancelled := make(chan time.Duration, 100)
	running := make(chan struct{}, 100)
	stopped := make(chan struct{})
	subscribe(t, cfg, ports.Subscription{Group: "g", Drain: time.Hour}, func(ctx context.Context, _ ports.Message) ports.Answer {
		began := time.Now()
		running <- struct{}{}
		select {
		case <-ctx.Done():
		case <-stopped:
			return ports.Answer{}
		}
		cancelled <- time.Since(began)
		return ports.Answer{Again: true}
	})
	relay(t, p, 1, 1)
	<-running
	box := newInbox(t)
	subscribe(t, cfg, ports.Subscription{Group: "g"}, box.handle)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := c.WaitGroupStable(ctx, "g", 2); err != nil {
		t.Fatalf("the group did not form: %v", err)
	}
	if d := <-cancelled; d > cfg.RebalanceTimeout {
		t.Errorf("the handler went on for %s, past the rebalance timeout %s", d, cfg.RebalanceTimeout)
	}
	// Whoever has the partition now, a stop of the first must not wait an hour.
	close(stopped)
}

func TestAnOffsetThatTheBrokerLostLeadsToTheOldestRecord(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t)
	p := startPublisher(t, cfg)
	box := newInbox(t)
	_, stop := subscribe(t, cfg, ports.Subscription{Group: "g"}, box.handle)
	relay(t, p, 1, 5)
	box.await(5)
	stop()
	relay2(t, p, 5, 20) // while nobody listens, retention removes 5 to 9
	part := userPartition(c)
	if err := c.DeleteRecords(string(topic), part, 10); err != nil {
		t.Fatal(err)
	}
	box.next["u0"] = 10
	subscribe(t, cfg, ports.Subscription{Group: "g"}, box.handle)
	box.await(15)
}

// relay2 publishes the records from to to-1 of u0.
func relay2(t *testing.T, p *Publisher, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := p.Publish(t.Context(), ports.Record{Topic: topic, Key: "u0", Body: fmt.Appendf(nil, "u0 %d", i)}); err != nil {
			t.Fatal(err)
		}
	}
}

func userPartition(c *kfake.Cluster) int32 {
	for _, p := range c.PartitionInfos(string(topic)) {
		if p.HighWatermark > 0 {
			return p.Partition
		}
	}
	return -1
}

func TestAGroupGoesOnThroughDisconnectsAndACoordinatorThatMoves(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t, kfake.NumBrokers(3))
	p := startPublisher(t, cfg)
	w := &wire{}
	lossyCfg := cfg
	lossyCfg.Dial = w.dial
	box := newInbox(t)
	subscribe(t, lossyCfg, ports.Subscription{Group: "g"}, box.handle)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for round := range 10 {
			relay2(t, p, round*50, round*50+50)
		}
	}()
	for round := range 10 {
		box.await(round * 50)
		if round%3 == 0 {
			w.hangUp()
		}
		if round%3 == 1 {
			c.RehashCoordinators()
		}
		if round%3 == 2 {
			w.lose.Store(2)
		}
	}
	box.await(500)
	<-done
}

func TestACommitThatFailsIsRepeatedBeforeThePartitionIsGivenAway(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t)
	cfg.CommitInterval = time.Hour // only the last one counts
	p := startPublisher(t, cfg)
	box := newInbox(t)
	_, stop := subscribe(t, cfg, ports.Subscription{Group: "g"}, box.handle)
	relay(t, p, 3, 10)
	box.await(30)
	f := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.CoordinatorLoadInProgress, Count: 2})
	stop()
	if f.Hits() != 2 {
		t.Errorf("%d commits failed, want 2", f.Hits())
	}
	var committed int64
	for _, commit := range c.GroupInfo("g").Commits[string(topic)] {
		committed += commit.Offset
	}
	if committed != 30 {
		t.Errorf("30 records done, offsets of %d committed", committed)
	}
}

func TestASubscriptionWaitsForItsTopics(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t)
	p := startPublisher(t, cfg)
	got := make(chan ports.Message, 10)
	h := func(_ context.Context, m ports.Message) ports.Answer { got <- m; return ports.Answer{} }
	sub, _ := subscribe(t, cfg, ports.Subscription{Group: "g", Topics: topicsOf("t", "later")}, h)
	for sub.Stats().Failures == 0 {
		time.Sleep(time.Millisecond)
	}
	if sub.Stats().Disconnected != 1 {
		t.Error("a subscription without its topics must show as disconnected")
	}
	if err := c.CreateTopic("later", 2, nil); err != nil {
		t.Fatal(err)
	}
	for p.Publish(t.Context(), ports.Record{Topic: "later", Key: "u", Body: []byte("b")}) != nil {
	}
	if m := <-got; m.Topic != "later" {
		t.Errorf("got %v", m)
	}
	if sub.Stats().Disconnected != 0 {
		t.Error("it still shows as disconnected")
	}
}
