package kafka

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tasktide/tasktide/ports"
)

// listening subscribes to t as a broadcast and returns when it has its places.
func listening(t *testing.T, cfg Config, h ports.Handler) *Subscriber {
	t.Helper()
	sub, _ := subscribe(t, cfg, ports.Subscription{Group: "b", Mode: ports.Broadcast}, h)
	for sub.Stats().Partitions < 4 {
		time.Sleep(time.Millisecond)
	}
	return sub
}

func TestABroadcastMissesNothingWhenItIsDisconnected(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t)
	p := startPublisher(t, cfg)
	w := &wire{}
	cfg.Dial = w.dial
	box := newInbox(t)
	listening(t, cfg, box.handle)
	for round := range 6 {
		relay2(t, p, round*20, round*20+20)
		if round%2 == 0 {
			w.hangUp()
		} else {
			c.ShufflePartitionLeaders()
		}
	}
	box.await(120)
	if box.repeats > 0 {
		t.Errorf("%d were delivered again", box.repeats)
	}
}

func TestABroadcastFindsNewPartitionsAndReadsThemFromTheirBeginning(t *testing.T) {
	t.Parallel()
	_, cfg := fake(t)
	p := startPublisher(t, cfg)
	got := make(chan string, 1000)
	listening(t, cfg, func(_ context.Context, m ports.Message) ports.Answer { got <- string(m.Body); return ports.Answer{} })
	if _, err := EnsureTopics(t.Context(), cfg, 16, 1, topicsOf(topic)); err != nil {
		t.Fatal(err)
	}
	fresh := startPublisher(t, cfg) // knows the new partitions at once
	_ = p
	want := map[string]bool{}
	for i := range 200 {
		body := fmt.Sprint(i)
		if err := fresh.Publish(t.Context(), ports.Record{Topic: topic, Key: body, Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		want[body] = true
	}
	limit := time.After(20 * time.Second)
	for len(want) > 0 {
		select {
		case b := <-got:
			delete(want, b)
		case <-limit:
			t.Fatalf("%d of 200 did not arrive", len(want))
		}
	}
}

func TestABroadcastGoesOnWhereTheBrokerStillHasSomething(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t)
	p := startPublisher(t, cfg)
	got := make(chan string, 100)
	listening(t, cfg, func(_ context.Context, m ports.Message) ports.Answer { got <- string(m.Body); return ports.Answer{} })
	relay2(t, p, 0, 1)
	for <-got != "u0 0" {
	}
	f := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.OffsetOutOfRange, Topic: string(topic)})
	if err := f.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	relay2(t, p, 1, 10)
	for want := range 9 {
		if b := <-got; b != fmt.Sprintf("u0 %d", want+1) {
			t.Fatalf("got %q, want u0 %d", b, want+1)
		}
	}
}

func TestABroadcastRepeatsABoundedNumberOfTimes(t *testing.T) {
	t.Parallel()
	_, cfg := fake(t)
	p := startPublisher(t, cfg)
	tries := make(chan string, 100)
	sub := listening(t, cfg, func(_ context.Context, m ports.Message) ports.Answer {
		tries <- string(m.Body)
		return ports.Answer{Again: string(m.Body) == "u0 0", After: time.Millisecond}
	})
	relay2(t, p, 0, 2)
	var got []string
	for range broadcastTries + 1 {
		got = append(got, <-tries)
	}
	if want := "[u0 0 u0 0 u0 0 u0 1]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if n := sub.Stats().GivenUp; n != 1 {
		t.Errorf("%d given up, want 1", n)
	}
}
