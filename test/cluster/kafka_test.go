package cluster

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

func produce(t *testing.T, k *Kafka, topic, value string) {
	t.Helper()
	config := kafkaClient()
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Retry.Max = 200 // of 100 ms: a partition has no leader until its broker's session has expired
	p, err := sarama.NewSyncProducer(k.Brokers(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	if _, _, err := p.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(value)}); err != nil {
		t.Fatal(err)
	}
}

// kept is how many records the topic's first partition holds.
func kept(t *testing.T, k *Kafka, topic string) int64 {
	t.Helper()
	c, err := sarama.NewClient(k.Brokers(), kafkaClient())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	n, err := c.GetOffset(topic, 0, sarama.OffsetNewest)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestKafkaKeepsRecordsThroughKillStopAndPause(t *testing.T) {
	t.Parallel()
	began := time.Now()
	k := StartKafka(t, KafkaOptions{})
	t.Logf("created and started in %s", time.Since(began))
	began = time.Now()
	for range 2 { // the second time it is there
		if err := k.CreateTopics(t.Context(), 1, "kept"); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("topic created in %s", time.Since(began))
	produce(t, k, "kept", "one")
	for name, end := range map[string]func() error{"kill": k.Kill, "stop": k.Stop} {
		began := time.Now()
		if err := end(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ended := time.Since(began)
		began = time.Now()
		if err := k.Start(t.Context()); err != nil {
			t.Fatalf("start after %s: %v", name, err)
		}
		t.Logf("%s took %s, start after it %s", name, ended, time.Since(began))
		if n := kept(t, k, "kept"); n != 1 {
			t.Fatalf("%d records are left of 1", n)
		}
	}
	if err := k.Pause(); err != nil {
		t.Fatal(err)
	}
	frozen, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	b := k.Broker(0)
	if err := registered(frozen, b.Addr, b.ID); err == nil {
		t.Fatal("a frozen broker answered")
	}
	if err := k.Resume(); err != nil {
		t.Fatal(err)
	}
	produce(t, k, "kept", "two")
}

// everyBrokerKnowsWhatWasCreated at once, since clients ask whichever they like first.
func everyBrokerKnowsWhatWasCreated(t *testing.T, k *Kafka) {
	t.Helper()
	for n := range 20 {
		topic := fmt.Sprintf("created-%d", n)
		if err := k.CreateTopics(t.Context(), 2, topic); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if err := leadersKnown(t.Context(), k.Broker(i).Addr, []string{topic}); err != nil {
				t.Fatalf("broker %d, topic %d: %v", i, n, err)
			}
		}
	}
}

func TestThreeBrokersGoOnWhileOneIsKilled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("three JVMs")
	}
	began := time.Now()
	k := StartKafka(t, KafkaOptions{Brokers: 3})
	t.Logf("created and started in %s", time.Since(began))
	if err := k.CreateTopics(t.Context(), 3, "replicated"); err != nil {
		t.Fatal(err)
	}
	everyBrokerKnowsWhatWasCreated(t, k)
	produce(t, k, "replicated", "one")
	if err := k.Broker(0).Kill(); err != nil {
		t.Fatal(err)
	}
	produce(t, k, "replicated", "two")
	began = time.Now()
	if err := k.Broker(0).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("killed broker was back in %s", time.Since(began))
}
