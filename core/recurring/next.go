package recurring

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/recurrence"
)

// next is the occurrence after t, whose completion e is; false when the series
// has ended.
//
// It is the first after the due date and after the completion: early, late and
// in time there is one, and none that is over already. The completion counts, not
// the moment of handling it, so that every handler finds the same.
func (s *Service) next(ctx context.Context, t domain.Task, e domain.Event) (domain.Task, bool, error) {
	rule, err := recurrence.Parse(*t.RecurringRule)
	if err != nil {
		return t, false, domain.Permanent(fmt.Errorf("the recurring rule %.80q of task %s can't be read: %w", *t.RecurringRule, t.ID, err))
	}
	zone, err := s.zones.load(t.TimeZone)
	if err != nil {
		return t, false, domain.Permanent(fmt.Errorf("the time zone of task %s: %w", t.ID, err))
	}
	due := dueOf(t, e)
	series := seriesOf(t, due, rule, zone)
	following, ok := series.Following(recurrence.Occurrence{At: due, Index: t.SeriesIndex}, e.Time)
	if !ok {
		return t, false, nil
	}
	now := s.clock.Now().UTC().Truncate(time.Microsecond)
	n := domain.Task{
		ID: s.ids.Task(), UserID: e.UserID, Title: t.Title, Description: t.Description, Priority: t.Priority, Category: t.Category,
		DueDate: &following.At, RecurringRule: t.RecurringRule, RecurringEndDate: t.RecurringEndDate,
		ParentTaskID: t.ParentTaskID, PreviousTaskID: &t.ID, SeriesStart: &series.Start, SeriesIndex: following.Index,
		Tags: t.Tags, TimeZone: t.TimeZone, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if n.ParentTaskID == nil {
		n.ParentTaskID = &t.ID
	}
	n.ReminderAt, err = s.reminder(ctx, t, due, following.At, zone)
	return n, err == nil, err
}

// reminder is as far from next as t's is from due. One at the end of a gap may have
// been meant for a time in it: then the occurrence before t, while it is there,
// knows how far.
func (s *Service) reminder(ctx context.Context, t domain.Task, due, next time.Time, zone *time.Location) (*time.Time, error) {
	if t.ReminderAt == nil {
		return nil, nil
	}
	at := recurrence.Move(*t.ReminderAt, due, next, zone)
	if t.PreviousTaskID != nil && recurrence.EndsGap(*t.ReminderAt, zone) {
		before, err := s.tasks.Get(ctx, t.UserID, *t.PreviousTaskID)
		switch {
		case errors.Is(err, domain.ErrNotFound):
		case err != nil:
			return nil, err
		case before.ReminderAt != nil && before.DueDate != nil && recurrence.Move(*before.ReminderAt, *before.DueDate, due, zone).Equal(*t.ReminderAt):
			at = recurrence.Move(*before.ReminderAt, *before.DueDate, next, zone)
		}
	}
	if at.Year() < 1 || at.Year() > 9999 {
		return nil, nil
	}
	return &at, nil
}

// dueOf is where the task stands in time: without a due date, the minute in which
// it was completed.
func dueOf(t domain.Task, e domain.Event) time.Time {
	if t.DueDate != nil {
		return *t.DueDate
	}
	return e.Time.UTC().Truncate(time.Minute)
}

// seriesOf counts from where the series began, as long as the task still stands
// in it: a due date, rule or zone that was changed begins anew from the due date.
func seriesOf(t domain.Task, due time.Time, rule recurrence.Rule, zone *time.Location) recurrence.Series {
	s := recurrence.Series{Rule: rule, Start: due, Zone: zone}
	if t.SeriesStart != nil {
		before := s
		before.Start = *t.SeriesStart
		if before.Has(due) {
			s = before
		}
	}
	s.End = t.RecurringEndDate
	return s
}

// zones remembers time zones: loading one reads a file.
type zones struct{ known sync.Map }

func (z *zones) load(name string) (*time.Location, error) {
	if known, ok := z.known.Load(name); ok {
		return known.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		z.known.Store(strings.Clone(name), zone)
	}
	return zone, err
}
