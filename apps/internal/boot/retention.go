package boot

import (
	"context"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/delivery"
)

const (
	sweepEvery = 10 * time.Minute
	keepKeys   = 24 * time.Hour // idempotency keys of requests
	sweepBatch = 1000           // rows a statement: no long lock, little to repeat after a kill
)

// retain deletes published events that are older than EVENT_RETENTION, notifications
// that are older than NOTIFICATION_RETENTION, answers kept for a day by idempotency
// keys, sessions that have ended and idempotency records of events that have expired, on
// Dapr too, whose sidecar is told not to. Every backend-api does; they do not disturb
// each other.
func (r runtime) retain() {
	streams, state, tasks, notes := sqlstore.NewStreams(r.DB), sqlstore.NewState(r.DB), sqlstore.NewTasks(r.DB), sqlstore.NewNotifications(r.DB)
	accounts := sqlstore.NewIdentity(r.DB)
	events := func(ctx context.Context) (int64, error) {
		return streams.DeleteEventsBefore(ctx, r.Clock.Now().Add(-r.Config.EventRetention), sweepBatch)
	}
	notifications := func(ctx context.Context) (int64, error) {
		return notes.DeleteBefore(ctx, r.Clock.Now().Add(-r.Config.NotificationRetention), sweepBatch)
	}
	keys := func(ctx context.Context) (int64, error) {
		return tasks.DeleteKeysBefore(ctx, r.Clock.Now().Add(-keepKeys), sweepBatch)
	}
	sessions := func(ctx context.Context) (int64, error) {
		return accounts.DeleteSessionsBefore(ctx, r.Clock.Now(), sweepBatch)
	}
	records := func(ctx context.Context) (int64, error) {
		return state.DeleteExpired(ctx, r.Clock.Now().Add(-delivery.KeepState), sweepBatch)
	}
	r.append(background(r.Log, "retention", func(ctx context.Context) error {
		for ctx.Err() == nil {
			r.sweep(ctx, "events", events)
			r.sweep(ctx, "notifications", notifications)
			r.sweep(ctx, "idempotency keys", keys)
			r.sweep(ctx, "sessions", sessions)
			r.sweep(ctx, "idempotency records", records)
			_ = r.Clock.Wait(ctx, sweepEvery)
		}
		return nil
	}))
}

func (r runtime) sweep(ctx context.Context, what string, batch func(context.Context) (int64, error)) {
	for total := int64(0); ; {
		n, err := batch(ctx)
		if total += n; err != nil || n == 0 {
			if err != nil && ctx.Err() == nil {
				r.Log.WarnContext(ctx, "retention stopped, it goes on later", "what", what, "deleted", total, "error", err)
			} else if total > 0 {
				r.Log.InfoContext(ctx, "deleted what is older than its retention", "what", what, "rows", total)
			}
			return
		}
	}
}
