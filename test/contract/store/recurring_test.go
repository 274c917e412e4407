package store_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/recurring"
	"github.com/tasktide/tasktide/core/tasks"
)

// TestACompletedTaskHasOneNextOccurrence runs the use case on each database: many
// handle each completion at once, while tasks are reopened, changed and deleted.
func TestACompletedTaskHasOneNextOccurrence(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		store, streams := sqlstore.NewTasks(db), sqlstore.NewStreams(db)
		service := tasks.New(store, memory.Clock{}, tasks.NewIDs())
		handler := recurring.New(store, streams, memory.Clock{}, tasks.NewIDs())
		const user, series = "u", 12
		due := time.Date(2031, 1, 31, 9, 30, 0, 0, time.UTC)
		var first []domain.Task
		for range series {
			task, err := service.Create(t.Context(), user, tasks.Input{
				Title: tasks.Some("Rent"), Priority: tasks.Some("high"), Category: tasks.Some("home"), Tags: tasks.Some([]string{"a", "b"}),
				RecurringRule: tasks.Some("monthly"), DueDate: tasks.Some(due), ReminderAt: tasks.Some(due.Add(-time.Hour)), TimeZone: tasks.Some("America/New_York"),
			})
			if err != nil {
				t.Fatal(err)
			}
			first = append(first, task)
			if _, err := service.Toggle(t.Context(), user, task.ID, nil); err != nil {
				t.Fatal(err)
			}
		}
		completions, _, err := streams.After(t.Context(), user, 0, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		completions = slices.DeleteFunc(completions, func(e domain.Event) bool { return e.Type != domain.TaskCompletedV1 })
		var wg sync.WaitGroup
		for i, task := range first {
			wg.Go(func() {
				var err error
				switch i % 3 {
				case 0:
					err = service.Delete(t.Context(), user, task.ID, nil)
				case 1:
					_, err = service.Toggle(t.Context(), user, task.ID, nil)
				default:
					_, err = service.Update(t.Context(), user, task.ID, tasks.Input{Title: tasks.Some("Rent, both")}, nil)
				}
				if err != nil {
					t.Error(err)
				}
			})
			for range 8 {
				wg.Go(func() {
					if err := handler.Handle(t.Context(), completions[i]); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		for _, e := range completions { // and once more, when all is over
			if err := handler.Handle(t.Context(), e); err != nil {
				t.Error(err)
			}
		}
		l, err := store.List(t.Context(), user, domain.TaskQuery{})
		if err != nil {
			t.Fatal(err)
		}
		for _, before := range first {
			next := slices.DeleteFunc(slices.Clone(l.Tasks), func(o domain.Task) bool { return o.PreviousTaskID == nil || *o.PreviousTaskID != before.ID })
			if len(next) != 1 {
				t.Fatalf("%d next occurrences", len(next))
			}
			n := next[0]
			if !n.DueDate.Equal(time.Date(2031, 2, 28, 9, 30, 0, 0, time.UTC)) || !n.ReminderAt.Equal(n.DueDate.Add(-time.Hour)) || *n.ParentTaskID != before.ID ||
				n.SeriesStart == nil || !n.SeriesStart.Equal(due) || n.SeriesIndex != 1 || n.Completed || !slices.Equal(n.Tags, before.Tags) {
				t.Errorf("%+v", n)
			}
		}
	})
}
