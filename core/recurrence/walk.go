package recurrence

import (
	"math/bits"
	"slices"
	"time"
)

// maxSteps ends a search that goes on for too long with "no more". The analysis
// in reachable and in the length of the calendar's cycle ends searches long before;
// the fuzz tests assert how long.
const maxSteps = 1 << 20

// walk finds the local times of a rule that starts at a local time. What the rule
// leaves open is taken from there. It is for one goroutine.
type walk struct {
	Rule
	clock clock
	start wall

	year, month0 int64  // of the start; months counted from year 0
	week, day    int64  // the start's first day of the week, its day
	hour         int64  // the start's hour, counted from 1970
	times        []wall // of a period's day (hourly: of its hour), ascending
	byDay        bool   // BYDAY is there
	byYear       bool   // its numbers count in the year
	filtered     bool   // not every day is allowed
	never        bool   // nothing can occur

	days  []int64 // of the period that was expanded last, ascending
	known knownMonth
	steps int
}

func newWalk(r Rule, start time.Time, zone *time.Location) *walk {
	w := &walk{Rule: r, clock: clock{zone: zone}, start: wallOf(start, zone)}
	w.day, w.hour = w.start.day(), w.start.hour()
	y, m, d := dateOf(w.day)
	w.year, w.month0 = y, y*12+int64(m)-1
	w.week = w.day - mod(int64(weekdayOf(w.day)-r.wkst), 7)
	w.byDay = r.hasWeekdays()
	w.byYear = r.months == 0
	w.fill(m, d)
	w.filtered = w.months != 0 || w.byDay || w.hasMonthDays()
	w.listTimes()
	w.never = len(w.times) == 0 || !w.reachable()
	return w
}

// fill takes from the start what the rule leaves open.
func (w *walk) fill(m, d int) {
	open := !w.byDay && !w.hasMonthDays()
	switch {
	case w.freq == yearly && open:
		w.monthDays.first = 1 << d
		if w.months == 0 {
			w.months = 1 << m
		}
	case w.freq == monthly && open:
		w.monthDays.first = 1 << d
	case w.freq == weekly && !w.byDay:
		w.weekdays[weekdayOf(w.day)].all = true
	}
	if w.hours == 0 && w.freq != hourly {
		w.hours = 1 << mod(w.hour, 24)
	}
	if w.minutes == 0 {
		w.minutes = 1 << (mod(int64(w.start), hour) / minute)
	}
}

// listTimes lists the times of a day, or of an hour. A daily or hourly period is
// just that, so that BYSETPOS always picks the same of them.
func (w *walk) listTimes() {
	rest := wall(mod(int64(w.start), minute)) // seconds stay as they are
	hours := w.hours
	if w.freq == hourly {
		hours = 1
	}
	for ; hours != 0; hours &= hours - 1 {
		for minutes := w.minutes; minutes != 0; minutes &= minutes - 1 {
			h, m := bits.TrailingZeros32(hours), bits.TrailingZeros64(minutes)
			w.times = append(w.times, wall(h)*hour+wall(m)*minute+rest)
		}
	}
	if w.freq > daily || len(w.setPos) == 0 {
		return
	}
	var picked []wall
	for i, t := range w.times {
		if slices.Contains(w.setPos, i+1) || slices.Contains(w.setPos, i-len(w.times)) {
			picked = append(picked, t)
		}
	}
	w.times, w.setPos = picked, nil
}

// reachable says whether steps of INTERVAL days or hours ever meet an allowed
// weekday and hour: they meet only one in gcd(INTERVAL, length of a week).
func (w *walk) reachable() bool {
	step, from, unit := w.interval, w.day, int64(1)
	switch w.freq {
	case hourly:
		from, unit = w.hour, 24
	case daily:
	default:
		return true
	}
	g := gcd(step, 7*unit)
	for x := mod(from, g); x < 7*unit; x += g {
		o := w.weekdays[weekdayOf(x/unit)]
		if (!w.byDay || o.all) && (w.freq == daily || w.hours == 0 || w.hours>>(x%24)&1 != 0) {
			return true
		}
	}
	return false
}

// next is the first occurrence after t (and after the start).
func (w *walk) next(t time.Time) (time.Time, bool) {
	after := max(w.clock.shows(t), w.start)
	for {
		at, ok := w.first(after)
		if !ok {
			return time.Time{}, false
		}
		// Two local times may be one instant (a gap's end), and one that occurs twice
		// may have its first instant behind it already.
		if u := w.clock.instant(at); u.After(t) {
			return u, u.Year() <= 9999
		}
		after = at
	}
}

// first is the rule's first local time after a local time.
func (w *walk) first(after wall) (wall, bool) {
	switch {
	case w.never:
		return 0, false
	case w.freq == hourly:
		return w.firstHourly(after)
	case w.freq == daily:
		return w.firstDaily(after)
	}
	return w.firstInPeriods(after)
}

// more counts a step and says whether the search may go on at day.
func (w *walk) more(day int64) bool {
	w.steps++
	return day <= lastDay && w.steps < maxSteps
}

// timeAfter is the first of the times of what begins at base that is after.
func (w *walk) timeAfter(base, after wall) (wall, bool) {
	i, _ := slices.BinarySearch(w.times, after-base+1)
	if i == len(w.times) {
		return 0, false
	}
	return base + w.times[i], true
}

func (w *walk) firstDaily(after wall) (wall, bool) {
	for d := after.day(); ; d++ {
		for {
			d = alignUp(d, w.day, w.interval)
			allowed, ok := w.matching(d)
			if !ok || !w.more(allowed) {
				return 0, false
			}
			if allowed == d {
				break
			}
			d = allowed
		}
		if at, ok := w.timeAfter(wall(d)*day, after); ok {
			return at, true
		}
	}
}

func (w *walk) firstHourly(after wall) (wall, bool) {
	for h := after.hour(); ; h++ {
		h = alignUp(h, w.hour, w.interval)
		allowed, ok := w.matching(floorDiv(h, 24))
		if !ok || !w.more(allowed) {
			return 0, false
		}
		if allowed > floorDiv(h, 24) {
			h = allowed*24 - 1
			continue
		}
		if w.hours != 0 && w.hours>>mod(h, 24)&1 == 0 {
			continue
		}
		if at, ok := w.timeAfter(wall(h)*hour, after); ok {
			return at, true
		}
	}
}
