package delivery

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tasktide/tasktide/ports"
)

// Broadcast is the ports.Handler of a broadcast subscription: no state, no
// count, no dead letter. What can't be read or handled is logged and done: the
// events table is the truth that fills the gap.
func Broadcast(handler Handler, log *slog.Logger) ports.Handler {
	return func(ctx context.Context, m ports.Message) ports.Answer {
		if err := broadcast(ctx, handler, m); err != nil {
			log.WarnContext(ctx, "broadcast dropped", "topic", m.Topic, "error", err)
		}
		return ports.Answer{}
	}
}

func broadcast(ctx context.Context, handler Handler, m ports.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	e, err := decode(m)
	if err != nil {
		return err
	}
	return handler(ctx, e)
}
