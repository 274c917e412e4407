package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// task is a function that runs from start to stop. Stopping it ends its context
// and waits for it.
type task struct {
	log    *slog.Logger
	name   string
	run    func(context.Context) error
	cancel context.CancelFunc
	done   chan struct{}
}

func background(log *slog.Logger, name string, run func(context.Context) error) *task {
	return &task{log: log, name: name, run: run}
}

func (t *task) start(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	t.cancel, t.done = cancel, make(chan struct{})
	go func() {
		defer close(t.done)
		if err := t.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.log.ErrorContext(ctx, "ended", "task", t.name, "error", err)
		}
	}()
	return nil
}

func (t *task) stop(ctx context.Context) error {
	if t.cancel == nil {
		return nil
	}
	t.cancel()
	select {
	case <-t.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s is still running: %w", t.name, ctx.Err())
	}
}
