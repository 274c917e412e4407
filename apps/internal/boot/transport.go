package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/dapr"
	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// transport is what the choice of TRANSPORT decides.
type transport struct {
	publisher  ports.Publisher
	subscriber ports.Subscriber
	state      ports.StateStore
	check      *rest.Check // of the broker or sidecar; nil in memory

	// sidecar asks whether the sidecar has what we need and delivers; none without one. They count for readiness only.
	sidecar []rest.Check

	// publishes asks whether publishing works where check can't tell; nil elsewhere.
	publishes func(context.Context) error

	// declare makes a durable group known before anything is published; nil where the broker keeps what comes before it.
	declare func(ports.Subscription)

	// tick makes a function the handler of the sidecar's cron binding with that name, before the start; nil without a sidecar.
	tick func(binding string, f func())

	lag       ports.LagReader // nil: nobody here can tell
	lagSource string          // where it looks; without it: why

	topics  ports.TopicReader // nil as lag is
	counted string            // where it looks
}

// newTransport is the one switch on TRANSPORT.
//
// It starts after the database: a process that would end since the schema is not there
// must not have opened the port at which the sidecar asks once for subscriptions.
func newTransport(lc fx.Lifecycle, cfg Config, log *slog.Logger, clock ports.Clock, db *sqlstore.DB, _ *database) (*transport, error) {
	switch cfg.Transport {
	case Memory:
		bus := memory.NewBus(clock, 0) // the outbox is what is kept
		return &transport{
			publisher: bus, subscriber: bus, state: sqlstore.NewState(db), declare: bus.Declare,
			lag: sqlstore.NewOutbox(db), lagSource: "outbox", topics: bus, counted: "process",
		}, nil
	case Kafka:
		p := kafka.NewPublisher(cfg.KafkaConfig(), log)
		lc.Append(fx.StartStopHook(p.Start, p.Stop))
		lag := kafka.NewLag(cfg.KafkaConfig())
		return &transport{
			publisher: p, subscriber: kafka.NewSubscriber(cfg.KafkaConfig(), log), state: sqlstore.NewState(db),
			check: &rest.Check{Name: "kafka", Run: p.Ping, Need: rest.ToStart}, lag: lag, lagSource: "kafka", topics: lag, counted: "kafka",
		}, nil
	case Dapr:
		c := dapr.NewClient(cfg.dapr())
		lc.Append(fx.StopHook(c.Close))
		sub := dapr.NewSubscriber(cfg.dapr(), domain.ConsumedBy(cfg.Service, false), domain.ConsumedBy(cfg.Service, true))
		callbacks := dapr.NewServer(cfg.dapr(), sub, log)
		lc.Append(listenForSidecar(cfg, callbacks, log))
		publisher := dapr.NewPublisher(c)
		t := &transport{
			publisher: publisher, publishes: publisher.Ping, subscriber: sub, state: dapr.NewState(c), tick: callbacks.OnTick,
			check: &rest.Check{Name: "dapr", Run: c.Health, Need: rest.ToStart},
			sidecar: []rest.Check{
				{Name: "dapr components", Run: func(ctx context.Context) error { return c.Components(ctx, callbacks) }, Need: rest.ToStart},
				{Name: "dapr subscriptions", Run: func(ctx context.Context) error { return c.Subscribed(ctx, sub) }},
				{Name: "dapr token", Run: callbacks.Known},
			},
			lagSource: "a sidecar does not tell how far groups are behind; set KAFKA_BROKERS beside TRANSPORT=dapr to have the broker asked",
		}
		if len(cfg.KafkaBrokers) > 0 {
			lag := kafka.NewLag(cfg.KafkaConfig())
			t.lag, t.lagSource, t.topics, t.counted = lag, "kafka", lag, "kafka"
		}
		return t, nil
	}
	return nil, fmt.Errorf("TRANSPORT=%q: choose one of memory, kafka, dapr", cfg.Transport)
}

// listenForSidecar opens the port that the sidecar waits for and calls. It closes only
// after the subscriptions were stopped, which let their last answers go first.
func listenForSidecar(cfg Config, callbacks *dapr.Server, log *slog.Logger) fx.Hook {
	return fx.Hook{
		OnStart: func(ctx context.Context) error {
			l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.SidecarAddress())
			if err != nil {
				return fmt.Errorf("can't listen on DAPR_APP_HOST:DAPR_APP_PORT %s: %w", cfg.SidecarAddress(), err)
			}
			go func() {
				if err := callbacks.Serve(l); err != nil {
					log.ErrorContext(context.WithoutCancel(ctx), "the sidecar's server ended", "error", err)
				}
			}()
			log.InfoContext(ctx, "listening for the sidecar", "address", l.Addr().String())
			return nil
		},
		OnStop: func(ctx context.Context) error { callbacks.Stop(ctx); return nil },
	}
}

// probe asks database and transport whether they answer.
func (t *transport) probe(db *sqlstore.DB) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		err := db.Ping(ctx)
		if t.check != nil {
			err = errors.Join(err, t.check.Run(ctx))
		}
		if t.publishes != nil {
			err = errors.Join(err, t.publishes(ctx))
		}
		return err
	}
}
