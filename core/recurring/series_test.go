package recurring_test

import (
	"testing"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
)

func TestASeriesDoesNotDrift(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule, due string
		late      time.Duration
		want      string
	}{
		"monthly from the 31st":              {"monthly", "2027-01-31 10:00", 0, "2027-02-28 10:00, 2027-03-31 10:00, 2027-04-30 10:00, 2027-05-31 10:00"},
		"yearly from 29 February":            {"yearly", "2028-02-29 10:00", 0, "2029-02-28 10:00, 2030-02-28 10:00, 2031-02-28 10:00, 2032-02-29 10:00"},
		"daily in the gap":                   {"daily", "2027-03-27 02:30", 0, "2027-03-28 03:00, 2027-03-29 02:30, 2027-03-30 02:30, 2027-03-31 02:30"},
		"every other Tuesday":                {"FREQ=WEEKLY;INTERVAL=2", "2026-11-24 10:00", 0, "2026-12-08 10:00, 2026-12-22 10:00, 2027-01-05 10:00, 2027-01-19 10:00"},
		"every other Tuesday, a day late":    {"FREQ=WEEKLY;INTERVAL=2", "2026-11-24 10:00", 24 * time.Hour, "2026-12-08 10:00, 2026-12-22 10:00, 2027-01-05 10:00, 2027-01-19 10:00"},
		"ten days late, then again":          {"daily", "2026-11-24 10:00", 10*24*time.Hour + time.Minute, "2026-12-05 10:00, 2026-12-16 10:00, 2026-12-27 10:00, 2027-01-07 10:00"},
		"early":                              {"weekly", "2026-11-24 10:00", -5 * 24 * time.Hour, "2026-12-01 10:00, 2026-12-08 10:00, 2026-12-15 10:00, 2026-12-22 10:00"},
		"exactly at the next occurrence":     {"daily", "2026-11-24 10:00", 24 * time.Hour, "2026-11-26 10:00, 2026-11-28 10:00, 2026-11-30 10:00, 2026-12-02 10:00"},
		"COUNT counts the first":             {"FREQ=DAILY;COUNT=3", "2026-11-24 10:00", 0, "2026-11-25 10:00, 2026-11-26 10:00, end"},
		"COUNT counts what lateness skipped": {"FREQ=DAILY;COUNT=5", "2026-11-24 10:00", 30 * time.Hour, "2026-11-26 10:00, 2026-11-28 10:00, end"},
		"COUNT=1":                            {"FREQ=DAILY;COUNT=1", "2026-11-24 10:00", 0, "end"},
		"UNTIL":                              {"FREQ=DAILY;UNTIL=20261125", "2026-11-24 10:00", 0, "2026-11-25 10:00, end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if got := w.run(w.create(c.rule, c.due), 4, c.late); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTheFirstTaskMayBeDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.create("FREQ=MONTHLY;COUNT=4;SKIP=BACKWARD", "2027-01-31 10:00")
	w.handle(w.complete(first.ID))
	second := w.next(first.ID)
	if err := w.user.Delete(t.Context(), user, first.ID, nil); err != nil {
		t.Fatal(err)
	}
	if got := w.run(second, 3, 0); got != "2027-03-31 10:00, 2027-04-30 10:00, end" {
		t.Error(got)
	}
}

func TestTheEndDateIsInclusive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	end := func(in *tasks.Input) {
		in.RecurringEndDate = tasks.Some(time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)) // a bare date
	}
	if got := w.run(w.create("daily", "2026-11-24 23:30", end), 5, 0); got != "2026-11-25 23:30, 2026-11-26 23:30, end" {
		t.Error(got)
	}
}

