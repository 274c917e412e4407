package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// publishers is how many calls of Publish are in flight: what a relay has at most.
const publishers = 2048

func publish(ctx context.Context, e *env) (result, error) {
	topic, err := e.topic(ctx, "bench-publish")
	if err != nil {
		return result{}, err
	}
	cfg, err := e.kafkaConfig()
	if err != nil {
		return result{}, err
	}
	records, err := encoded(e.n(200_000), 5000)
	if err != nil {
		return result{}, err
	}
	p := kafka.NewPublisher(cfg, e.log)
	if err := p.Start(ctx); err != nil {
		return result{}, err
	}
	defer func() { _ = p.Stop(ctx) }()
	r, err := e.pairs(ctx, func(ctx context.Context) (outcome, error) {
		began := time.Now()
		err := publishAll(ctx, p, topic, records)
		return done(len(records), began), err
	}, func(context.Context) (outcome, error) {
		began := time.Now()
		err := produce(cfg.Brokers, topic, records)
		return done(len(records), began), err
	})
	r.goal = "≥ 85%"
	return r, err
}

func publishAll(ctx context.Context, p ports.Publisher, topic domain.Topic, records []record) error {
	var next atomic.Int64
	var all sync.WaitGroup
	failed := make(chan error, publishers)
	for range publishers {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(records) {
					return
				}
				if err := p.Publish(ctx, ports.Record{Topic: topic, Key: records[i].user, Body: records[i].body}); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failed)
	return <-failed
}

func consume(ctx context.Context, e *env) (result, error) {
	topic, err := e.topic(ctx, "bench-consume")
	if err != nil {
		return result{}, err
	}
	cfg, err := e.kafkaConfig()
	if err != nil {
		return result{}, err
	}
	records, err := encoded(e.n(400_000), 5000)
	if err != nil {
		return result{}, err
	}
	if err := produce(cfg.Brokers, topic, records); err != nil {
		return result{}, err
	}
	n := len(records)
	r, err := e.pairs(ctx, func(ctx context.Context) (outcome, error) {
		m := newMeter(n)
		err := subscribed(ctx, kafka.NewSubscriber(cfg, e.log), topic, func(context.Context, ports.Message) ports.Answer {
			m.one()
			return ports.Answer{}
		}, m.all)
		return m.outcome(), err
	}, func(ctx context.Context) (outcome, error) {
		m := newMeter(n)
		err := rawConsume(ctx, cfg.Brokers, topic, m)
		return m.outcome(), err
	})
	r.goal = "≥ 85%"
	return r, err
}

// subscribed runs a new group until all is closed.
func subscribed(ctx context.Context, s ports.Subscriber, topic domain.Topic, h ports.Handler, all <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- s.Subscribe(ctx, ports.Subscription{
			Group: "bench-" + uuid.NewString(), Topics: []domain.Topic{topic}, Drain: 5 * time.Second,
		}, h)
	}()
	select {
	case <-all:
	case err := <-ended:
		return err
	}
	cancel()
	return <-ended
}

func rawConsume(ctx context.Context, brokers []string, topic domain.Topic, m *meter) error {
	c, err := sarama.NewConsumerGroup(brokers, "raw-"+uuid.NewString(), consumer())
	if err != nil {
		return err
	}
	go func() {
		for range c.Errors() {
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- c.Consume(ctx, []string{string(topic)}, marker{m}) }()
	select {
	case <-m.all:
	case err := <-ended:
		return err
	}
	cancel()
	<-ended
	return c.Close()
}

type marker struct{ m *meter }

func (marker) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (marker) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (h marker) ConsumeClaim(s sarama.ConsumerGroupSession, c sarama.ConsumerGroupClaim) error {
	for m := range c.Messages() {
		s.MarkMessage(m, "")
		h.m.one()
	}
	return nil
}

// meter measures from the first of n to the last.
type meter struct {
	n, want    int64
	begin, end time.Time
	all        chan struct{}
}

func newMeter(want int) *meter { return &meter{want: int64(want), all: make(chan struct{})} }

func (m *meter) one() {
	switch atomic.AddInt64(&m.n, 1) {
	case 1:
		m.begin = time.Now()
	case m.want:
		m.end = time.Now()
		close(m.all)
	}
}

func (m *meter) outcome() outcome {
	return outcome{n: int(m.want), rate: float64(m.want) / m.end.Sub(m.begin).Seconds()}
}
