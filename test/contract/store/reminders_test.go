package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/test/contract/store"
)

func remindersOf(db *sqlstore.DB) store.Reminders {
	return store.Reminders{
		Tasks: tasksOf(db), Due: sqlstore.NewReminders(db), Notes: sqlstore.NewNotifications(db), Outbox: sqlstore.NewOutbox(db),
	}
}

func TestReminders(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		store.RunReminders(t, func(t *testing.T) store.Reminders { return remindersOf(b.fresh(t)) })
	})
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		store.RunReminders(t, func(*testing.T) store.Reminders { return remindersInMemory() })
	})
}

func remindersInMemory() store.Reminders {
	tasks := memory.NewTasks()
	reminders := memory.NewReminders(tasks, memory.Clock{})
	return store.Reminders{Tasks: store.Tasks{Tasks: tasks, Streams: tasks}, Due: reminders, Notes: reminders}
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		store.RunNotifications(t, func(*testing.T) store.Reminders { return remindersOf(db) })
	})
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		store.RunNotifications(t, func(*testing.T) store.Reminders { return remindersInMemory() })
	})
}

func TestAReminderSetByAnotherProcessWakes(t *testing.T) {
	t.Parallel()
	name, address := server.database(t, "")
	t.Cleanup(func() { server.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	writer, reader := open(t, address), open(t, address)
	move(t, writer, sqlstore.Up)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	for _, db := range []*sqlstore.DB{writer, reader} {
		go func() { ended <- db.Run(ctx) }()
	}
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	wake := sqlstore.NewReminders(reader).Wake()
	awaitWake(t, wake) // it listens now
	tasks := sqlstore.NewTasks(writer)
	far, e := task()
	at := time.Now().Add(24 * time.Hour)
	far.ReminderAt = &at
	if _, err := tasks.Create(t.Context(), far, e); err != nil {
		t.Fatal(err)
	}
	select {
	case <-wake:
		t.Error("woken for what is far away")
	case <-time.After(100 * time.Millisecond):
	}
	near, e := task()
	soon := time.Now().Add(time.Minute)
	near.ReminderAt = &soon
	if _, err := tasks.Create(t.Context(), near, e); err != nil {
		t.Fatal(err)
	}
	awaitWake(t, wake)
}

func awaitWake(t *testing.T, wake <-chan struct{}) {
	t.Helper()
	select {
	case <-wake:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing woke")
	}
}
