package rest_test

import (
	"path/filepath"
	"testing"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/audit"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/core/users"
)

// newStored is a world on a SQLite file, for what spans several stores.
func newStored(t testing.TB) (*world, *sqlstore.DB) {
	t.Helper()
	db, err := sqlstore.OpenSQLite(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := sqlstore.Migrate(t.Context(), db, sqlstore.Up); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(d *rest.Deps) {
		store, trail, clock := sqlstore.NewTasks(db), sqlstore.NewAudit(db), memory.Clock{}
		d.Tasks = tasks.New(store, clock, tasks.NewIDs())
		d.Once, d.Audit = tasks.NewOnce(d.Tasks, store), audit.NewReader(trail)
		d.Operator = rest.Operator{Letters: sqlstore.NewDeadLetters(db), Outbox: sqlstore.NewOutbox(db), Lag: sqlstore.NewOutbox(db), Source: "outbox"}
		d.Users = users.New(users.Deps{
			Counts: store, Streams: sqlstore.NewStreams(db), Preferences: sqlstore.NewPreferences(db),
			Exporter: sqlstore.NewUsers(db), Eraser: sqlstore.NewUsers(db), Clock: clock,
		})
	})
	return w, db
}
