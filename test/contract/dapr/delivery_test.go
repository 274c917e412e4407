package dapr

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/dapr"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/cluster"
	"github.com/tasktide/tasktide/test/contract/delivery"
	"github.com/tasktide/tasktide/test/contract/fixture"
	"github.com/tasktide/tasktide/test/contract/transport"
)

// TestDelivery runs the whole contract on daprd, Kafka and PostgreSQL: state
// through the sidecar, dead letters in the database; each is taken away under load.
func TestDelivery(t *testing.T) {
	pg, k := need(t, shared.postgres), need(t, shared.kafka)
	rendered := need(t, shared.rendered)
	db, err := sqlstore.OpenPostgres(pg.URL("tasktide"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := sqlstore.Migrate(t.Context(), db, sqlstore.Up); err != nil {
		t.Fatal(err)
	}
	sidecar := cluster.StartDaprd(t, cluster.DaprdOptions{AppID: "state", Dapr: rendered, LogLevel: "warn", Args: []string{"--app-port", "0"}})
	cfg := dapr.DefaultConfig()
	cfg.HTTPPort, cfg.GRPCPort = sidecar.HTTPPort, sidecar.GRPCPort
	c := client(t, cfg)
	delivery.Run(t, delivery.Mode{
		Transport: transport.Harness{
			Name: "dapr", Partitions: partitions, ByPartition: true, Patience: 60 * time.Second, MaxBody: 512 << 10,
			Topics: topics, Publisher: publisher, Foreign: foreign,
			Instance: func(t *testing.T, s ports.Subscription) transport.Instance { return newProcess(t, s) },
		},
		State: dapr.NewState(c), Letters: sqlstore.NewDeadLetters(db),
		Probe:    func(ctx context.Context) error { return errors.Join(db.Ping(ctx), c.Health(ctx)) },
		Database: fixture.Postgres(pg.URL),
		Outages: map[string]transport.Outage{
			"broker":   fixture.Outage{Down: k.Kill, Up: func() error { return k.Start(context.Background()) }},
			"database": fixture.Outage{Down: pg.Kill, Up: func() error { return pg.Start(context.Background()) }},
			"sidecar":  fixture.Outage{Down: sidecar.Kill, Up: func() error { return sidecar.Start(context.Background()) }},
		},
	})
}
