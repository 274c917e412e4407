package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

// CreateTopics creates topics and waits until every broker knows a leader of each partition; one that exists is left as it is.
func (k *Kafka) CreateTopics(ctx context.Context, partitions int, topics ...string) error {
	return CreateTopics(ctx, k.Brokers(), partitions, topics...)
}

// CreateTopics is the same for any broker.
func CreateTopics(ctx context.Context, brokers []string, partitions int, topics ...string) error {
	admin, err := sarama.NewClusterAdmin(brokers, kafkaClient())
	if err != nil {
		return fmt.Errorf("connect to %v: %w", brokers, err)
	}
	defer func() { _ = admin.Close() }()
	for _, t := range topics {
		// -1: the broker's own default
		detail := &sarama.TopicDetail{NumPartitions: int32(partitions), ReplicationFactor: -1}
		err := admin.CreateTopic(t, detail, false)
		if err != nil && !errors.Is(err, sarama.ErrTopicAlreadyExists) {
			return fmt.Errorf("create topic %s: %w", t, err)
		}
	}
	return awaitTopics(ctx, admin, topics)
}

// AwaitTopics waits until every broker knows a leader of each partition of topics that somebody has made.
func AwaitTopics(ctx context.Context, brokers []string, topics ...string) error {
	admin, err := sarama.NewClusterAdmin(brokers, kafkaClient())
	if err != nil {
		return fmt.Errorf("connect to %v: %w", brokers, err)
	}
	defer func() { _ = admin.Close() }()
	return awaitTopics(ctx, admin, topics)
}

func awaitTopics(ctx context.Context, admin sarama.ClusterAdmin, topics []string) error {
	members, _, err := admin.DescribeCluster()
	if err != nil {
		return fmt.Errorf("ask for the brokers: %w", err)
	}
	for _, member := range members { // each: one that lags answers the first publish with "there is no such topic"
		if err := untilKnown(ctx, member.Addr(), topics); err != nil {
			return err
		}
	}
	return nil
}

// untilKnown waits until the broker at addr knows a leader of each partition.
func untilKnown(ctx context.Context, addr string, topics []string) error {
	for {
		err := leadersKnown(ctx, addr, topics)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("topics are not ready at %s: %w", addr, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func leadersKnown(ctx context.Context, addr string, topics []string) error {
	answer, err := metadataOf(ctx, addr, topics)
	if err != nil {
		return err
	}
	if len(answer.Topics) != len(topics) {
		return fmt.Errorf("%d topics of %d", len(answer.Topics), len(topics))
	}
	for _, t := range answer.Topics {
		if t.Err != sarama.ErrNoError {
			return fmt.Errorf("topic %s: %w", t.Name, t.Err)
		}
		for _, p := range t.Partitions {
			if p.Err != sarama.ErrNoError || p.Leader < 0 {
				return fmt.Errorf("topic %s, partition %d: leader %d: %w", t.Name, p.ID, p.Leader, p.Err)
			}
		}
	}
	return nil
}

// registered reports whether the broker at addr answers and knows itself as a live member of the cluster.
func registered(ctx context.Context, addr string, id int32) error {
	answer, err := metadataOf(ctx, addr, nil)
	if err != nil {
		return err
	}
	for _, member := range answer.Brokers {
		if member.ID() == id {
			return nil
		}
	}
	return fmt.Errorf("broker %d is not registered yet", id)
}

// metadataOf is what the broker at addr, and no other, knows.
func metadataOf(ctx context.Context, addr string, topics []string) (*sarama.MetadataResponse, error) {
	config := kafkaClient()
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		config.Net.DialTimeout, config.Net.ReadTimeout, config.Net.WriteTimeout = left, left, left
	}
	b := sarama.NewBroker(addr)
	if err := b.Open(config); err != nil {
		return nil, err
	}
	defer func() { _ = b.Close() }()
	return b.GetMetadata(sarama.NewMetadataRequest(config.Version, topics))
}

func kafkaClient() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.V3_6_0_0
	config.ClientID = "tasktide-test-cluster"
	return config
}
