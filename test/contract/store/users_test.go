package store_test

import (
	"testing"

	"github.com/tasktide/tasktide/adapters/sqlstore"
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
