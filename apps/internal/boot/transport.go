package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"
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

	// declare makes a durable group known before anything is published; nil where the broker keeps what comes before it.
	declare func(ports.Subscription)

	lag       ports.LagReader // nil: nobody here can tell
	lagSource string          // where it looks; without it: why
}

// newTransport is the one switch on TRANSPORT.
func newTransport(lc fx.Lifecycle, cfg Config, log *slog.Logger, clock ports.Clock, db *sqlstore.DB, s *server) (*transport, error) {
	switch cfg.Transport {
	case Memory:
		bus := memory.NewBus(clock, 0) // the outbox is what is kept
		return &transport{publisher: bus, subscriber: bus, state: sqlstore.NewState(db), declare: bus.Declare, lag: sqlstore.NewOutbox(db), lagSource: "outbox"}, nil
	case Kafka:
		p := kafka.NewPublisher(cfg.KafkaConfig(), log)
		lc.Append(fx.StartStopHook(p.Start, p.Stop))
		return &transport{
			publisher: p, subscriber: kafka.NewSubscriber(cfg.KafkaConfig(), log), state: sqlstore.NewState(db),
			check: &rest.Check{Name: "kafka", Run: p.Ping}, lag: kafka.NewLag(cfg.KafkaConfig()), lagSource: "kafka",
		}, nil
	case Dapr:
		c := dapr.NewClient(cfg.dapr())
		lc.Append(fx.StopHook(c.Close))
		sub := dapr.NewSubscriber(cfg.dapr(), domain.ConsumedBy(cfg.Service, false), domain.ConsumedBy(cfg.Service, true))
		s.mount(func(app *fiber.App) { sub.Routes(app) })
		t := &transport{
			publisher: dapr.NewPublisher(c), subscriber: sub, state: dapr.NewState(c),
			check: &rest.Check{Name: "dapr", Run: c.Health}, lagSource: "a sidecar does not tell how far groups are behind; set KAFKA_BROKERS beside TRANSPORT=dapr to have the broker asked",
		}
		if len(cfg.KafkaBrokers) > 0 {
			t.lag, t.lagSource = kafka.NewLag(cfg.KafkaConfig()), "kafka"
		}
		return t, nil
	}
	return nil, fmt.Errorf("TRANSPORT=%q: choose one of memory, kafka, dapr", cfg.Transport)
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
		return err
	}
}
