package boot

import (
	"context"
	"time"

	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/cron"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
)

// cronBinding is the name of the component in deploy/dapr/bindings.
const cronBinding = "reminder-check-cron"

// NotificationService sends the reminders that are due and relays their events. It
// consumes nothing. The scheduler that ticks is the sidecar's where there is one.
func NotificationService() fx.Option {
	return fx.Module(string(domain.NotificationService), fx.Invoke(func(r runtime) {
		s := reminders.New(sqlstore.NewReminders(r.DB), r.Clock, r.Log, reminders.Options{Sent: lateness(r.Registry)})
		r.Server.ready(rest.Check{Name: "reminders", Run: s.Ready, Need: rest.ToStart})
		countReminders(r.Registry, s)
		if r.Transport.tick != nil {
			r.Transport.tick(cronBinding, s.Tick)
		} else {
			ticker := cron.NewTicker(r.Clock, time.Duration(r.Config.ReminderCheck), s.Tick)
			r.append(background(r.Log, "reminder ticks", func(ctx context.Context) error {
				ticker.Run(ctx)
				return nil
			}))
		}
		if r.Config.DatabasePooled { // nobody wakes us
			ticker := cron.NewTicker(r.Clock, time.Second, s.Tick)
			r.append(background(r.Log, "looks for reminders behind a pooler", func(ctx context.Context) error {
				ticker.Run(ctx)
				return nil
			}))
		}
		r.relay(domain.NotificationService)
		r.append(background(r.Log, "reminders", func(ctx context.Context) error {
			s.Run(ctx)
			return nil
		}))
	}))
}
