package dapr

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/dapr"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/test/cluster"
)

// TestTheCronBindingTicks: daprd with the deployed component, only its schedule made
// shorter, ticks a notification-service that no signal of the database reaches, and
// does so only with the app's token.
func TestTheCronBindingTicks(t *testing.T) {
	t.Parallel()
	pg := need(t, shared.postgres)
	if err := pg.CreateDatabase(t.Context(), "cron"); err != nil {
		t.Fatal(err)
	}
	rendered, err := shared.render("cron", pg.URL("cron"))
	if err != nil {
		t.Fatal(err)
	}
	everySecond(t, filepath.Join(rendered.Resources, "cron-binding.yaml"))
	writer, reader := database(t, pg.URL("cron")), database(t, pg.URL("cron"))
	if _, err := sqlstore.Migrate(t.Context(), writer, sqlstore.Up); err != nil {
		t.Fatal(err)
	}

	service := reminders.New(sqlstore.NewReminders(reader), memory.Clock{}, slog.New(slog.DiscardHandler), reminders.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); service.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })

	var ticks atomic.Int64
	free, err := cluster.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	cfg := dapr.DefaultConfig()
	cfg.AppToken = appToken
	server := dapr.NewServer(cfg, dapr.NewSubscriber(cfg, nil, nil), slog.New(slog.DiscardHandler))
	server.OnTick("reminder-check-cron", func() { ticks.Add(1); service.Tick() })
	app := serve(t, server, free[0])
	t.Cleanup(func() { app.stop(t) })
	_ = cluster.StartDaprd(t, cluster.DaprdOptions{
		AppID: string(domain.NotificationService), AppPort: free[0], Dapr: rendered, AppToken: appToken, LogLevel: "warn",
	})

	users := tasks.New(sqlstore.NewTasks(writer), memory.Clock{}, tasks.NewIDs())
	for i := range int64(2) {
		if _, err := users.Create(t.Context(), "u", tasks.Input{
			Title: tasks.Some("t"), Priority: tasks.Some("low"), Category: tasks.Some("home"), ReminderAt: tasks.Some(time.Now()),
		}); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(60 * time.Second); service.Stats().Sent <= i; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d of 2 reminders are sent after %d ticks", i, ticks.Load())
			}
		}
	}
	if ticks.Load() == 0 {
		t.Error("the reminders were not found by a tick")
	}
}

func database(t *testing.T, url string) *sqlstore.DB {
	t.Helper()
	db, err := sqlstore.OpenPostgres(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func everySecond(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(b), `"@every 1m"`, `"@every 1s"`, 1)
	if text == string(b) {
		t.Fatalf("the schedule is not in\n%s", b)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
