package transport_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/test/contract/fixture"
	"github.com/tasktide/tasktide/test/contract/transport"
)

// TestKafkaFake runs the suite on an in-process broker: quick, and no substitute
// for TestKafka, because nothing is stored.
func TestKafkaFake(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	h := fixture.Kafka("kafka (kfake)", kafka.Config{
		Brokers: cluster.ListenAddrs(), SessionTimeout: 3 * time.Second, Heartbeat: 300 * time.Millisecond, RebalanceTimeout: 8 * time.Second,
	})
	h.Outage = &silence{cluster: cluster}
	transport.Run(t, h)
}

// TestKafka runs the suite on a real broker.
func TestKafka(t *testing.T) {
	t.Parallel()
	transport.Run(t, fixture.RealKafka(t))
}

// TestKafkaRolling kills the brokers of a real cluster one after the other.
func TestKafkaRolling(t *testing.T) {
	t.Parallel()
	h, brokers := fixture.KafkaCluster(t, 3)
	transport.RunRolling(t, h, brokers)
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
