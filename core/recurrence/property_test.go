package recurrence_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/tasktide/tasktide/core/recurrence"
)

func location(t interface{ Fatal(...any) }, name string) *time.Location {
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func some(t *rapid.T, name string, odds int, g *rapid.Generator[int]) []int {
	if rapid.IntRange(0, odds).Draw(t, name+" there") != 0 {
		return nil
	}
	return rapid.SliceOfNDistinct(g, 1, 4, rapid.ID[int]).Draw(t, name)
}

func aClause(t *rapid.T) clause {
	c := clause{
		freq:     rapid.SampledFrom([]string{"HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"}).Draw(t, "freq"),
		interval: rapid.SampledFrom([]int{1, 1, 1, 2, 3, 5, 7, 12, 25}).Draw(t, "interval"),
		months:   some(t, "months", 3, rapid.IntRange(1, 12)),
		hours:    some(t, "hours", 3, rapid.IntRange(0, 23)),
		minutes:  some(t, "minutes", 3, rapid.IntRange(0, 59)),
		wkst:     time.Weekday(rapid.IntRange(0, 6).Draw(t, "wkst")),
		skip:     rapid.SampledFrom([]string{"", "OMIT", "BACKWARD", "FORWARD"}).Draw(t, "skip"),
	}
	if c.freq != "WEEKLY" {
		days := rapid.OneOf(rapid.IntRange(27, 31), rapid.IntRange(1, 31), rapid.IntRange(-31, -1))
		c.monthDays = some(t, "month days", 2, days)
	}
	if rapid.IntRange(0, 1).Draw(t, "weekdays there") == 0 {
		for range rapid.IntRange(1, 3).Draw(t, "weekdays") {
			w := weekday{day: time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday"))}
			if c.freq == "MONTHLY" || c.freq == "YEARLY" {
				w.n = rapid.OneOf(rapid.Just(0), rapid.IntRange(-5, 5), rapid.IntRange(-53, 53)).Draw(t, "number")
			}
			c.weekdays = append(c.weekdays, w)
		}
	}
	if len(c.months)+len(c.hours)+len(c.minutes)+len(c.monthDays)+len(c.weekdays) > 0 {
		c.setPos = some(t, "positions", 3, rapid.IntRange(-6, 6).Filter(func(n int) bool { return n != 0 }))
	}
	return c
}

var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kolkata",
	"America/St_Johns", "Antarctica/Troll", "America/Havana",
}

// aStart is often in the days around a change of the clocks or the end of a month.
func aStart(t *rapid.T, zone *time.Location) time.Time {
	base := rapid.SampledFrom([]time.Time{
		time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 7, 0, 0, 0, 0, time.UTC),
		time.Date(2011, 12, 28, 0, 0, 0, 0, time.UTC), time.Date(2027, 4, 2, 0, 0, 0, 0, time.UTC),
		time.Date(2028, 2, 28, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 29, 0, 0, 0, 0, time.UTC),
		time.Date(1999, 12, 30, 0, 0, 0, 0, time.UTC),
	}).Draw(t, "around")
	at := base.Add(time.Duration(rapid.IntRange(0, 4*24*60*60).Draw(t, "seconds")) * time.Second)
	if rapid.Bool().Draw(t, "whole hour") {
		at = at.Truncate(time.Hour)
	}
	return firstShown(at, zone)
}

func TestOccurrencesAreThoseOfTheDefinition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := aClause(t)
		name := rapid.SampledFrom(zones).Draw(t, "zone")
		zone := location(t, name)
		start := aStart(t, zone)
		periods := map[string]int{"HOURLY": 400, "DAILY": 150, "WEEKLY": 60, "MONTHLY": 60, "YEARLY": 13}[c.freq]
		switch rapid.IntRange(0, 4).Draw(t, "ends") {
		case 0:
			c.count = rapid.IntRange(1, 12).Draw(t, "count")
		case 1:
			day := start.In(zone).AddDate(0, 0, rapid.IntRange(0, 400).Draw(t, "days"))
			c.until = day.Format("20060102")
			end := time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, time.UTC)
			c.untilCheck = func(shown, _ time.Time) bool { return shown.Before(end) }
		case 2:
			end := start.Add(time.Duration(rapid.IntRange(0, 400*24*60).Draw(t, "minutes")) * time.Minute).Truncate(time.Second)
			c.until = end.UTC().Format("20060102T150405Z")
			c.untilCheck = func(_, at time.Time) bool { return !at.After(end) }
		}
		rule, err := recurrence.Parse(c.String())
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		again, err := recurrence.Parse(rule.String())
		if err != nil || again.String() != rule.String() || len(rule.String()) > len(c.String()) {
			t.Fatalf("%s reads as %s, %v", rule, again, err)
		}
		s := recurrence.Series{Rule: again, Start: start, Zone: zone}
		want, over := c.occurrences(start, zone, periods, 15)
		for i, o := 1, (recurrence.Occurrence{At: start}); i < len(want); i++ {
			next, ok := s.Following(o, o.At)
			if !ok || !next.At.Equal(want[i]) || next.Index != int64(i) {
				t.Fatalf("%s in %s from %s: after %s comes %s (%d, %v), want %s", c, name, start, o.At.In(zone), next.At.In(zone), next.Index, ok, want[i].In(zone))
			}
			if between := o.At.Add(next.At.Sub(o.At) / 3); c.count == 0 && !between.Equal(o.At) {
				if at, ok := s.Next(between); !ok || !at.Equal(next.At) {
					t.Fatalf("%s in %s from %s: after %s comes %s, want %s", c, name, start, between, at, next.At)
				}
			}
			if !s.Has(next.At) || s.Has(next.At.Add(time.Microsecond)) {
				t.Fatalf("%s in %s from %s: Has(%s) is %v", c, name, start, next.At, s.Has(next.At))
			}
			o = next
		}
		last := len(want) - 1
		end := recurrence.Occurrence{At: want[last], Index: int64(last)}
		if o, ok := s.Following(recurrence.Occurrence{At: start}, end.At.Add(-time.Microsecond)); last > 0 && (!ok || o != end) {
			t.Fatalf("%s in %s from %s: late comes %+v, want %+v", c, name, start, o, end)
		}
		if o, ok := s.Following(end, end.At); over && ok {
			t.Fatalf("%s in %s from %s: after the last comes %+v", c, name, start, o)
		}
	})
}
