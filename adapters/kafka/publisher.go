package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"github.com/tasktide/tasktide/ports"
)

var _ ports.Publisher = (*Publisher)(nil)

var (
	errNotConnected = errors.New("not connected")
	errStopped      = errors.New("the publisher is stopped")
)

// Publisher puts records on topics with one idempotent producer. Publish may be
// called concurrently, before Start (it waits, see Config.PublishWait) and after
// Stop (Unavailable).
type Publisher struct {
	cfg Config
	log *slog.Logger

	mu      sync.RWMutex  // held for reading while a record is handed to the producer
	link    *link         // nil: not connected
	changed chan struct{} // closed and replaced when link changes
	lastErr error         // why it is not connected

	lifecycle sync.Mutex
	cancel    context.CancelFunc
	ended     chan struct{}

	published, failed, replaced atomic.Int64
}

// PublisherStats counts since the publisher was made.
type PublisherStats struct {
	Published int64 // acknowledged records
	Failed    int64 // records answered with an error
	Replaced  int64 // producers that were replaced after a failure
	Connected bool
}

// NewPublisher prepares a publisher; Start connects it.
func NewPublisher(cfg Config, log *slog.Logger) *Publisher {
	return &Publisher{cfg: cfg.withDefaults(), log: log.With("adapter", "kafka"), changed: make(chan struct{}), lastErr: errNotConnected}
}

// Start begins to connect and returns at once; brokers that are down are no
// error. Starting twice does nothing; a stopped publisher may be started again.
func (p *Publisher) Start(context.Context) error {
	if err := p.cfg.Validate(); err != nil {
		return err
	}
	p.lifecycle.Lock()
	defer p.lifecycle.Unlock()
	if p.cancel != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	before := p.ended
	p.cancel, p.ended = cancel, make(chan struct{})
	p.set(nil, errNotConnected)
	go p.run(ctx, before, p.ended)
	return nil
}

// Stop takes no more records and returns when those on their way are answered
// or ctx has ended. Stopping twice does nothing.
func (p *Publisher) Stop(ctx context.Context) error {
	p.lifecycle.Lock()
	cancel, ended := p.cancel, p.ended
	p.cancel = nil
	p.lifecycle.Unlock()
	if ended == nil {
		return nil
	}
	if cancel != nil {
		cancel()
	}
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop the kafka publisher: %w", ctx.Err())
	}
}

// Stats is safe to call at any time.
func (p *Publisher) Stats() PublisherStats {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return PublisherStats{p.published.Load(), p.failed.Load(), p.replaced.Load(), p.link != nil}
}

// call is one Publish: its record and whoever waits for the answer.
type call struct {
	msg    sarama.ProducerMessage
	answer chan error // capacity 1: an answer never waits for its reader
}

var calls = sync.Pool{New: func() any { return &call{answer: make(chan error, 1)} }}

// Publish keeps ports.Publisher's contract. A topic that does not exist is
// Unavailable: it may be created later. When ctx ends first, the record may
// still arrive.
func (p *Publisher) Publish(ctx context.Context, r ports.Record) error {
	if err := checkTopic(r.Topic); err != nil {
		return err
	}
	c := calls.Get().(*call)
	c.msg = sarama.ProducerMessage{Topic: string(r.Topic), Metadata: c}
	if r.Key != "" {
		c.msg.Key = sarama.StringEncoder(r.Key)
	}
	if r.Body != nil {
		c.msg.Value = sarama.ByteEncoder(r.Body)
	}
	if err := p.send(ctx, &c.msg); err != nil {
		p.failed.Add(1)
		return err
	}
	select {
	case err := <-c.answer:
		if err != nil { // c is not reused: Sarama still reads a failed message after it gave it back
			p.failed.Add(1)
			return classify(err)
		}
		calls.Put(c)
		p.published.Add(1)
		return nil
	case <-ctx.Done(): // c is not reused: its answer is still to come
		p.failed.Add(1)
		return fmt.Errorf("publish to kafka topic %s: %w", r.Topic, ctx.Err())
	}
}

// send hands a record to the producer as soon as there is one.
func (p *Publisher) send(ctx context.Context, msg *sarama.ProducerMessage) error {
	var limit <-chan time.Time
	for {
		p.mu.RLock()
		if l := p.link; l != nil {
			defer p.mu.RUnlock() // the producer is not closed before its input is left
			if err := l.know(msg.Topic); err != nil {
				return err
			}
			select {
			case l.producer.Input() <- msg:
				return nil
			case <-ctx.Done():
				return fmt.Errorf("publish to kafka topic %s: %w", msg.Topic, ctx.Err())
			}
		}
		changed, lastErr := p.changed, p.lastErr
		p.mu.RUnlock()
		if errors.Is(lastErr, errStopped) {
			return unavailable(lastErr)
		}
		if limit == nil {
			timer := time.NewTimer(p.cfg.PublishWait)
			defer timer.Stop()
			limit = timer.C
		}
		select {
		case <-changed:
		case <-limit:
			return unavailable(lastErr)
		case <-ctx.Done():
			return fmt.Errorf("publish to kafka topic %s: %w", msg.Topic, ctx.Err())
		}
	}
}
