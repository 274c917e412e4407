package events_test

import (
	"context"
	"log/slog"
	"time"

	"pgregory.net/rapid"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/reminders"
)

// remind sends what is due at the clock's time.
func remind(t *rapid.T, tasks *memory.Tasks, clock *stopped) {
	store := memory.NewReminders(tasks, clock)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		reminders.New(store, clock, slog.New(slog.DiscardHandler), reminders.Options{}).Run(ctx)
	}()
	for {
		read, err := store.Due(ctx, 10)
		if err != nil || ctx.Err() != nil {
			t.Fatalf("reminders are not sent: %v", err)
		}
		if len(read.Due) == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-ended
}
