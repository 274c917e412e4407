package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/IBM/sarama"

	"github.com/tasktide/tasktide/core/domain"
)

// TopicReport says what EnsureTopics found and did with one topic.
type TopicReport struct {
	Topic    domain.Topic
	Before   int32 // partitions it had; 0: it did not exist
	Now      int32
	Created  bool
	Grown    bool
	TooLarge bool // it has more partitions than asked for; Kafka can't take any away
}

func (r TopicReport) String() string {
	switch {
	case r.Created:
		return fmt.Sprintf("%s: created with %d partitions", r.Topic, r.Now)
	case r.Grown:
		return fmt.Sprintf("%s: grown from %d to %d partitions", r.Topic, r.Before, r.Now)
	case r.TooLarge:
		return fmt.Sprintf("%s: has %d partitions, more than asked for; left as it is", r.Topic, r.Now)
	}
	return fmt.Sprintf("%s: has %d partitions", r.Topic, r.Now)
}

// EnsureTopics creates the topics that do not exist and grows those with fewer
// partitions. It never takes a partition away and never changes a replication
// factor. It may be called again and by several processes at once. The report
// has a line for each topic that was looked at, also beside an error.
//
// Growing moves keys to other partitions: records of a user from before and
// after it may be handled beside each other for as long as the old ones are not
// consumed. Grow while the outbox is quiet.
func EnsureTopics(ctx context.Context, cfg Config, partitions int32, replication int16, topics []domain.Topic) ([]TopicReport, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if partitions < 1 || replication < 1 {
		return nil, domain.Permanent(fmt.Errorf("kafka: %d partitions with %d replicas make no topic", partitions, replication))
	}
	for _, t := range topics {
		if err := checkTopic(t); err != nil {
			return nil, err
		}
	}
	var reports []TopicReport
	err := within(ctx, func() error {
		s, err := cfg.base()
		if err != nil {
			return err
		}
		admin, err := sarama.NewClusterAdmin(cfg.Brokers, s)
		if err != nil {
			return err
		}
		defer func() { _ = admin.Close() }()
		var errs []error
		for _, t := range topics {
			r, err := ensureTopic(admin, t, partitions, replication)
			if err != nil {
				errs = append(errs, fmt.Errorf("topic %s: %w", t, err))
				continue
			}
			reports = append(reports, r)
		}
		return errors.Join(errs...)
	})
	if ctx.Err() != nil {
		return nil, err // the work may still be writing reports
	}
	return reports, err
}

func ensureTopic(admin sarama.ClusterAdmin, t domain.Topic, want int32, replication int16) (TopicReport, error) {
	r := TopicReport{Topic: t, Now: want, Created: true}
	err := admin.CreateTopic(string(t), &sarama.TopicDetail{NumPartitions: want, ReplicationFactor: replication}, false)
	if err == nil {
		return r, nil
	}
	if !errors.Is(err, sarama.ErrTopicAlreadyExists) {
		return r, err
	}
	found, err := admin.DescribeTopics([]string{string(t)})
	if err != nil {
		return r, err
	}
	if len(found) != 1 || !errors.Is(found[0].Err, sarama.ErrNoError) {
		return r, fmt.Errorf("describe: %w", found[0].Err)
	}
	have := int32(len(found[0].Partitions))
	r = TopicReport{Topic: t, Before: have, Now: have, TooLarge: have > want}
	if have >= want {
		return r, nil
	}
	if err := admin.CreatePartitions(string(t), want, nil, false); err != nil {
		return r, err
	}
	r.Now, r.Grown = want, true
	return r, nil
}
