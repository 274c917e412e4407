package realtime

import (
	"context"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Aggregator republishes the events of the domain topics on task-updates.
type Aggregator struct {
	publisher ports.Publisher
	clock     ports.Clock
	observer  ports.Observer
}

// NewAggregator returns an Aggregator that publishes with p; o sees each publish.
func NewAggregator(p ports.Publisher, c ports.Clock, o ports.Observer) *Aggregator {
	return &Aggregator{p, c, o}
}

// Handle is the delivery.Handler of the service's durable group. The bytes are
// those of the first publication; a repeated publication does no harm, since
// every Hub goes by positions.
func (a *Aggregator) Handle(ctx context.Context, e domain.Event) error {
	body, err := domain.EncodeEvent(e)
	if err != nil {
		return err
	}
	step := ports.StepOf(ports.StepPublish, domain.WebsocketService, domain.TaskUpdates, &e, a.clock.Now())
	ctx = a.observer.Begin(ctx, step)
	err = a.publisher.Publish(ctx, ports.Record{Topic: domain.TaskUpdates, Key: e.UserID, Body: body})
	outcome := ports.Done
	if err != nil {
		outcome = ports.Again
	}
	a.observer.End(ctx, step, outcome, err)
	return err
}
