package store_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/migrations"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/cluster"
	"github.com/tasktide/tasktide/test/contract/store"
)

func each(t *testing.T, run func(t *testing.T, b backend)) {
	for _, b := range backends() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			run(t, b)
		})
	}
}

func tasksOf(db *sqlstore.DB) store.Tasks {
	return store.Tasks{Tasks: sqlstore.NewTasks(db), Streams: sqlstore.NewStreams(db)}
}

func TestTaskStore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		store.RunTaskStore(t, func(*testing.T) store.Tasks { return tasksOf(db) })
	})
}

func TestTaskList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		store.RunTaskList(t, func(*testing.T) store.Tasks { return tasksOf(db) })
	})
}

// A walk of four tasks is too short for most of these lists, so the index of
// words has to find what it does not.
func TestTaskListOfAUserWithMoreThanIsWalked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t, func(c *sqlstore.Config) { c.IndexFrom = 1 })
		store.RunTaskList(t, func(*testing.T) store.Tasks { return tasksOf(db) })
		store.RunTaskStore(t, func(*testing.T) store.Tasks { return tasksOf(db) })
	})
}

func TestAudit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		store.RunAudit(t, func(*testing.T) ports.AuditStore { return sqlstore.NewAudit(db) })
	})
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		store.RunOutbox(t, func(t *testing.T) store.Outboxes {
			db := b.fresh(t)
			return store.Outboxes{Tasks: tasksOf(db), Open: func(testing.TB) ports.Outbox { return sqlstore.NewOutbox(db) }}
		})
	})
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		store.RunDeadLetters(t, func(t *testing.T) store.Letters {
			db := b.fresh(t)
			letters := sqlstore.NewDeadLetters(db)
			return store.Letters{Store: letters, Admin: letters, State: sqlstore.NewState(db)}
		})
	})
}

func TestState(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		store.RunState(t, func(*testing.T) ports.StateStore { return sqlstore.NewState(db) }, store.StateOptions{})
	})
}

func createOne(t *testing.T, tasks *sqlstore.Tasks) {
	t.Helper()
	task, e := task()
	if _, err := tasks.Create(t.Context(), task, e); err != nil {
		t.Fatal(err)
	}
}

func task() (domain.Task, domain.Event) {
	now := time.Now()
	return domain.Task{ID: uuid.New(), UserID: "u", Title: "t", Priority: domain.PriorityLow, Category: domain.CategoryWork, TimeZone: "UTC", Version: 1, CreatedAt: now, UpdatedAt: now},
		domain.Event{ID: uuid.New(), Time: now, Type: domain.TaskCreatedV1, Source: domain.BackendAPI, Data: []byte(`{}`)}
}

func TestBehindAPoolerNothingIsPrepared(t *testing.T) {
	t.Parallel()
	name, address := server.database(t, "")
	t.Cleanup(func() { server.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	migrate(t, open(t, address), migrations.FS)
	through, err := cluster.StartPgBouncer(t, "", address).URL(address)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlstore.Open(sqlstore.Config{URL: through, Pooled: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for range 3 { // it must not get as far as leaving something behind for the next one
		unnamed := open(t, through)
		_, migrated := sqlstore.Migrate(t.Context(), unnamed, sqlstore.Up)
		for _, err := range []error{sqlstore.CheckSchema(t.Context(), unnamed), migrated} {
			if err == nil || !strings.Contains(err.Error(), "DATABASE_POOLED=true") {
				t.Errorf("a pooler that nobody named: %v", err)
			}
		}
	}
	for says, change := range map[string]func(*url.URL){
		"it refuses the user or the password":                func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "wrong") },
		"there is no database of the name":                   func(u *url.URL) { u.Path = "/nowhere" },
		"the pooler in DATABASE_URL takes no such parameter": func(u *url.URL) { u.RawQuery += "&search_path=public" },
	} {
		u, err := url.Parse(through)
		if err != nil {
			t.Fatal(err)
		}
		change(u)
		db, err := sqlstore.Open(sqlstore.Config{URL: u.String(), Pooled: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := sqlstore.CheckSchema(t.Context(), db); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q: %v", says, err)
		}
	}
	if _, err := sqlstore.Migrate(t.Context(), db, sqlstore.Up); err == nil || !strings.Contains(err.Error(), "name its own address, without DATABASE_POOLED") {
		t.Errorf("migrations through it: %v", err)
	}
	if err := errors.Join(sqlstore.CheckSchema(t.Context(), db), sqlstore.CheckRights(t.Context(), db, domain.AuditService)); err != nil {
		t.Error(err)
	}
	store.RunTaskStore(t, func(*testing.T) store.Tasks { return tasksOf(db) })
	store.RunState(t, func(*testing.T) ports.StateStore { return sqlstore.NewState(db) }, store.StateOptions{})
	store.RunAudit(t, func(*testing.T) ports.AuditStore { return sqlstore.NewAudit(db) })
}
