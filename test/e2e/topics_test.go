package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/tasktide/tasktide/test/contract/schema"
)

// published is what the broker keeps of one event.
type published struct {
	user, id string
	position int64
}

// verifyTopics reads all topics: each event must be there, the first copies of each user's in the order of the stream.
// Copies are allowed: a relay that is killed after a publish publishes again.
func verifyTopics(t *testing.T, s *system, events map[string][]row) error {
	t.Helper()
	config := sarama.NewConfig()
	config.Consumer.MaxWaitTime = 20 * time.Millisecond // closing waits for the last answer
	client, err := sarama.NewClient(s.brokers, config)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	wanted, copies := 0, 0
	ids := map[string]bool{}
	for user, stream := range events {
		for _, e := range stream {
			wanted++
			ids[topicOf(e.kind)+" "+user+" "+e.id] = true
		}
	}
	for _, topic := range []string{"task-created", "task-updated", "task-completed", "task-deleted", "reminder-due"} {
		records, err := readTopic(client, topic)
		if err != nil {
			return err
		}
		last := map[string]int64{}
		for _, r := range records {
			key := topic + " " + r.user + " " + r.id
			switch {
			case ids[key] && r.position <= last[r.user]:
				return fmt.Errorf("%s: the first copy of position %d of %s comes after %d", topic, r.position, r.user, last[r.user])
			case ids[key]:
				delete(ids, key)
				last[r.user] = r.position
			default:
				copies++
			}
		}
	}
	t.Logf("%d events on the topics, %d further copies", wanted, copies)
	if len(ids) > 0 {
		return fmt.Errorf("%d events were never published: %v", len(ids), ids)
	}
	return verifyUpdates(t, client, events)
}

// verifyUpdates looks for every event on task-updates: at least once, in no order.
func verifyUpdates(t *testing.T, client sarama.Client, events map[string][]row) error {
	t.Helper()
	records, err := readTopic(client, "task-updates")
	if err != nil {
		return err
	}
	there := map[string]int64{}
	for _, r := range records {
		there[r.user+" "+r.id] = r.position
	}
	for user, stream := range events {
		for _, e := range stream {
			if there[user+" "+e.id] != e.position {
				return fmt.Errorf("%s at %d of %s is not on task-updates", e.kind, e.position, user)
			}
		}
	}
	t.Logf("%d records on task-updates", len(records))
	return nil
}

// readTopic reads all partitions from their beginning to their present end. What is no event is left out.
func readTopic(client sarama.Client, topic string) (out []published, err error) {
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, consumer.Close()) }()
	partitions, err := client.Partitions(topic)
	if err != nil {
		return nil, err
	}
	for _, p := range partitions {
		end, err := client.GetOffset(topic, p, sarama.OffsetNewest)
		if err != nil {
			return nil, err
		}
		if end == 0 {
			continue
		}
		c, err := consumer.ConsumePartition(topic, p, sarama.OffsetOldest)
		if err != nil {
			return nil, err
		}
		for read := int64(0); read < end; {
			select {
			case m := <-c.Messages():
				read = m.Offset + 1
				if e, ok := eventOf(m.Value); ok {
					if err := schema.Record(m.Value); err != nil {
						return nil, fmt.Errorf("%s/%d at %d: %w", topic, p, m.Offset, err)
					}
					out = append(out, e)
				}
			case <-time.After(20 * time.Second):
				return nil, fmt.Errorf("%s/%d can't be read beyond offset %d of %d", topic, p, read, end)
			}
		}
		if err := c.Close(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func eventOf(body []byte) (published, bool) {
	var e struct {
		ID       string `json:"id"`
		Key      string `json:"partitionkey"`
		Sequence string `json:"sequence"`
	}
	if json.Unmarshal(body, &e) != nil {
		return published{}, false
	}
	n, err := strconv.ParseInt(e.Sequence, 10, 64)
	return published{user: e.Key, id: e.ID, position: n}, err == nil
}
