package reminders_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
)

// A task may have been written by a clock that is ahead of the store's, or between the
// store's reading of its clock and of the task. Its copies take the event's time as the
// task's updatedAt, which never goes back.
func TestAReminderIsNotOlderThanTheTaskThatItIsOf(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	now := at.Add(2 * time.Second)
	for updated, want := range map[time.Time]time.Time{now.Add(-time.Hour): now, now: now, now.Add(12 * time.Microsecond): now.Add(12 * time.Microsecond)} {
		r := domain.DueReminder{UserID: "u", ReminderAt: at, UpdatedAt: updated}
		s := reminders.Compose(&r, now, reminders.NewIDs())
		if !s.Notification.CreatedAt.Equal(want) || !s.Due.Time.Equal(want) || !s.Marked.Time.Equal(want) {
			t.Errorf("of a task of %s: %s, %s, %s, want %s", updated, s.Notification.CreatedAt, s.Due.Time, s.Marked.Time, want)
		}
		var data struct {
			LateBy float64 `json:"late_by"`
		}
		if err := json.Unmarshal(s.Due.Data, &data); err != nil || data.LateBy != 2 {
			t.Errorf("late by %v, %v", data.LateBy, err)
		}
	}
}
