package recurrence_test

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// clause is an RRULE in its parts, as a test writes it. The oracle below reads
// these and never the text: it walks every day and minute and asks the definition
// of RFC 5545 and RFC 7529 of each, with the standard library's calendar.
type clause struct {
	freq       string
	interval   int
	months     []int
	monthDays  []int
	weekdays   []weekday
	hours      []int
	minutes    []int
	setPos     []int
	wkst       time.Weekday
	skip       string
	count      int
	until      string
	untilCheck func(shown, at time.Time) bool // false: behind the end
}

type weekday struct {
	n   int // 0: all
	day time.Weekday
}

var names = [...]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

func (c clause) String() string {
	parts := []string{"FREQ=" + c.freq}
	add := func(key string, list []string) {
		if len(list) > 0 {
			parts = append(parts, key+"="+strings.Join(list, ","))
		}
	}
	numbers := func(key string, list []int) {
		text := make([]string, len(list))
		for i, n := range list {
			text[i] = fmt.Sprint(n)
		}
		add(key, text)
	}
	if c.interval != 1 {
		numbers("INTERVAL", []int{c.interval})
	}
	if c.count != 0 {
		numbers("COUNT", []int{c.count})
	}
	if c.until != "" {
		add("UNTIL", []string{c.until})
	}
	numbers("BYMONTH", c.months)
	numbers("BYMONTHDAY", c.monthDays)
	var days []string
	for _, w := range c.weekdays {
		number := ""
		if w.n != 0 {
			number = fmt.Sprint(w.n)
		}
		days = append(days, number+names[w.day])
	}
	add("BYDAY", days)
	numbers("BYHOUR", c.hours)
	numbers("BYMINUTE", c.minutes)
	numbers("BYSETPOS", c.setPos)
	if c.wkst != time.Monday {
		add("WKST", []string{names[c.wkst]})
	}
	if c.skip != "" {
		add("SKIP", []string{c.skip})
	}
	return strings.Join(parts, ";")
}

// local is a wall clock time, kept as if it were UTC.
type local = time.Time

