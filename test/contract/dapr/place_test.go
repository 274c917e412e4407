package dapr

import (
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/tasktide/tasktide/test/contract/transport"
)

var _ transport.Placed = (*process)(nil)

// AwaitPlace is transport.Placed: the group of a broadcast is the pod, and daprd
// commits once a second.
func (p *process) AwaitPlace(t testing.TB) {
	t.Helper()
	cfg := sarama.NewConfig()
	cfg.Version = sarama.V2_8_0_0
	admin, err := sarama.NewClusterAdmin(need(t, shared.kafka).Brokers(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	deadline := time.Now().Add(20 * time.Second)
	for p.places(t, admin) < partitions*len(p.sub.Topics) {
		if time.Now().After(deadline) {
			t.Fatalf("the group %s has a place in %d of %d partitions", p.options.PodName, p.places(t, admin), partitions*len(p.sub.Topics))
		}
	}
}

// places counts the partitions in which the group has committed an offset.
func (p *process) places(t testing.TB, admin sarama.ClusterAdmin) (n int) {
	t.Helper()
	ask := map[string][]int32{}
	for _, topic := range p.sub.Topics {
		for i := range int32(partitions) {
			ask[string(topic)] = append(ask[string(topic)], i)
		}
	}
	offsets, err := admin.ListConsumerGroupOffsets(p.options.PodName, ask)
	if err != nil {
		t.Fatal(err)
	}
	for topic, all := range ask {
		for _, i := range all {
			if b := offsets.GetBlock(topic, i); b != nil && b.Offset >= 0 {
				n++
			}
		}
	}
	return n
}
