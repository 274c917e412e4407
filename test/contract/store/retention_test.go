package store_test

import (
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
	"github.com/tasktide/tasktide/ports"
)

func TestRetentionTakesPublishedEventsOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		tasks, streams, outbox := sqlstore.NewTasks(db), sqlstore.NewStreams(db), sqlstore.NewOutbox(db)
		for range 5 {
			createOne(t, tasks)
		}
		l, err := outbox.Lease(t.Context(), domain.BackendAPI, "o", domain.Shards, time.Minute, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			heads, err := outbox.Heads(t.Context(), l, 1)
			if err != nil || outbox.Settle(t.Context(), l, heads...) != nil {
				t.Fatal(err)
			}
		}
		remove := func(before time.Time, want int64) {
			t.Helper()
			if n, err := streams.DeleteEventsBefore(t.Context(), before, 2); err != nil || n != want {
				t.Errorf("deleted %d, %v; want %d", n, err, want)
			}
		}
		remove(time.Now().Add(-time.Hour), 0)
		later := time.Now().Add(time.Hour)
		for _, n := range []int64{2, 1, 0} { // at most 2 a call
			remove(later, n)
		}
		events, head, err := streams.After(t.Context(), "u", 0, 10)
		if err != nil || len(events) != 2 || events[0].Position != 4 || head.Value != 5 {
			t.Errorf("left %v, head %v, %v", events, head, err)
		}
	})
}

func TestCleanupTakesExpiredStateOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := sqlstore.NewState(b.fresh(t))
		for _, i := range []ports.Item{
			{Key: "gone", Value: []byte("1"), TTL: time.Millisecond},
			{Key: "later", Value: []byte("1"), TTL: time.Hour},
			{Key: "never", Value: []byte("1")},
		} {
			if err := s.Put(t.Context(), i)[0]; err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(20 * time.Millisecond) // the TTL is of the database's clock
		for _, want := range []int64{1, 0} {
			if n, err := s.DeleteExpired(t.Context(), time.Now().Add(time.Minute), 10); err != nil || n != want {
				t.Errorf("deleted %d, %v; want %d", n, err, want)
			}
		}
		if got, err := s.Get(t.Context(), "gone", "later", "never"); err != nil || len(got) != 2 {
			t.Errorf("left %v, %v", got, err)
		}
	})
}

func TestOldNotificationsAreSwept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		tasks, due, notes := sqlstore.NewTasks(db), sqlstore.NewReminders(db), sqlstore.NewNotifications(db)
		now := time.Now().UTC().Truncate(time.Microsecond)
		for _, age := range []time.Duration{time.Hour, 25 * time.Hour, 26 * time.Hour, 27 * time.Hour} {
			x, e := task()
			at := now.Add(-age)
			x.ReminderAt = &at
			if _, err := tasks.Create(t.Context(), x, e); err != nil {
				t.Fatal(err)
			}
			r := domain.DueReminder{UserID: x.UserID, TaskID: x.ID, Version: x.Version, Title: x.Title, ReminderAt: at}
			if _, err := due.Send(t.Context(), r, reminders.Compose(&r, at, reminders.NewIDs())); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []int64{2, 1, 0} { // at most 2 a call
			if n, err := notes.DeleteBefore(t.Context(), now.Add(-24*time.Hour), 2); err != nil || n != want {
				t.Errorf("deleted %d, %v; want %d", n, err, want)
			}
		}
		if left, err := notes.List(t.Context(), "u", domain.NotificationQuery{Limit: 10}); err != nil || len(left) != 1 {
			t.Errorf("left %v, %v", left, err)
		}
		if read, err := due.Due(t.Context(), 10); err != nil || len(read.Due) != 0 {
			t.Errorf("due again: %v, %v", read.Due, err)
		}
	})
}