func TestAReminderKeepsItsDistanceOnTheWallClock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ due, reminder, wantDue, want string }{
		{"2027-03-21 10:00", "2027-03-21 09:00", "2027-03-28 10:00", "2027-03-28 09:00"},
		{"2027-03-21 10:00", "2027-03-20 18:00", "2027-03-28 10:00", "2027-03-27 18:00"}, // across the change
		{"2026-10-24 10:00", "2026-10-24 02:30", "2026-10-31 10:00", "2026-10-31 02:30"},
		{"2026-10-25 10:00", "2026-10-25 11:30", "2026-11-01 10:00", "2026-11-01 11:30"}, // after the due date
	} {
		w := newWorld(t)
		w.clock.at = w.time(c.due)
		task := w.create("weekly", c.due, func(in *tasks.Input) { in.ReminderAt = tasks.Some(w.time(c.reminder)) })
		w.handle(w.complete(task.ID))
		next := w.next(task.ID)
		if w.shown(next.DueDate) != c.wantDue || w.shown(next.ReminderAt) != c.want || next.ReminderSent {
			t.Errorf("due %s, reminder %s, sent %v; want %s, %s", w.shown(next.DueDate), w.shown(next.ReminderAt), next.ReminderSent, c.wantDue, c.want)
		}
	}
}

// TestAReminderThatAGapMovedComesBack: the clocks jump from 2:00 to 3:00 on 28 March.
func TestAReminderThatAGapMovedComesBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ due, reminder, inGap, after string }{
		"reminder in the gap":     {"2027-03-27 10:00", "2027-03-27 02:30", "2027-03-28 03:00", "2027-03-29 02:30"},
		"both in the gap":         {"2027-03-27 02:45", "2027-03-27 02:15", "2027-03-28 03:00", "2027-03-29 02:15"},
		"meant for the gap's end": {"2027-03-27 10:00", "2027-03-27 03:00", "2027-03-28 03:00", "2027-03-29 03:00"},
	} {
		for change, then := range map[string]string{"": c.after, "the one before is deleted": "", "its reminder is set anew": "2027-03-29 03:00"} {
			w := newWorld(t)
			w.clock.at = w.time(c.due)
			first := w.create("daily", c.due, func(in *tasks.Input) { in.ReminderAt = tasks.Some(w.time(c.reminder)) })
			w.handle(w.complete(first.ID))
			second := w.next(first.ID)
			if w.shown(second.ReminderAt) != c.inGap {
				t.Errorf("%s: %s", name, w.shown(second.ReminderAt))
			}
			switch change {
			case "the one before is deleted":
				if err := w.user.Delete(t.Context(), user, first.ID, nil); err != nil {
					t.Fatal(err)
				}
			case "its reminder is set anew":
				w.update(first.ID, tasks.Input{ReminderAt: tasks.Some(w.time("2027-03-27 01:00"))}) // it is no witness any more
				w.update(second.ID, tasks.Input{DueDate: tasks.Some(w.time("2027-03-28 10:00"))})
			}
			w.clock.at = second.DueDate.Add(time.Hour)
			w.handle(w.complete(second.ID))
			if third := w.next(second.ID); then != "" && w.shown(third.ReminderAt) != then || third.ReminderAt == nil {
				t.Errorf("%s, %s: %s, want %s", name, change, w.shown(third.ReminderAt), then)
			}
		}
	}
}

func TestWithoutADueDateTheCompletionCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create("daily", "", func(in *tasks.Input) { in.ReminderAt = tasks.Some(w.time("2026-11-25 09:00")) })
	w.clock.at = w.time("2026-11-25 15:32").Add(17 * time.Second)
	w.handle(w.complete(task.ID))
	next := w.next(task.ID)
	if w.shown(next.DueDate) != "2026-11-26 15:32" || !next.DueDate.Equal(next.DueDate.Truncate(time.Minute)) || w.shown(next.ReminderAt) != "2026-11-26 09:00" {
		t.Errorf("due %s, reminder %s", w.shown(next.DueDate), w.shown(next.ReminderAt))
	}
}