// period is the start of the period that l is in.
func (c clause) period(l local) local {
	switch c.freq {
	case "HOURLY":
		return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), 0, 0, 0, time.UTC)
	case "DAILY":
		return time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, time.UTC)
	case "WEEKLY":
		d := time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, time.UTC)
		for d.Weekday() != c.wkst {
			d = d.AddDate(0, 0, -1)
		}
		return d
	case "MONTHLY":
		return time.Date(l.Year(), l.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(l.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
}

// after is the start of the n-th period after p.
func (c clause) after(p local, n int) local {
	switch c.freq {
	case "HOURLY":
		return p.Add(time.Duration(n) * time.Hour)
	case "DAILY":
		return p.AddDate(0, 0, n)
	case "WEEKLY":
		return p.AddDate(0, 0, 7*n)
	case "MONTHLY":
		return p.AddDate(0, n, 0)
	}
	return p.AddDate(n, 0, 0)
}

func in(list []int, n int) bool { return slices.Contains(list, n) }

func lengthOf(l local) int { return time.Date(l.Year(), l.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// dates are the days of the period from p to end, in the order of RFC 7529:
// months, days of the month, SKIP, weekdays.
func (c clause) dates(p, end, start local) (out []local) {
	monthDays, months := c.monthDays, c.months
	if len(c.weekdays) == 0 && len(monthDays) == 0 && (c.freq == "MONTHLY" || c.freq == "YEARLY") {
		monthDays = []int{start.Day()}
		if c.freq == "YEARLY" && len(months) == 0 {
			months = []int{int(start.Month())}
		}
	}
	day := time.Date(p.Year(), p.Month(), p.Day(), 0, 0, 0, 0, time.UTC)
	for ; day.Before(end); day = day.AddDate(0, 0, 1) {
		if len(months) > 0 && !in(months, int(day.Month())) {
			continue
		}
		if len(monthDays) == 0 || in(monthDays, day.Day()) || in(monthDays, day.Day()-lengthOf(day)-1) {
			out = append(out, day)
		}
		if day.Day() != lengthOf(day) || c.freq != "MONTHLY" && c.freq != "YEARLY" {
			continue
		}
		for n := lengthOf(day) + 1; n <= 31; n++ { // days that this month lacks
			if in(monthDays, n) && c.skip == "BACKWARD" {
				out = append(out, day)
			}
			if in(monthDays, n) && c.skip == "FORWARD" {
				out = append(out, day.AddDate(0, 0, 1))
			}
		}
	}
	weekdays := c.weekdays
	if c.freq == "WEEKLY" && len(weekdays) == 0 {
		weekdays = []weekday{{0, start.Weekday()}}
	}
	if len(weekdays) > 0 {
		out = slices.DeleteFunc(out, func(d local) bool {
			return !slices.ContainsFunc(weekdays, func(w weekday) bool { return c.isWeekday(d, w) })
		})
	}
	slices.SortFunc(out, local.Compare)
	return slices.CompactFunc(out, local.Equal)
}

// isWeekday counts the days of that weekday one by one.
func (c clause) isWeekday(d local, w weekday) bool {
	if d.Weekday() != w.day {
		return false
	}
	if w.n == 0 {
		return true
	}
	same := func(o local) bool {
		return o.Year() == d.Year() && (o.Month() == d.Month() || c.freq == "YEARLY" && len(c.months) == 0)
	}
	step, count := -7, w.n
	if w.n < 0 {
		step, count = 7, -w.n
	}
	n := 0
	for o := d; same(o); o = o.AddDate(0, 0, step) {
		n++
	}
	return n == count
}

// members are the times of the period from p.
func (c clause) members(p, start local) (out []local) {
	hours, minutes := c.hours, c.minutes
	if len(hours) == 0 && c.freq != "HOURLY" {
		hours = []int{start.Hour()}
	}
	if len(minutes) == 0 {
		minutes = []int{start.Minute()}
	}
	for _, d := range c.dates(p, c.after(p, 1), start) {
		for m := range 24 * 60 {
			l := d.Add(time.Duration(m)*time.Minute + start.Sub(start.Truncate(time.Minute)))
			if (len(hours) == 0 || in(hours, m/60)) && in(minutes, m%60) && (c.freq != "HOURLY" || c.period(l).Equal(p)) {
				out = append(out, l)
			}
		}
	}
	if len(c.setPos) == 0 {
		return out
	}
	var picked []local
	for i, l := range out {
		if in(c.setPos, i+1) || in(c.setPos, i-len(out)) {
			picked = append(picked, l)
		}
	}
	return picked
}

// shows is what a clock in zone shows at t.
func shows(t time.Time, zone *time.Location) local {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// firstShown looks at every minute of two and a half days.
func firstShown(l local, zone *time.Location) time.Time {
	step := time.Minute
	at := l.Add(-30 * time.Hour)
	if shown := shows(l.Add(-14*time.Hour), zone); shown.Sub(l.Add(-14*time.Hour)) == shows(l.Add(14*time.Hour), zone).Sub(l.Add(14*time.Hour)) {
		return l.Add(l.Add(-14 * time.Hour).Sub(shown)) // no change of the clocks near
	}
	for shows(at, zone).Before(l) {
		at = at.Add(step)
	}
	// A time with seconds was passed within the last minute; the clocks change on whole ones.
	whole := at.Truncate(time.Minute)
	if shows(whole, zone).Before(l) {
		return at
	}
	return whole
}

// occurrences are the first n instants of the series, the start among them, as
// far as periods periods go; over: COUNT or UNTIL ended it.
func (c clause) occurrences(start time.Time, zone *time.Location, periods, n int) (out []time.Time, over bool) {
	first := shows(start, zone)
	out = []time.Time{start}
	p := c.period(first)
	var locals []local
	for range periods {
		locals = append(locals, c.members(p, first)...)
		if len(locals) > 2*n {
			break
		}
		p = c.after(p, c.interval)
	}
	slices.SortFunc(locals, local.Compare)
	for _, l := range locals {
		at := firstShown(l, zone)
		if !l.After(first) || !at.After(out[len(out)-1]) {
			continue
		}
		if c.count > 0 && len(out) == c.count || c.untilCheck != nil && !c.untilCheck(shows(at, zone), at) {
			return out, true
		}
		if len(out) == n {
			break
		}
		out = append(out, at)
	}
	return out, false
}
