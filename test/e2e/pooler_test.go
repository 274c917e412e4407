package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/test/cluster"
)

// TestBehindAPoolerAReminderIsFoundByLooking: nobody can wake the service that sends it, and it is not a minute late.
func TestBehindAPoolerAReminderIsFoundByLooking(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	pg := cluster.StartPostgres(t, cluster.PostgresOptions{Dir: filepath.Join(dir, "postgres"), Fast: true})
	must(t, pg.CreateDatabase(t.Context(), "pooled"))
	_, said, err := tasktide(t.Context(), dir, []string{"DATABASE_URL=" + pg.URL("pooled")}, "migrate", "up")
	if err != nil {
		t.Fatal(said, err)
	}
	through, err := cluster.StartPgBouncer(t, filepath.Join(dir, "pgbouncer"), pg.URL("pooled")).URL(pg.URL("pooled"))
	must(t, err)
	var topics []string
	for _, topic := range domain.Topics() {
		topics = append(topics, string(topic))
	}
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topics...))
	must(t, err)
	t.Cleanup(broker.Close)
	port := freePort(t)
	const service = "notification-service"
	p, err := cluster.StartProcess(cluster.Command{Name: service, Path: filepath.Join(programs, service), Dir: dir, Log: filepath.Join(dir, service+".log"), Env: append(cluster.BaseEnv(),
		"TRANSPORT=kafka", "KAFKA_BROKERS="+strings.Join(broker.ListenAddrs(), ","), "DATABASE_URL="+through, "DATABASE_POOLED=true", "API_PORT="+port, "REMINDER_CHECK_INTERVAL=1h")})
	must(t, err)
	t.Cleanup(func() { _ = p.Kill() })
	eventually(t, 30*time.Second, func() error {
		r, err := http.Get("http://127.0.0.1:" + port + "/ready")
		if err == nil {
			_ = r.Body.Close()
			if r.StatusCode != http.StatusOK {
				err = fmt.Errorf("%s", r.Status)
			}
		}
		return err
	})

	db, err := sqlstore.OpenPostgres(pg.URL("pooled"))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	now := time.Now()
	at := now.Add(2 * time.Second)
	_, err = sqlstore.NewTasks(db).Create(t.Context(),
		domain.Task{ID: uuid.New(), UserID: "ann", Title: "Call Bob", Priority: domain.PriorityLow, Category: domain.CategoryWork, TimeZone: "UTC", Version: 1, ReminderAt: &at, CreatedAt: now, UpdatedAt: now},
		domain.Event{ID: uuid.New(), Time: now, Type: domain.TaskCreatedV1, Source: domain.BackendAPI, Data: []byte(`{}`)})
	must(t, err)
	eventually(t, 30*time.Second, func() error {
		all, err := sqlstore.NewNotifications(db).List(t.Context(), "ann", domain.NotificationQuery{Limit: 1})
		if err == nil && len(all) == 0 {
			err = fmt.Errorf("no notification, %s after its time", time.Since(at).Round(time.Second))
		}
		return err
	})
	t.Logf("there %s after its time", time.Since(at).Round(time.Millisecond))
}
