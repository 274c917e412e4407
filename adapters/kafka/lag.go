package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/IBM/sarama"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var (
	_ ports.LagReader   = (*Lag)(nil)
	_ ports.TopicReader = (*Lag)(nil)
)

// Lag compares what groups have committed with what the topics have. It connects
// for each call: it is for an operator.
type Lag struct{ cfg Config }

// NewLag makes one; it does no I/O.
func NewLag(cfg Config) *Lag { return &Lag{cfg.withDefaults()} }

// Lag implements ports.LagReader.
func (l *Lag) Lag(ctx context.Context) ([]domain.Lag, error) {
	if err := l.cfg.Validate(); err != nil {
		return nil, err
	}
	return ask(ctx, l, (*lagRead).groups)
}

// Topics implements ports.TopicReader: the ends of all partitions.
func (l *Lag) Topics(ctx context.Context) ([]domain.TopicCount, error) {
	if err := l.cfg.Validate(); err != nil {
		return nil, err
	}
	return ask(ctx, l, (*lagRead).counts)
}

// ask connects, and gives what read makes of the connection.
func ask[T any](ctx context.Context, l *Lag, read func(*lagRead) (T, error)) (T, error) {
	result := make(chan T, 1)
	err := within(ctx, func() error {
		s, err := l.cfg.base()
		if err != nil {
			return err
		}
		client, err := sarama.NewClient(l.cfg.Brokers, s)
		if err != nil {
			return err
		}
		defer func() { _ = client.Close() }()
		admin, err := sarama.NewClusterAdminFromClient(client)
		if err != nil {
			return err
		}
		all, err := read(&lagRead{client: client, admin: admin, topics: map[domain.Topic][]domain.PartitionLag{}})
		result <- all
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return <-result, nil
}

// lagRead reads each topic once.
type lagRead struct {
	client sarama.Client
	admin  sarama.ClusterAdmin
	topics map[domain.Topic][]domain.PartitionLag
}

func (r *lagRead) groups() ([]domain.Lag, error) {
	members, err := r.members()
	if err != nil {
		return nil, err
	}
	var out []domain.Lag
	for _, group := range domain.DurableGroups() {
		some, err := r.group(group)
		if err != nil {
			return nil, fmt.Errorf("group %s: %w", group, err)
		}
		for i := range some {
			some[i].Members = members[string(group)]
		}
		out = append(out, some...)
	}
	return out, nil
}

// members counts who is in each group now; nobody is in one that was never there.
func (r *lagRead) members() (map[string]int, error) {
	var names []string
	for _, group := range domain.DurableGroups() {
		names = append(names, string(group))
	}
	described, err := r.admin.DescribeConsumerGroups(names)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, g := range described {
		if g.Err != sarama.ErrNoError && !errors.Is(g.Err, sarama.ErrGroupIDNotFound) {
			return nil, fmt.Errorf("group %s: %w", g.GroupId, g.Err)
		}
		out[g.GroupId] = len(g.Members)
	}
	return out, nil
}

func (r *lagRead) counts() ([]domain.TopicCount, error) {
	var out []domain.TopicCount
	for _, t := range domain.Topics() {
		if err := r.topic(t); err != nil {
			return nil, fmt.Errorf("topic %s: %w", t, err)
		}
		n := domain.TopicCount{Topic: t}
		for _, p := range r.topics[t] {
			n.Taken += p.End
		}
		out = append(out, n)
	}
	return out, nil
}

// group compares one group. What it commits while this reads may be beyond the end
// that was read: then it is not behind.
func (r *lagRead) group(group domain.Service) ([]domain.Lag, error) {
	ask := map[string][]int32{}
	topics := domain.ConsumedBy(group, false)
	for _, t := range topics {
		if err := r.topic(t); err != nil {
			return nil, fmt.Errorf("topic %s: %w", t, err)
		}
		for _, p := range r.topics[t] {
			ask[string(t)] = append(ask[string(t)], p.Partition)
		}
	}
	committed, err := r.admin.ListConsumerGroupOffsets(string(group), ask)
	switch {
	case errors.Is(err, sarama.ErrGroupIDNotFound): // it was never there
		committed = &sarama.OffsetFetchResponse{}
	case err != nil:
		return nil, err
	}
	var out []domain.Lag
	for _, t := range topics {
		lag := domain.Lag{Group: group, Topic: t}
		for _, p := range r.topics[t] {
			p.Committed = -1
			if b := committed.GetBlock(string(t), p.Partition); b != nil {
				if b.Err != sarama.ErrNoError {
					return nil, fmt.Errorf("topic %s, partition %d: %w", t, p.Partition, b.Err)
				}
				p.Committed = b.Offset
			}
			p.Behind = max(0, p.End-max(p.Begin, p.Committed))
			lag.Behind += p.Behind
			lag.Partitions = append(lag.Partitions, p)
		}
		out = append(out, lag)
	}
	return out, nil
}

func (r *lagRead) topic(t domain.Topic) error {
	if _, ok := r.topics[t]; ok {
		return nil
	}
	partitions, err := r.client.Partitions(string(t))
	if err != nil {
		return err
	}
	all := []domain.PartitionLag{}
	for _, id := range partitions {
		p := domain.PartitionLag{Partition: id}
		if p.Begin, err = r.client.GetOffset(string(t), id, sarama.OffsetOldest); err != nil {
			return err
		}
		if p.End, err = r.client.GetOffset(string(t), id, sarama.OffsetNewest); err != nil {
			return err
		}
		all = append(all, p)
	}
	r.topics[t] = all
	return nil
}
