package delivery_test

import (
	"context"
	"testing"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/test/cluster"
	"github.com/tasktide/tasktide/test/contract/delivery"
	"github.com/tasktide/tasktide/test/contract/fixture"
	"github.com/tasktide/tasktide/test/contract/transport"
)

// TestKafka runs the contract on a real Kafka and a real PostgreSQL, and takes
// each away under load.
func TestKafka(t *testing.T) {
	t.Parallel()
	pg := cluster.StartPostgres(t, cluster.PostgresOptions{Fast: true})
	db, err := sqlstore.OpenPostgres(pg.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := sqlstore.Migrate(t.Context(), db, sqlstore.Up); err != nil {
		t.Fatal(err)
	}
	h := fixture.RealKafka(t)
	outages := map[string]transport.Outage{"database": fixture.Outage{
		Down: pg.Kill, Up: func() error { return pg.Start(context.Background()) },
	}}
	if h.Outage != nil {
		outages["broker"] = h.Outage
	}
	delivery.Run(t, delivery.Mode{
		Transport: h, State: sqlstore.NewState(db), Letters: sqlstore.NewDeadLetters(db), Probe: db.Ping, Outages: outages,
		Database: fixture.Postgres(pg.URL),
	})
}
