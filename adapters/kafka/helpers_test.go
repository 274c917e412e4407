package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const topic = domain.Topic("t")

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func fake(t *testing.T, opts ...kfake.Opt) (*kfake.Cluster, Config) {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(4, string(topic)), kfake.GroupMinSessionTimeout(time.Second)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, Config{
		Brokers: c.ListenAddrs(), SessionTimeout: 3 * time.Second, Heartbeat: 200 * time.Millisecond,
		RebalanceTimeout: 6 * time.Second, MetadataRefresh: 300 * time.Millisecond, PublishWait: time.Second,
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func startPublisher(t *testing.T, cfg Config) *Publisher {
	t.Helper()
	p := NewPublisher(cfg, quiet())
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := p.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return p
}

// relay publishes n records of each user in order, again while unavailable.
func relay(t *testing.T, p *Publisher, users, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for u := range users {
		wg.Go(func() {
			key := fmt.Sprintf("u%d", u)
			for i := range n {
				for {
					err := p.Publish(t.Context(), ports.Record{Topic: topic, Key: key, Body: fmt.Appendf(nil, "%s %d", key, i)})
					if err == nil {
						break
					}
					if !errors.Is(err, domain.ErrUnavailable) {
						t.Errorf("publish: %v", err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// stored is how many records the broker has.
func stored(c *kfake.Cluster) int64 {
	var n int64
	for _, p := range c.PartitionInfos(string(topic)) {
		n += p.HighWatermark
	}
	return n
}

// log collects what handlers got and checks that users come in order.
type inbox struct {
	t       *testing.T
	mu      sync.Mutex
	next    map[string]int
	total   int
	repeats int
	changed chan struct{}
}

func newInbox(t *testing.T) *inbox {
	return &inbox{t: t, next: map[string]int{}, changed: make(chan struct{}, 1)}
}

func (b *inbox) handle(_ context.Context, m ports.Message) ports.Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	var user string
	var n int
	if _, err := fmt.Sscanf(string(m.Body), "%s %d", &user, &n); err != nil {
		b.t.Errorf("unexpected body %q", m.Body)
	}
	switch want := b.next[user]; {
	case n == want:
		b.next[user]++
		b.total++
	case n < want:
		b.repeats++
	default:
		b.t.Errorf("user %s: got %d before %d", user, n, want)
	}
	select {
	case b.changed <- struct{}{}:
	default:
	}
	return ports.Answer{}
}

func (b *inbox) await(total int) {
	b.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		b.mu.Lock()
		n := b.total
		b.mu.Unlock()
		if n >= total {
			return
		}
		select {
		case <-b.changed:
		case <-limit:
			b.t.Fatalf("after 30 s %d of %d handled", n, total)
		}
	}
}

// subscribe runs a subscription until stop is called or the test ends.
func subscribe(t *testing.T, cfg Config, s ports.Subscription, h ports.Handler) (sub *Subscriber, stop func()) {
	t.Helper()
	if s.Topics == nil {
		s.Topics = []domain.Topic{topic}
	}
	if s.Drain == 0 {
		s.Drain = 3 * time.Second
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	sub = NewSubscriber(cfg, quiet())
	go func() { ended <- sub.Subscribe(ctx, s, h) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Subscribe: %v", err)
		}
	})
	t.Cleanup(stop)
	return sub, stop
}

// wire is a network that a test can disturb.
type wire struct {
	mu     sync.Mutex
	conns  []net.Conn
	lose   atomic.Int64 // so many answers of brokers get lost, with their connections
	losses atomic.Int64
}

func (w *wire) dial(network, addr string) (net.Conn, error) {
	c, err := net.DialTimeout(network, addr, time.Second)
	if err != nil {
		return nil, err
	}
	c = &lossy{Conn: c, wire: w}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, c)
	return c, nil
}

// hangUp closes every connection; new ones may be made.
func (w *wire) hangUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

type lossy struct {
	net.Conn
	wire *wire
}

// Read loses an answer when one is to be lost: the broker has done its work.
func (l *lossy) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if err == nil && l.wire.lose.Load() > 0 && l.wire.lose.Add(-1) >= 0 {
		l.wire.losses.Add(1)
		_ = l.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

func topicsOf(names ...domain.Topic) []domain.Topic { return names }
