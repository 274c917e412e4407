package boot

import (
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/users"
	"github.com/tasktide/tasktide/ports"
)

// NewUsers is the use cases of users on db.
func NewUsers(db *sqlstore.DB, clock ports.Clock) *users.Service {
	tasks := sqlstore.NewTasks(db)
	return users.New(users.Deps{
		Counts: tasks, Streams: sqlstore.NewStreams(db), Preferences: sqlstore.NewPreferences(db),
		Tasks: tasks, Audit: sqlstore.NewAudit(db), Notifications: sqlstore.NewNotifications(db), Eraser: sqlstore.NewUsers(db), Clock: clock,
	})
}
