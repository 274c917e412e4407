package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const benchPartitions = 8

func benchConfig(b *testing.B, topic string) Config {
	b.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(benchPartitions, topic))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(cluster.Close)
	return Config{Brokers: cluster.ListenAddrs(), CommitInterval: 100 * time.Millisecond}.withDefaults()
}

var benchBody = make([]byte, 500)

// BenchmarkConsume compares a no-op handler with raw Sarama that marks each
// message, on the same records of 5,000 users.
func BenchmarkConsume(b *testing.B) {
	cfg := benchConfig(b, "bench")
	const records = 1_000_000
	fill(b, cfg, records)
	b.Run("raw_sarama", func(b *testing.B) {
		for i := range b.N {
			s, _ := cfg.consumer()
			c, err := sarama.NewConsumerGroup(cfg.Brokers, fmt.Sprintf("raw%d-%d", i, time.Now().UnixNano()), s)
			if err != nil {
				b.Fatal(err)
			}
			go func() {
				for range c.Errors() {
				}
			}()
			r := &rawHandler{want: records, all: make(chan struct{})}
			ctx, cancel := context.WithCancel(context.Background())
			go func() { _ = c.Consume(ctx, []string{"bench"}, r) }()
			<-r.all
			b.ReportMetric(float64(records)/time.Since(r.began).Seconds(), "records/s")
			cancel()
			_ = c.Close()
		}
	})
	b.Run("adapter", func(b *testing.B) {
		for i := range b.N {
			var n atomic.Int64
			all := make(chan struct{})
			ctx, cancel := context.WithCancel(context.Background())
			var began time.Time
			ended := make(chan error)
			go func() {
				ended <- NewSubscriber(cfg, slog.New(slog.DiscardHandler)).Subscribe(ctx, ports.Subscription{
					Group: fmt.Sprintf("ours%d-%d", i, time.Now().UnixNano()), Topics: []domain.Topic{"bench"},
				}, func(context.Context, ports.Message) ports.Answer {
					switch n.Add(1) {
					case 1:
						began = time.Now()
					case records:
						close(all)
					}
					return ports.Answer{}
				})
			}()
			<-all
			b.ReportMetric(float64(records)/time.Since(began).Seconds(), "records/s")
			cancel()
			<-ended
		}
	})
}

func fill(b *testing.B, cfg Config, n int) {
	b.Helper()
	s, _ := cfg.producer()
	s.Producer.Return.Successes = false
	p, err := sarama.NewAsyncProducer(cfg.Brokers, s)
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		p.Input() <- &sarama.ProducerMessage{Topic: "bench", Key: sarama.StringEncoder(fmt.Sprintf("user-%d", i*7919%5000)), Value: sarama.ByteEncoder(benchBody)}
	}
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
}

type rawHandler struct {
	n, want int64
	began   time.Time
	all     chan struct{}
}

func (*rawHandler) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (*rawHandler) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (r *rawHandler) ConsumeClaim(s sarama.ConsumerGroupSession, c sarama.ConsumerGroupClaim) error {
	for m := range c.Messages() {
		s.MarkMessage(m, "")
		switch atomic.AddInt64(&r.n, 1) {
		case 1:
			r.began = time.Now()
		case r.want:
			close(r.all)
		}
	}
	return nil
}

// BenchmarkPublish compares Publish called by 512 goroutines with raw Sarama's
// asynchronous producer, whose callers wait for nothing.
func BenchmarkPublish(b *testing.B) {
	cfg := benchConfig(b, "bench")
	b.Run("raw_sarama_async", func(b *testing.B) {
		s, _ := cfg.producer()
		p, err := sarama.NewAsyncProducer(cfg.Brokers, s)
		if err != nil {
			b.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for range p.Successes() {
			}
		})
		for i := range b.N {
			p.Input() <- &sarama.ProducerMessage{Topic: "bench", Key: sarama.StringEncoder(fmt.Sprintf("user-%d", i%5000)), Value: sarama.ByteEncoder(benchBody)}
		}
		p.AsyncClose()
		wg.Wait()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
	b.Run("adapter", func(b *testing.B) {
		p := NewPublisher(cfg, slog.New(slog.DiscardHandler))
		if err := p.Start(context.Background()); err != nil {
			b.Fatal(err)
		}
		var n atomic.Int64
		b.SetParallelism(256)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := p.Publish(context.Background(), ports.Record{Topic: "bench", Key: fmt.Sprintf("user-%d", n.Add(1)%5000), Body: benchBody}); err != nil {
					b.Error(err)
				}
			}
		})
		_ = p.Stop(context.Background())
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
}
