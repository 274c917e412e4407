package store_test

import (
	"log/slog"
	"testing"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/adapters/telemetry"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/contract/store"
)

// Traced pools have a driver around the driver: what it does not pass on (arrays as parameters, contexts, prepared
// statements) would only show where traces are sent.
func TestStoresWhoseStatementsAreTraced(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		tracing, err := telemetry.New(telemetry.Settings{}, telemetry.Process{Service: "test", Database: b.name}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		traced := func(c *sqlstore.Config) { c.OpenDB, c.Watch = tracing.OpenDB, tracing.Watch }
		db := b.fresh(t, traced)
		store.RunTaskStore(t, func(*testing.T) store.Tasks { return tasksOf(db) })
		store.RunTaskList(t, func(*testing.T) store.Tasks { return tasksOf(db) })
		store.RunAudit(t, func(*testing.T) ports.AuditStore { return sqlstore.NewAudit(db) })
		store.RunOutbox(t, func(t *testing.T) store.Outboxes {
			db := b.fresh(t, traced)
			return store.Outboxes{Tasks: tasksOf(db), Open: func(testing.TB) ports.Outbox { return sqlstore.NewOutbox(db) }}
		})
		store.RunDeadLetters(t, func(t *testing.T) store.Letters {
			db := b.fresh(t, traced)
			letters := sqlstore.NewDeadLetters(db)
			return store.Letters{Store: letters, Admin: letters, State: sqlstore.NewState(db)}
		})
	})
}
