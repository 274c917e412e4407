package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

func benchDB(b *testing.B) *DB {
	address := os.Getenv("TASKTIDE_BENCH_DATABASE") // a database that may be filled
	if address == "" {
		address = "sqlite:" + b.TempDir() + "/bench.db"
	}
	db, err := Open(Config{URL: address})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if _, err := Migrate(b.Context(), db, Up); err != nil {
		b.Fatal(err)
	}
	return db
}

func benchTask(user string) (domain.Task, domain.Event) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	id := uuid.New()
	task := domain.Task{
		ID: uuid.Must(uuid.NewV7()), UserID: user, Title: "Water the plants", Priority: domain.PriorityHigh,
		Category: domain.CategoryHome, Tags: []string{"a"}, TimeZone: "UTC", Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	return task, domain.Event{
		ID: id, Time: now, Type: domain.TaskCreatedV1, UserID: user, CorrelationID: id.String(), Source: domain.BackendAPI,
		Subject: task.ID.String(),
		Data:    json.RawMessage(`{"task_id":"` + task.ID.String() + `","title":"Water the plants","priority":"high","status":"pending","tags":["a"],"category":"home"}`),
	}
}

// BenchmarkCreate is 64 callers that create tasks of a thousand users.
func BenchmarkCreate(b *testing.B) {
	tasks := NewTasks(benchDB(b))
	var n atomic.Int64
	b.SetParallelism(32) // times GOMAXPROCS, 2 on the machine of docs
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			task, e := benchTask(fmt.Sprint("user ", n.Add(1)%1000))
			if _, err := tasks.Create(context.Background(), task, e); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}

// BenchmarkHeads reads 256 heads of a thousand users with twenty pending events each.
func BenchmarkHeads(b *testing.B) {
	db := benchDB(b)
	tasks, outbox := NewTasks(db), NewOutbox(db)
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for i := w; i < 20000; i += 64 {
				task, e := benchTask(fmt.Sprint("user ", i%1000))
				if _, err := tasks.Create(b.Context(), task, e); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	lease, err := outbox.Lease(b.Context(), domain.BackendAPI, "bench", domain.Shards, time.Hour, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		heads, err := outbox.Heads(b.Context(), lease, 256)
		if err != nil || len(heads) != 256 {
			b.Fatal(len(heads), err)
		}
	}
	b.ReportMetric(256*float64(b.N)/b.Elapsed().Seconds(), "heads/s")
	if _, err := outbox.Lease(b.Context(), domain.BackendAPI, "bench", 0, time.Hour, nil); err != nil {
		b.Fatal(err)
	}
}
