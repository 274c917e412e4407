package boot

import (
	"github.com/gofiber/fiber/v2"
	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/audit"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/ports"
)

// BackendAPI serves REST and relays the events of its writes.
func BackendAPI() fx.Option {
	return fx.Module(string(domain.BackendAPI), fx.Invoke(func(r runtime, store ports.TaskStore, trail ports.AuditStore, verify rest.Verify, accounts *issuer) {
		service := tasks.New(store, r.Clock, tasks.NewIDs())
		writes := rest.NewWrites(r.Config.WriteRate, r.Config.WriteBurst, r.Clock)
		r.Server.mount(func(app *fiber.App) {
			rest.MountAPI(app, rest.Deps{
				Tasks: service, Once: tasks.NewOnce(service, sqlstore.NewTasks(r.DB)), Audit: audit.NewReader(trail), Verify: verify, Log: r.Log,
				Notifications: reminders.NewNotifications(sqlstore.NewNotifications(r.DB)),
				Users:         NewUsers(r.DB, r.Clock), Operator: r.operator(),
				Writes: writes,
			})
		})
		accounts.serve(r, writes)
		r.relay(domain.BackendAPI)
		r.retain()
		r.watchLag()
		if !r.Config.Embedded() { // there may be others like it; in one process everything ends
			r.Lifecycle.Append(fx.StopHook(r.Server.leave))
		}
	}))
}
