package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// nextDue is when the occurrence after due is due in a series that begins at start, asked at now; false when there is
// none. It is an oracle of its own for the rules of this test: it counts occurrences from the start on.
func nextDue(rule, zone string, start, due, now time.Time, end *time.Time) (time.Time, bool) {
	in, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}, false
	}
	first := start.In(in)
	for k := 1; k < 100_000; k++ {
		at := occurrence(rule, first, k).UTC()
		if strings.Contains(rule, "COUNT=2") && k >= 2 || end != nil && at.After(*end) {
			return time.Time{}, false
		}
		if at.After(due) && at.After(now) {
			return at, true
		}
	}
	return time.Time{}, false
}

// occurrence is the k-th after the first, by the clock on the wall.
func occurrence(rule string, first time.Time, k int) time.Time {
	y, m, d := first.Date()
	months := 0
	switch rule {
	case "daily", "FREQ=DAILY;COUNT=2":
		d += k
	case "FREQ=DAILY;INTERVAL=3":
		d += 3 * k
	case "weekly":
		d += 7 * k
	case "monthly":
		months = k
	case "yearly":
		months = 12 * k
	}
	if months > 0 { // the last day of a month that is too short
		last := time.Date(y, m+time.Month(months)+1, 0, 0, 0, 0, 0, time.UTC).Day()
		m, d = m+time.Month(months), min(d, last)
	}
	h, mi, s := first.Clock()
	return time.Date(y, m, d, h, mi, s, first.Nanosecond(), first.Location())
}

// moved is a reminder with the same distance by the clock on the wall to its new due date.
func moved(reminder, due, next time.Time, zone string) time.Time {
	in, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}
	}
	wall := func(t time.Time) time.Time {
		t = t.In(in)
		y, m, d := t.Date()
		h, mi, s := t.Clock()
		return time.Date(y, m, d, h, mi, s, t.Nanosecond(), time.UTC)
	}
	w := wall(next).Add(wall(reminder).Sub(wall(due)))
	y, m, d := w.Date()
	h, mi, s := w.Clock()
	return time.Date(y, m, d, h, mi, s, w.Nanosecond(), in).UTC()
}

func instant(o object, name string) *time.Time {
	t, err := time.Parse(time.RFC3339Nano, o.text(name))
	if err != nil {
		return nil
	}
	return &t
}

// follows says what is wrong with next as the occurrence after previous, of a series that began at start, when it was
// made between two times.
func follows(previous, next object, start time.Time, from, to time.Time) error {
	want := object{}
	for name, value := range previous {
		want[name] = value
	}
	want["id"], want["previousTaskId"] = next["id"], previous["id"]
	if want["parentTaskId"] == nil {
		want["parentTaskId"] = previous["id"]
	}
	want["status"], want["completed"], want["reminderSent"], want["version"] = "pending", false, false, 1.0
	want["createdAt"], want["updatedAt"] = next["createdAt"], next["createdAt"]
	var errs []error
	for _, now := range []time.Time{from, to} {
		due := instant(previous, "dueDate")
		at, ok := nextDue(previous.text("recurringRule"), previous.text("timeZone"), start, *due, now, instant(previous, "recurringEndDate"))
		if !ok {
			errs = append(errs, fmt.Errorf("there must be none after %s", previous.text("dueDate")))
			continue
		}
		want["dueDate"] = at.Format(timeFormat)
		if r := instant(previous, "reminderAt"); r != nil {
			want["reminderAt"] = moved(*r, *due, at, previous.text("timeZone")).Format(timeFormat)
		}
		err := same("next occurrence", want, next)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func TestTheOracleOfOccurrences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rule, zone, start, due, now, want string }{
		{"daily", "Europe/Berlin", "2031-03-29T08:00:00Z", "2031-03-29T08:00:00Z", "2026-01-01T00:00:00Z", "2031-03-30T07:00:00Z"},
		{"daily", "UTC", "2020-05-06T12:00:00Z", "2020-05-06T12:00:00Z", "2026-11-24T12:00:00Z", "2026-11-25T12:00:00Z"},
		{"monthly", "UTC", "2031-01-31T09:00:00Z", "2031-01-31T09:00:00Z", "2026-01-01T00:00:00Z", "2031-02-28T09:00:00Z"},
		{"monthly", "UTC", "2031-01-31T09:00:00Z", "2031-02-28T09:00:00Z", "2026-01-01T00:00:00Z", "2031-03-31T09:00:00Z"},
		{"yearly", "UTC", "2028-02-29T09:00:00Z", "2031-02-28T09:00:00Z", "2026-01-01T00:00:00Z", "2032-02-29T09:00:00Z"},
		{"FREQ=DAILY;COUNT=2", "UTC", "2031-01-01T00:00:00Z", "2031-01-02T00:00:00Z", "2026-01-01T00:00:00Z", ""},
	} {
		at := func(s string) time.Time { v, _ := time.Parse(time.RFC3339, s); return v }
		got, ok := nextDue(c.rule, c.zone, at(c.start), at(c.due), at(c.now), nil)
		if ok != (c.want != "") || ok && got.Format(time.RFC3339) != c.want {
			t.Errorf("%s after %s: %s, %t; want %s", c.rule, c.due, got, ok, c.want)
		}
	}
}
