package boot

import (
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/users"
	"github.com/tasktide/tasktide/ports"
)

// NewUsers is the use cases of users on db.
func NewUsers(db *sqlstore.DB, clock ports.Clock) *users.Service {
	store := sqlstore.NewUsers(db)
	return users.New(users.Deps{
		Counts: sqlstore.NewTasks(db), Streams: sqlstore.NewStreams(db), Preferences: sqlstore.NewPreferences(db),
		Exporter: store, Eraser: store, Clock: clock,
	})
}
