package store_test

import (
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
)

func TestTheBacklogIsCountedByPublisherAndShard(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		outbox := sqlstore.NewOutbox(db)
		if got, err := outbox.Backlog(t.Context()); err != nil || len(got) != 0 {
			t.Errorf("of nothing: %v, %v", got, err)
		}
		for range 3 {
			createOne(t, sqlstore.NewTasks(db))
		}
		check := func(owner string) {
			t.Helper()
			got, err := outbox.Backlog(t.Context())
			if err != nil || len(got) != 1 {
				t.Fatalf("%v, %v", got, err)
			}
			x := got[0]
			if x.Publisher != domain.BackendAPI || x.Shard != domain.ShardOf("u") || x.Pending != 3 || x.Owner != owner || x.Age > time.Minute || time.Since(x.Oldest) > time.Minute {
				t.Errorf("%+v", x)
			}
		}
		check("")
		if _, err := outbox.Lease(t.Context(), domain.BackendAPI, "o", domain.Shards, time.Minute, nil); err != nil {
			t.Fatal(err)
		}
		check("o")
	})
}
