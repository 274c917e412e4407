package dapr

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func direct(t *testing.T) *kafka.Publisher {
	t.Helper()
	p := kafka.NewPublisher(kafkaConfig(t), slog.New(slog.DiscardHandler))
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(t.Context()) })
	return p
}

func kafkaConfig(t *testing.T) kafka.Config {
	return kafka.Config{Brokers: need(t, shared.kafka).Brokers()}
}

// fetch reads n records of a topic with plain Sarama, partition by partition.
func fetch(t *testing.T, topic domain.Topic, n int) []*sarama.ConsumerMessage {
	t.Helper()
	c, err := sarama.NewConsumer(need(t, shared.kafka).Brokers(), saramaConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	all := make(chan *sarama.ConsumerMessage)
	for p := range int32(partitions) {
		pc, err := c.ConsumePartition(string(topic), p, sarama.OffsetOldest)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = pc.Close() }()
		go func() {
			for m := range pc.Messages() {
				select {
				case all <- m:
				case <-t.Context().Done():
				}
			}
		}()
	}
	var out []*sarama.ConsumerMessage
	for len(out) < n {
		select {
		case m := <-all:
			out = append(out, m)
		case <-time.After(20 * time.Second):
			t.Fatalf("%d of %d records are on the topic", len(out), n)
		}
	}
	return out
}

// bodies that a transport could change: by parsing, trimming, sorting, wrapping.
func bodies() [][]byte {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return [][]byte{
		[]byte(`{"specversion":"1.0","id":"1","type":"x","source":"y","data":{"b":1,"a":2}}`),
		[]byte("{ \"b\" : 1 ,\r\n\t\"a\":2.0}\n"), []byte("{not json"), []byte(`"text"`), []byte("\n"), []byte("[]"),
		[]byte(`{"specversion":1,"traceparent":5,"id":{},"data":"\u0000"}`),
		[]byte(`{"specversion":"1.0","id":"1","source":"x","type":"y","expiration":"2001-01-01T00:00:00Z"}`),
		[]byte(`{"specversion":"1.0","id":"1","source":"x","type":"y","data_base64":"AAEC"}`),
		[]byte("\xff\xfe\xc0\xaf"), []byte("aGVsbG8="), []byte("Null"), []byte("null "), all,
		bytes.Repeat([]byte("["), 20_000), bytes.Repeat([]byte{0xFF, 'x'}, 450_000),
	}
}

func TestARecordIsTheSameWhicheverTransportPublishedIt(t *testing.T) {
	t.Parallel()
	names := topics(t, 2)
	sent := bodies()
	for i, p := range []ports.Publisher{publisher(t), direct(t)} {
		var wg sync.WaitGroup
		for n, body := range sent {
			wg.Go(func() {
				if err := p.Publish(t.Context(), ports.Record{Topic: names[i], Key: fmt.Sprintf("user+%d ü\n", n), Body: body}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	var at [2]map[string]int32
	for i, name := range names {
		at[i] = map[string]int32{}
		for _, m := range fetch(t, name, len(sent)) {
			var n int
			if _, err := fmt.Sscanf(string(m.Key), "user+%d ü\n", &n); err != nil || !bytes.Equal(m.Value, sent[n]) {
				t.Errorf("key %q came with %.60q", m.Key, m.Value)
			}
			if len(m.Headers) != 0 {
				t.Errorf("key %q has headers %v", m.Key, m.Headers)
			}
			at[i][string(m.Key)] = m.Partition
		}
	}
	for k, p := range at[0] {
		if at[1][k] != p {
			t.Errorf("key %q is in partition %d by Dapr and in %d by Sarama", k, p, at[1][k])
		}
	}
}

func TestHostileBodies(t *testing.T) {
	t.Parallel()
	name := topics(t, 1)[0]
	sent := append(bodies(), []byte{}, nil)
	p := foreign(t)
	for _, b := range sent {
		if err := p.Publish(t.Context(), ports.Record{Topic: name, Key: "one", Body: b}); err != nil {
			t.Fatal(err)
		}
	}
	got := collect(t, newProcess(t, ports.Subscription{Group: "g-" + string(name), Topics: []domain.Topic{name}}), len(sent))
	for i, m := range got {
		if !bytes.Equal(m.Body, sent[i]) || m.Key != "one" || m.Topic != name {
			t.Errorf("record %d: published %.60q, delivered %.60q with key %q", i, sent[i], m.Body, m.Key)
		}
	}
}

func TestATooLargeRecordIsPermanentAndTakesNoOtherWithIt(t *testing.T) {
	t.Parallel()
	name := topics(t, 1)[0]
	p := publisher(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			r := ports.Record{Topic: name, Key: fmt.Sprint("u", i), Body: []byte("small")}
			for ok := false; !ok; {
				err := p.Publish(t.Context(), r)
				if ok = err == nil; err != nil && !errors.Is(err, domain.ErrUnavailable) {
					t.Error(err)
					return
				}
			}
		})
		if i%5 == 0 {
			wg.Go(func() {
				r := ports.Record{Topic: name, Key: fmt.Sprint("big", i), Body: []byte(strings.Repeat("x", 1_000_001+i*1_000_000/2))}
				err := p.Publish(t.Context(), r)
				for errors.Is(err, domain.ErrUnavailable) {
					err = p.Publish(t.Context(), r)
				}
				if !errors.Is(err, domain.ErrPermanent) {
					t.Errorf("%d bytes: %v", len(r.Body), err)
				}
			})
		}
	}
	wg.Wait()
	keys := map[string]bool{}
	for _, m := range fetch(t, name, 20) {
		keys[string(m.Key)] = true
	}
	if len(keys) == 0 || keys["big0"] {
		t.Errorf("on the topic are %v", keys)
	}
}

// collect starts an instance and returns the first n messages that it handles.
func collect(t *testing.T, p *process, n int) []ports.Message {
	t.Helper()
	var s sink
	p.Start(t, s.handle)
	return s.await(t, n)
}