// TestAChangeBeginsTheSeriesAnew: what the user moves is where the series goes on.
func TestAChangeBeginsTheSeriesAnew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change tasks.Input
		due    string
		want   string
	}{
		"due date":                       {tasks.Input{}, "2027-02-20 10:00", "2027-03-20 10:00, 2027-04-20 10:00"},
		"due date, same day":             {tasks.Input{}, "2027-02-28 18:00", "2027-03-28 18:00, 2027-04-28 18:00"},
		"zone, in which it still stands": {tasks.Input{TimeZone: tasks.Some("Asia/Tokyo")}, "", "2027-03-31 11:00, 2027-04-30 11:00"},
		"rule":                           {tasks.Input{RecurringRule: tasks.Some("FREQ=DAILY;INTERVAL=3")}, "", "2027-03-03 10:00, 2027-03-06 10:00"},
		"a rule that it is in":           {tasks.Input{RecurringRule: tasks.Some("FREQ=MONTHLY;BYMONTHDAY=-1")}, "", "2027-03-31 10:00, 2027-04-30 10:00"},
		"COUNT goes on, not anew":        {tasks.Input{RecurringRule: tasks.Some("FREQ=DAILY;COUNT=3")}, "", "2027-03-01 10:00, end"},
		"nothing that matters":           {tasks.Input{Title: tasks.Some("Other")}, "", "2027-03-31 10:00, 2027-04-30 10:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.create("monthly", "2027-01-31 10:00")
			w.handle(w.complete(first.ID))
			second := w.next(first.ID)
			if c.due != "" {
				c.change.DueDate = tasks.Some(w.time(c.due))
			}
			w.update(second.ID, c.change)
			second, err := w.store.Get(t.Context(), user, second.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got := w.run(second, 2, 0); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTheNewTaskIsLikeTheOldOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.create("weekly", "2026-11-24 10:00", func(in *tasks.Input) {
		in.Description, in.Tags = tasks.Some("all of them"), tasks.Some([]string{"garden", "green"})
		in.RecurringEndDate = tasks.Some(w.time("2027-11-24 10:00"))
	})
	w.clock.at = w.clock.at.Add(time.Hour + 123456789*time.Nanosecond)
	done := w.complete(first.ID)
	w.clock.at = w.clock.at.Add(time.Hour)
	w.handle(done)
	second := w.next(first.ID)
	if second.Title != first.Title || *second.Description != *first.Description || second.Priority != first.Priority || second.Category != first.Category ||
		*second.RecurringRule != "weekly" || !second.RecurringEndDate.Equal(*first.RecurringEndDate) || len(second.Tags) != 2 || second.TimeZone != first.TimeZone ||
		second.Completed || second.ReminderAt != nil || second.ReminderSent || second.Version != 1 || second.UserID != user ||
		*second.ParentTaskID != first.ID || *second.PreviousTaskID != first.ID || second.ID == first.ID || second.ID.Version() != 7 ||
		!second.CreatedAt.Equal(w.clock.at.Truncate(time.Microsecond)) || !second.UpdatedAt.Equal(second.CreatedAt) {
		t.Errorf("%+v", second)
	}
	e := w.last(domain.TaskCreatedV1)
	if e.Subject != second.ID.String() || e.Source != domain.BackendAPI || e.UserID != user || e.CorrelationID != done.CorrelationID || e.CorrelationID != "request-7" ||
		e.TraceParent != done.TraceParent || e.TraceParent == "" || e.ID == done.ID || !e.Time.Equal(second.CreatedAt) {
		t.Errorf("%+v", e)
	}
	again, err := tasks.FromPayload(e)
	if err != nil || string(tasks.FullPayload(&again)) != string(e.Data) || string(tasks.FullPayload(&second)) != string(e.Data) {
		t.Errorf("%s, %v", e.Data, err)
	}
	w.handle(w.complete(second.ID))
	if third := w.next(second.ID); *third.ParentTaskID != first.ID || *third.PreviousTaskID != second.ID {
		t.Errorf("%+v", third)
	}
}
