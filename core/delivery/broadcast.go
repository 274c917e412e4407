package delivery

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Listener hands a broadcast to a service: no state, no count, no dead letter. What
// can't be read or handled is logged and done: the events table is the truth that
// fills the gap.
type Listener struct {
	Service  domain.Service
	Handler  Handler
	Clock    ports.Clock
	Observer ports.Observer
	Log      *slog.Logger
}

// Handle is the ports.Handler of the broadcast subscription.
func (l *Listener) Handle(ctx context.Context, m ports.Message) ports.Answer {
	e, err := decode(m)
	step := ports.StepOf(ports.StepProcess, l.Service, m.Topic, &e, l.Clock.Now())
	ctx = l.Observer.Begin(ctx, step)
	outcome := ports.Done
	if err == nil {
		err = l.run(ctx, e)
	}
	if err != nil {
		outcome = ports.GaveUp
		l.Log.WarnContext(domain.WithRequest(ctx, e.CorrelationID, e.TraceParent), "broadcast dropped", "topic", m.Topic, "error", err)
	}
	l.Observer.End(ctx, step, outcome, err)
	return ports.Answer{}
}

// run is the handler; a panic is an error.
func (l *Listener) run(ctx context.Context, e domain.Event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	return l.Handler(ctx, e)
}
