package kafka

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func record(key string) ports.Record {
	return ports.Record{Topic: topic, Key: key, Body: []byte(key + " 0")}
}

func TestAnAnswerThatGetsLostMakesNoDuplicate(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t)
	w := &wire{}
	cfg.Dial = w.dial
	p := startPublisher(t, cfg)
	relay(t, p, 1, 1) // connected, topic known: the answers lost next are to produce requests
	for range 5 {
		w.lose.Store(1)
		if err := p.Publish(t.Context(), record("x")); err != nil {
			t.Fatal(err)
		}
	}
	if w.losses.Load() != 5 {
		t.Fatalf("%d answers were lost, want 5", w.losses.Load())
	}
	if n := stored(c); n != 6 {
		t.Errorf("6 records published, %d stored", n)
	}
}

func TestAnErrorAfterTheAppendMakesNoDuplicate(t *testing.T) {
	t.Parallel()
	for _, e := range []*kerr.Error{kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend} {
		t.Run(e.Message, func(t *testing.T) {
			c, cfg := fake(t)
			p := startPublisher(t, cfg)
			f := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e, Count: 3})
			relay(t, p, 5, 10)
			if f.Hits() != 3 {
				t.Errorf("%d faults, want 3", f.Hits())
			}
			if n := stored(c); n != 50 {
				t.Errorf("50 records published, %d stored", n)
			}
		})
	}
}

func TestAProducerThatIsOfNoMoreUseIsReplaced(t *testing.T) {
	t.Parallel()
	for _, e := range []*kerr.Error{kerr.OutOfOrderSequenceNumber, kerr.InvalidProducerEpoch, kerr.UnknownProducerID, kerr.ProducerFenced} {
		t.Run(e.Message, func(t *testing.T) {
			c, cfg := fake(t)
			p := startPublisher(t, cfg)
			relay(t, p, 1, 1)
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e})
			if err := p.Publish(t.Context(), record("x")); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("want ErrUnavailable, got %v", err)
			}
			relay(t, p, 5, 10)
			if got := p.Stats().Replaced; got != 1 {
				t.Errorf("replaced %d times, want once", got)
			}
			if n := stored(c); n != 51 {
				t.Errorf("51 records published, %d stored", n)
			}
		})
	}
}

func TestLeadersMoveWhilePublishing(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t, kfake.NumBrokers(3))
	p := startPublisher(t, cfg)
	box := newInbox(t)
	subscribe(t, cfg, ports.Subscription{Group: "g"}, box.handle)
	done := make(chan struct{})
	go func() {
		defer close(done)
		relay(t, p, 10, 100)
	}()
	for moving := true; moving; {
		select {
		case <-done:
			moving = false
		case <-time.After(20 * time.Millisecond):
			c.ShufflePartitionLeaders()
		}
	}
	box.await(1000)
	if n := stored(c); n != 1000 && p.Stats().Failed == 0 {
		t.Errorf("1000 records published without an error, %d stored", n)
	}
}

func TestATopicThatDoesNotExistIsUnavailableUntilItIsCreated(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t)
	p := startPublisher(t, cfg)
	r := ports.Record{Topic: "later", Key: "u", Body: []byte("b")}
	for range 5 { // more often than Sarama's circuit breaker allows
		if err := p.Publish(t.Context(), r); !errors.Is(err, domain.ErrUnavailable) {
			t.Fatalf("want ErrUnavailable, got %v", err)
		}
	}
	if err := c.CreateTopic("later", 2, nil); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for p.Publish(t.Context(), r) != nil {
		if time.Since(began) > 5*time.Second {
			t.Fatal("the topic exists for 5 s and still can't be published to")
		}
	}
	if p.Stats().Replaced != 0 {
		t.Error("a missing topic must not cost the producer")
	}
}

func TestWhatTheBrokerNeverTakesIsPermanent(t *testing.T) {
	t.Parallel()
	_, cfg := fake(t)
	p := startPublisher(t, cfg)
	for name, r := range map[string]ports.Record{
		"too large":        {Topic: topic, Key: "u", Body: make([]byte, 2<<20)},
		"no topic":         {Key: "u"},
		"bad topic":        {Topic: "a topic/with:signs", Key: "u"},
		"dots":             {Topic: "..", Key: "u"},
		"name without end": {Topic: domain.Topic(make([]byte, 300)), Key: "u"},
	} {
		if err := p.Publish(t.Context(), r); !errors.Is(err, domain.ErrPermanent) {
			t.Errorf("%s: want ErrPermanent, got %v", name, err)
		}
	}
	if err := p.Publish(t.Context(), record("u")); err != nil || p.Stats().Replaced != 0 {
		t.Errorf("afterwards: %v, %d producers replaced", err, p.Stats().Replaced)
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	c, cfg := fake(t)
	p := startPublisher(t, cfg)
	relay(t, p, 1, 1)
	f := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: -1})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { _ = f.Wait(t.Context(), 1); cancel() }()
	if err := p.Publish(ctx, record("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("want context.Canceled, got %v", err)
	}
	f.Remove()
	if err := p.Publish(t.Context(), record("y")); err != nil && !errors.Is(err, domain.ErrUnavailable) {
		t.Error(err)
	}
}

func TestThePublisherStartsAndStopsAsOftenAsYouLike(t *testing.T) {
	t.Parallel()
	_, cfg := fake(t)
	p := NewPublisher(cfg, quiet())
	if err := p.Stop(t.Context()); err != nil {
		t.Error("stopped before it started:", err)
	}
	for range 3 {
		for range 2 {
			if err := p.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Publish(t.Context(), record("x")); err != nil {
			t.Error(err)
		}
		if err := p.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := p.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := p.Publish(t.Context(), record("x")); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("stopped: want ErrUnavailable, got %v", err)
		}
	}
}

func TestWithoutBrokersPublishIsUnavailableAndPingSaysSo(t *testing.T) {
	t.Parallel()
	_, cfg := fake(t)
	cfg.Brokers, cfg.PublishWait = []string{"127.0.0.1:1"}, 100*time.Millisecond
	p := startPublisher(t, cfg)
	if err := p.Publish(t.Context(), record("x")); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("want ErrUnavailable, got %v", err)
	}
	if err := p.Ping(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Ping: want ErrUnavailable, got %v", err)
	}
	if err := Ping(t.Context(), cfg); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Ping: want ErrUnavailable, got %v", err)
	}
}
