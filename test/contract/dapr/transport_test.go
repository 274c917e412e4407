package dapr

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/dapr"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/cluster"
	"github.com/tasktide/tasktide/test/contract/transport"
)

const partitions = 4

func TestTransport(t *testing.T) {
	need(t, outbound)
	transport.Run(t, transport.Harness{
		Name: "dapr", Partitions: partitions, ByPartition: true,
		Topics: topics, Publisher: publisher, Foreign: foreign,
		Instance: func(t *testing.T, s ports.Subscription) transport.Instance { return newProcess(t, s) },
		MaxBody:  900 << 10,
		// daprd hands out one message of a partition at a time.
		MaxHandlers:  partitions * 2,
		MaxAttention: 10 * time.Second, // Sarama's session timeout
		Patience:     40 * time.Second,
		Outage:       outage{(*cluster.Kafka).Stop, func(k *cluster.Kafka) error { return k.Start(context.Background()) }},
		Freeze:       outage{(*cluster.Kafka).Pause, (*cluster.Kafka).Resume},
		Omit: map[string]string{
			"hostile_bodies_arrive_byte_for_byte": `daprd makes a tombstone of the bytes "null"; TestHostileBodies has all the others`,
		},
	})
}

func topics(t *testing.T, n int) []domain.Topic {
	t.Helper()
	out, names := make([]domain.Topic, n), make([]string, n)
	for i := range out {
		names[i] = fmt.Sprintf("t%d-%s", i, uuid.NewString()[:13])
		out[i] = domain.Topic(names[i])
	}
	if err := need(t, shared.kafka).CreateTopics(t.Context(), partitions, names...); err != nil {
		t.Fatal(err)
	}
	return out
}

func publisher(t *testing.T) ports.Publisher {
	return dapr.NewPublisher(client(t, need(t, outbound)))
}

// outage breaks the broker of the whole package.
type outage struct{ begin, end func(*cluster.Kafka) error }

func (o outage) Stop(t testing.TB) {
	if err := o.begin(need(t, shared.kafka)); err != nil {
		t.Fatal(err)
	}
}

func (o outage) Start(t testing.TB) {
	if err := o.end(need(t, shared.kafka)); err != nil {
		t.Fatal(err)
	}
}
