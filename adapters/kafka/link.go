package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// link is one producer on one client, from its connection to its failure.
type link struct {
	client   sarama.Client
	producer sarama.AsyncProducer
	known    sync.Map      // topics that the client has metadata of
	broken   chan struct{} // closed by the first error that breaks it
	brokenBy error
	once     sync.Once
	pumps    sync.WaitGroup
}

// run keeps a link up until ctx ends. It waits for the run before it, which a
// Stop with too short a ctx may have left behind, so that two producers never
// write beside each other.
func (p *Publisher) run(ctx context.Context, before, ended chan struct{}) {
	defer close(ended)
	if before != nil {
		<-before
	}
	defer p.set(nil, errStopped)
	p.set(nil, errNotConnected)
	for retry := newBackoff(); ctx.Err() == nil; {
		l, err := p.connect()
		if err != nil {
			if p.set(nil, err) {
				p.log.WarnContext(ctx, "kafka producer can't connect; it keeps trying", "error", err)
			}
			retry.wait(ctx)
			continue
		}
		p.set(l, nil)
		p.log.InfoContext(ctx, "kafka producer connected")
		retry = newBackoff()
		select {
		case <-ctx.Done():
			p.set(nil, errStopped)
		case <-l.broken:
			p.set(nil, l.brokenBy)
			p.replaced.Add(1)
			p.log.WarnContext(ctx, "kafka producer failed; it is replaced", "error", l.brokenBy)
		}
		l.close()
	}
}

// set publishes the state of the connection and says whether an outage begins.
func (p *Publisher) set(l *link, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	begins := p.link == nil && (p.lastErr == nil || errors.Is(p.lastErr, errNotConnected))
	p.link, p.lastErr = l, err
	close(p.changed)
	p.changed = make(chan struct{})
	return begins
}

func (p *Publisher) connect() (*link, error) {
	s, err := p.cfg.producer()
	if err != nil {
		return nil, err
	}
	client, err := sarama.NewClient(p.cfg.Brokers, s)
	if err != nil {
		return nil, err
	}
	producer, err := sarama.NewAsyncProducerFromClient(client)
	if err != nil {
		_ = client.Close()
		return nil, err
	}
	l := &link{client: client, producer: producer, broken: make(chan struct{})}
	l.pumps.Go(func() {
		for msg := range producer.Successes() {
			msg.Metadata.(*call).answer <- nil
		}
	})
	l.pumps.Go(func() {
		for e := range producer.Errors() {
			l.fail(e)
		}
	})
	return l, nil
}

func (l *link) fail(e *sarama.ProducerError) {
	if errors.Is(e.Err, sarama.ErrUnknownTopicOrPartition) {
		l.known.Delete(e.Msg.Topic)
	}
	if breaks(e.Err) {
		l.once.Do(func() { l.brokenBy = e.Err; close(l.broken) })
	}
	e.Msg.Metadata.(*call).answer <- e.Err
}

// know asks for a topic's metadata before its first record. Inside the producer
// three failures would close the topic for ten seconds, also when it is created
// in the next one.
func (l *link) know(topic string) error {
	if _, ok := l.known.Load(topic); ok {
		return nil
	}
	if _, err := l.client.Partitions(topic); err != nil {
		return classify(fmt.Errorf("metadata of topic %s: %w", topic, err))
	}
	l.known.Store(topic, true)
	return nil
}

// close returns when every record handed over is answered. Nobody may be
// sending any more.
func (l *link) close() {
	l.producer.AsyncClose()
	l.pumps.Wait()
	_ = l.client.Close()
}

// Ping asks a broker for a sign of life over the publisher's own connection.
func (p *Publisher) Ping(ctx context.Context) error {
	p.mu.RLock()
	l, err := p.link, p.lastErr
	p.mu.RUnlock()
	if l == nil {
		return unavailable(err)
	}
	return within(ctx, func() error { return l.client.RefreshMetadata() })
}

// Ping connects to the brokers, asks for their metadata and disconnects.
func Ping(ctx context.Context, cfg Config) error {
	return within(ctx, func() error {
		s, err := cfg.withDefaults().base()
		if err != nil {
			return err
		}
		s.Metadata.Retry.Max = 0
		client, err := sarama.NewClient(cfg.Brokers, s)
		if err != nil {
			return err
		}
		return client.Close()
	})
}

// within gives up waiting for f, which can't be cancelled, when ctx ends.
func within(ctx context.Context, f func() error) error {
	result := make(chan error, 1)
	go func() { result <- f() }()
	select {
	case err := <-result:
		if err != nil {
			return unavailable(err)
		}
		return nil
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
}

// backoff doubles from 100 ms to 5 s.
type backoff struct{ next time.Duration }

func newBackoff() *backoff { return &backoff{100 * time.Millisecond} }

func (b *backoff) wait(ctx context.Context) {
	timer := time.NewTimer(b.next)
	defer timer.Stop()
	b.next = min(2*b.next, 5*time.Second)
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
