package boot

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/outbox"
	"github.com/tasktide/tasktide/ports"
)

// runtime is what consumers and relays are made of.
type runtime struct {
	fx.In

	Lifecycle  fx.Lifecycle
	Config     Config
	Log        *slog.Logger
	Clock      ports.Clock
	Registry   *prometheus.Registry
	Observer   *observer
	Server     *server
	DB         *sqlstore.DB
	Ready      *database
	Transport  *transport
	Letters    ports.DeadLetterStore
	Publisher  ports.Publisher
	Subscriber ports.Subscriber
	State      ports.StateStore
}

// consume runs service's durable group with handler, and its redriver.
func (r runtime) consume(service domain.Service, handler delivery.Handler) {
	c := delivery.NewConsumer(string(service), handler, delivery.Deps{
		State: r.State, Letters: r.Letters, Clock: r.Clock, Probe: r.Transport.probe(r.DB), Log: r.Log, Observer: r.Observer,
	}, delivery.Options{})
	r.Server.ready(rest.Check{Name: string(service), Run: c.Ready, Need: rest.ToStart, Worked: c.Worked})
	countDeliveries(r.Registry, service, c)
	r.watchLetters(service)
	sub := ports.Subscription{Group: string(service), Topics: domain.ConsumedBy(service, false), Mode: ports.Durable, Drain: r.Config.Drain}
	if r.Transport.declare != nil { // here, before any start: a relay may start before the group
		r.Transport.declare(sub)
	}
	r.append(background(r.Log, "consumer "+string(service), func(ctx context.Context) error {
		return r.Subscriber.Subscribe(ctx, sub, c.Handle)
	}))
	r.append(background(r.Log, "redriver "+string(service), func(ctx context.Context) error {
		delivery.NewRedriver(c, 5*time.Second).Run(ctx)
		return nil
	}))
}

// listen gives handler every event of the broadcast that service gets, in each of its instances.
func (r runtime) listen(service domain.Service, handler delivery.Handler) {
	sub := ports.Subscription{Group: string(service), Topics: domain.ConsumedBy(service, true), Mode: ports.Broadcast, Drain: r.Config.Drain}
	l := &delivery.Listener{Service: service, Handler: handler, Clock: r.Clock, Observer: r.Observer, Log: r.Log}
	r.append(background(r.Log, "broadcast "+string(service), func(ctx context.Context) error {
		return r.Subscriber.Subscribe(ctx, sub, l.Handle)
	}))
}

// relay publishes what service stored.
func (r runtime) relay(service domain.Service) {
	opts := outbox.Options{Observer: r.Observer}
	if r.Config.Embedded() {
		opts.Owner = "the process that holds the database file" // its lock makes sure that there is one
	}
	relay := outbox.NewRelay(service, sqlstore.NewOutbox(r.DB, service), r.Publisher, r.Clock, r.Log, opts)
	r.Server.ready(rest.Check{Name: "relay " + string(service), Run: relay.Ready, Need: rest.ToStart})
	countRelay(r.Registry, service, relay)
	r.watchOutbox(service)
	r.append(background(r.Log, "relay "+string(service), func(ctx context.Context) error {
		relay.Run(ctx)
		return nil
	}))
}

func (r runtime) append(t *task) { r.Lifecycle.Append(fx.Hook{OnStart: t.start, OnStop: t.stop}) }
