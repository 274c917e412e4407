package dapr

import (
	"context"
	"testing"

	"github.com/IBM/sarama"

	"github.com/tasktide/tasktide/ports"
)

// producer is a program that is not ours: Sarama as it comes, with headers on
// every record that break a delivery which lets them through.
type producer struct{ sarama.SyncProducer }

func foreign(t *testing.T) ports.Publisher {
	t.Helper()
	p, err := sarama.NewSyncProducer(need(t, shared.kafka).Brokers(), saramaConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return producer{p}
}

func saramaConfig() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.V3_6_0_0
	c.Producer.Return.Successes = true
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.MaxMessageBytes = 1 << 21
	return c
}

func (p producer) Publish(_ context.Context, r ports.Record) error {
	m := &sarama.ProducerMessage{Topic: string(r.Topic), Headers: []sarama.RecordHeader{
		{Key: []byte("traceparent"), Value: []byte("nonsense\r\nx: y")},
		{Key: []byte("content-encoding"), Value: []byte("gzip")},
		{Key: []byte("content-type"), Value: []byte("application/cloudevents+json")},
		{Key: []byte("dapr-api-token"), Value: []byte("stolen")},
		{Key: []byte("bad header: \n"), Value: []byte{0, 1, 2}},
	}}
	if r.Key != "" {
		m.Key = sarama.StringEncoder(r.Key)
	}
	if r.Body != nil {
		m.Value = sarama.ByteEncoder(r.Body)
	}
	_, _, err := p.SendMessage(m)
	return err
}
