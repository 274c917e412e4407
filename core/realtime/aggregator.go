package realtime

import (
	"context"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Aggregator republishes the events of the domain topics on task-updates.
type Aggregator struct{ publisher ports.Publisher }

// NewAggregator returns an Aggregator that publishes with p.
func NewAggregator(p ports.Publisher) *Aggregator { return &Aggregator{p} }

// Handle is the delivery.Handler of the service's durable group. The bytes are
// those of the first publication; a repeated publication does no harm, since
// every Hub goes by positions.
func (a *Aggregator) Handle(ctx context.Context, e domain.Event) error {
	body, err := domain.EncodeEvent(e)
	if err != nil {
		return err
	}
	return a.publisher.Publish(ctx, ports.Record{Topic: domain.TaskUpdates, Key: e.UserID, Body: body})
}
