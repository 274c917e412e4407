package transport_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/cluster"
	"github.com/tasktide/tasktide/test/contract/transport"
)

const partitions = 4

// TestKafkaFake runs the suite on an in-process broker: quick, and no substitute
// for TestKafka, because nothing is stored.
func TestKafkaFake(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	h := kafkaHarness("kafka (kfake)", kafka.Config{
		Brokers: cluster.ListenAddrs(), SessionTimeout: 3 * time.Second, Heartbeat: 300 * time.Millisecond, RebalanceTimeout: 8 * time.Second,
	})
	h.Outage = &silence{cluster: cluster}
	transport.Run(t, h)
}

// TestKafka runs the suite on a real Apache Kafka of its own, or on the one that
// KAFKA_BROKERS names; a foreign broker is neither stopped nor frozen.
func TestKafka(t *testing.T) {
	cfg := kafka.Config{SessionTimeout: 6 * time.Second, Heartbeat: 500 * time.Millisecond, RebalanceTimeout: 10 * time.Second}
	var outage, freeze transport.Outage
	if foreign := os.Getenv("KAFKA_BROKERS"); foreign != "" {
		cfg.Brokers = strings.Split(foreign, ",")
	} else {
		k := cluster.StartKafka(t, cluster.KafkaOptions{})
		cfg.Brokers = k.Brokers()
		outage = outageOf{k.Kill, func() error { return k.Start(context.Background()) }}
		freeze = outageOf{k.Pause, k.Resume}
	}
	h := kafkaHarness("kafka", cfg)
	h.Outage, h.Freeze = outage, freeze
	transport.Run(t, h)
}

type outageOf struct{ stop, start func() error }

func (o outageOf) Stop(t testing.TB)  { must(t, o.stop()) }
func (o outageOf) Start(t testing.TB) { must(t, o.start()) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// silence is a broker that hangs up on every request; it keeps what it has.
type silence struct {
	cluster *kfake.Cluster
	on      atomic.Bool
}

func (s *silence) Stop(testing.TB) {
	s.on.Store(true)
	s.cluster.ControlKey(-1, func(kmsg.Request) (kmsg.Response, error, bool) {
		if !s.on.Load() {
			s.cluster.DropControl()
			return nil, nil, false
		}
		s.cluster.KeepControl()
		return nil, errors.New("the broker is away"), true
	})
}

func (s *silence) Start(testing.TB) { s.on.Store(false) }

func kafkaHarness(name string, cfg kafka.Config) transport.Harness {
	cfg.Window, cfg.MaxInFlight = 128, 16
	publisher := func(t *testing.T) ports.Publisher {
		p := kafka.NewPublisher(cfg, quiet())
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
	return transport.Harness{
		Name:       name,
		Partitions: partitions,
		MaxBody:    900 << 10,
		// Every partition of every topic has its own bound.
		MaxHandlers:  cfg.MaxInFlight * partitions * 2,
		MaxAttention: cfg.SessionTimeout,
		Publisher:    publisher,
		Topics: func(t *testing.T, n int) []domain.Topic {
			out := make([]domain.Topic, n)
			for i := range out {
				out[i] = domain.Topic(fmt.Sprintf("t%d-%s", i, uuid.NewString()[:13]))
			}
			if _, err := kafka.EnsureTopics(t.Context(), cfg, partitions, 1, out); err != nil {
				t.Fatal(err)
			}
			return out
		},
		Instance: func(t *testing.T, s ports.Subscription) transport.Instance {
			i := &kafkaInstance{cfg: cfg, sub: s}
			t.Cleanup(func() { i.Stop(t) })
			return i
		},
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// kafkaInstance is a process of a group: one subscriber behind a network that
// can be cut, which is all that a broker sees of kill -9.
type kafkaInstance struct {
	cfg    kafka.Config
	sub    ports.Subscription
	net    *network
	cancel context.CancelFunc
	ended  chan error
}

func (i *kafkaInstance) Start(_ testing.TB, h ports.Handler) { i.start(i.sub, h) }

func (i *kafkaInstance) start(sub ports.Subscription, h ports.Handler) {
	var ctx context.Context
	ctx, i.cancel = context.WithCancel(context.Background())
	i.net = &network{}
	cfg := i.cfg
	cfg.Dial = i.net.dial
	i.ended = make(chan error, 1)
	go func(ended chan error) { ended <- kafka.NewSubscriber(cfg, quiet()).Subscribe(ctx, sub, h) }(i.ended)
}

func (i *kafkaInstance) Stop(t testing.TB) {
	if i.cancel == nil {
		return
	}
	i.cancel()
	i.cancel = nil
	if err := <-i.ended; err != nil {
		t.Errorf("Subscribe of %s: %v", i.sub.Group, err)
	}
}

func (i *kafkaInstance) Kill(t testing.TB) {
	i.net.cut()
	i.Stop(t)
}

// network is the connections of one process.
type network struct {
	mu    sync.Mutex
	conns []net.Conn
	down  bool
}

func (n *network) dial(network, addr string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return nil, errors.New("the network is cut")
	}
	c, err := net.DialTimeout(network, addr, time.Second)
	if err == nil {
		n.conns = append(n.conns, c)
	}
	return c, err
}

func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = true
	for _, c := range n.conns {
		_ = c.Close()
	}
}
