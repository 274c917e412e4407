package boot

import (
	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/recurring"
	"github.com/tasktide/tasktide/core/tasks"
)

// RecurringService creates the next occurrence of a completed task. Its events are
// published by backend-api's relay.
func RecurringService() fx.Option {
	return fx.Module(string(domain.RecurringService), fx.Invoke(func(r runtime) {
		r.consume(domain.RecurringService, recurring.New(sqlstore.NewTasks(r.DB), sqlstore.NewStreams(r.DB), r.Clock, tasks.NewIDs()).Handle)
	}))
}
