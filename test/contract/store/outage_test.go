package store_test

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/migrations"
	"github.com/tasktide/tasktide/test/cluster"
)

// TestAnsweredWritesSurviveAKilledServer kills PostgreSQL under load: every
// error of that time is of the kind that is repeated, every answered write is
// there afterwards, positions have no gap, and the same store goes on.
func TestAnsweredWritesSurviveAKilledServer(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "outage-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	own := cluster.StartPostgres(t, cluster.PostgresOptions{Dir: dir})
	db := open(t, own.URL("postgres"))
	migrate(t, db, migrations.FS)
	tasks, streams := sqlstore.NewTasks(db), sqlstore.NewStreams(db)

	var highest, answered atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for !stop.Load() {
				task, e := task()
				p, err := tasks.Create(t.Context(), task, e)
				if err != nil && !errors.Is(err, domain.ErrUnavailable) {
					t.Errorf("while the server is down: %v", err)
					return
				}
				if err == nil {
					answered.Add(1)
					for old := highest.Load(); p > old && !highest.CompareAndSwap(old, p); old = highest.Load() {
					}
				}
			}
		})
	}
	reach := func(n int64) {
		for deadline := time.Now().Add(30 * time.Second); answered.Load() < n; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("no progress")
			}
		}
	}
	reach(50)
	if err := own.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("ping of a killed server: %v", err)
	}
	if err := own.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	reach(answered.Load() + 50)
	stop.Store(true)
	wg.Wait()
	events, head, err := streams.After(t.Context(), "u", 0, 1000000)
	if err != nil || head.Value < highest.Load() || int64(len(events)) != head.Value || head.Value < answered.Load() {
		t.Errorf("%d answered up to %d; the stream has %d up to %d: %v", answered.Load(), highest.Load(), len(events), head.Value, err)
	}
}
