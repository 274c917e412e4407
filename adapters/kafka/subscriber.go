package kafka

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.Subscriber = (*Subscriber)(nil)

// Subscriber brings messages from topics. It has no state of its own but its
// counters; every Subscribe has connections of its own and may run beside others.
type Subscriber struct {
	cfg   Config
	log   *slog.Logger
	stats counters
}

// NewSubscriber prepares a subscriber; Subscribe connects.
func NewSubscriber(cfg Config, log *slog.Logger) *Subscriber {
	return &Subscriber{cfg: cfg.withDefaults(), log: log.With("adapter", "kafka")}
}

type counters struct {
	done, again, givenUp, sessions, failures atomic.Int64
	partitions, disconnected                 atomic.Int64
}

// SubscriberStats counts over all subscriptions since the subscriber was made.
type SubscriberStats struct {
	Done, Again  int64 // answers of handlers
	GivenUp      int64 // broadcast deliveries that were not repeated any more
	Sessions     int64 // assignments of a group to this process
	Failures     int64 // errors of connections and sessions
	Partitions   int64 // read now
	Disconnected int64 // subscriptions that have no connection now
}

// Stats is safe to call at any time.
func (s *Subscriber) Stats() SubscriberStats {
	c := &s.stats
	return SubscriberStats{
		c.done.Load(), c.again.Load(), c.givenUp.Load(), c.sessions.Load(), c.failures.Load(),
		c.partitions.Load(), c.disconnected.Load(),
	}
}

// Subscribe keeps ports.Subscriber's contract. A subscription whose topics do
// not exist yet waits for all of them.
//
// Durable: when a partition goes to another member, running handlers go on for
// s.Drain, but never past the group's rebalance timeout. An offset that the
// broker lost leads to the oldest record it has.
//
// Broadcast: a delivery answered with Again is repeated twice, then it counts as
// done: a broadcast has no dead letter, and the next event must not wait for ever.
func (s *Subscriber) Subscribe(ctx context.Context, sub ports.Subscription, h ports.Handler) error {
	if err := s.check(sub, h); err != nil {
		return err
	}
	log := s.log.With("group", sub.Group)
	if sub.Mode == ports.Broadcast {
		return (&broadcast{s: s, sub: sub, handler: h, log: log}).run(ctx)
	}
	return (&group{s: s, sub: sub, handler: h, log: log}).run(ctx)
}

func (s *Subscriber) check(sub ports.Subscription, h ports.Handler) error {
	errs := []error{s.cfg.Validate()}
	if sub.Group == "" && sub.Mode == ports.Durable {
		errs = append(errs, domain.Permanent(errors.New("kafka: a durable subscription needs a group")))
	}
	if len(sub.Topics) == 0 {
		errs = append(errs, domain.Permanent(errors.New("kafka: a subscription needs a topic")))
	}
	if h == nil {
		errs = append(errs, domain.Permanent(errors.New("kafka: a subscription needs a handler")))
	}
	for _, t := range sub.Topics {
		errs = append(errs, checkTopic(t))
	}
	return errors.Join(errs...)
}

func (s *Subscriber) limits(tries int) limits {
	return limits{inFlight: s.cfg.MaxInFlight, window: s.cfg.Window, bytes: s.cfg.WindowBytes, tries: tries}
}

func names(topics []domain.Topic) []string {
	out := make([]string, len(topics))
	for i, t := range topics {
		out[i] = string(t)
	}
	return out
}

// outage logs the begin and the end of a subscription's outage, once each.
type outage struct {
	log   *slog.Logger
	stats *counters
	on    atomic.Bool
}

func (o *outage) begin(ctx context.Context, err error) {
	o.stats.failures.Add(1)
	if ctx.Err() == nil && o.on.CompareAndSwap(false, true) {
		o.stats.disconnected.Add(1)
		o.log.WarnContext(ctx, "kafka subscription interrupted; it keeps trying", "error", err)
	}
}

func (o *outage) end(ctx context.Context) {
	if o.on.CompareAndSwap(true, false) {
		o.stats.disconnected.Add(-1)
		if ctx.Err() == nil {
			o.log.InfoContext(ctx, "kafka subscription is back")
		}
	}
}
