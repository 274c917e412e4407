package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/test/contract/store"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		store.RunUsers(t, func(*testing.T) store.Users {
			return store.Users{Tasks: tasksOf(db), Counts: sqlstore.NewTasks(db), Preferences: sqlstore.NewPreferences(db)}
		})
	})
}

func TestOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		store.RunOnce(t, func(*testing.T) store.Once { return store.Once{Tasks: tasksOf(db), Once: sqlstore.NewTasks(db)} })
	})
}

func TestKeptAnswersAreSwept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		tasks := sqlstore.NewTasks(b.fresh(t))
		now := time.Now()
		for i, age := range []time.Duration{time.Hour, 25 * time.Hour, 26 * time.Hour, 27 * time.Hour} {
			x, e := task()
			if _, err := tasks.CreateOnce(t.Context(), x, e, domain.KeptAnswer{Key: fmt.Sprint(i), CreatedAt: now.Add(-age)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []int64{2, 1, 0} {
			if n, err := tasks.DeleteKeysBefore(t.Context(), now.Add(-24*time.Hour), 2); err != nil || n != want {
				t.Errorf("deleted %d, %v; want %d", n, err, want)
			}
		}
		x, e := task()
		if a, err := tasks.CreateOnce(t.Context(), x, e, domain.KeptAnswer{Key: "0", Response: []byte("new"), CreatedAt: now}); err != nil || len(a.Response) != 0 {
			t.Errorf("what is younger is gone: %v, %v", a, err)
		}
	})
}
