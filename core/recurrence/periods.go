package recurrence

import (
	"math/bits"
	"slices"
)

// firstInPeriods is first for weeks, months and years: it lists the days of one
// period after the other. The calendar repeats after 400 years, and with it what a
// period has: when there was nothing for that long, there never is.
func (w *walk) firstInPeriods(after wall) (wall, bool) {
	p := w.periodOf(after.day())
	if w.skip == forward && p > 0 {
		p-- // its last day may have been moved into this one
	}
	for range w.cycle() + 2 {
		if !w.expand(p) {
			return 0, false
		}
		if at, ok := w.pick(after); ok {
			if w.skip == forward && w.expand(p+1) {
				if other, ok := w.pick(after); ok {
					at = min(at, other)
				}
			}
			return at, true
		}
		p++
	}
	return 0, false
}

// periodOf is the number of the last period that begins by days; the start's is 0.
func (w *walk) periodOf(days int64) int64 {
	y, m, _ := dateOf(days)
	var since int64
	switch w.freq {
	case yearly:
		since = y - w.year
	case monthly:
		since = y*12 + int64(m) - 1 - w.month0
	default:
		since = floorDiv(days-w.week, 7)
	}
	return since / w.interval
}

// cycle is the number of periods in which everything has been seen that they can be.
func (w *walk) cycle() int64 {
	length := int64(20_871) // weeks in 400 years
	switch w.freq {
	case yearly:
		length = monthsOfCycle / 12
	case monthly:
		length = monthsOfCycle
	}
	return length / gcd(length, w.interval)
}

// expand lists the days of a period; false: it lies behind the year 9999.
func (w *walk) expand(p int64) bool {
	w.days = w.days[:0]
	switch w.freq {
	case yearly:
		y := w.year + p*w.interval
		if !w.more(dayOf(y, 1, 1)) {
			return false
		}
		for m := 1; m <= 12; m++ {
			w.addMonth(y, m)
		}
		w.days = slices.Compact(w.days) // SKIP=FORWARD may meet the first of the next month
	case monthly:
		n := w.month0 + p*w.interval
		y, m := floorDiv(n, 12), int(mod(n, 12))+1
		if !w.more(dayOf(y, m, 1)) {
			return false
		}
		w.addMonth(y, m)
	default:
		monday := w.week + p*7*w.interval
		if !w.more(monday) {
			return false
		}
		for d := monday; d < monday+7; d++ {
			if w.weekdays[weekdayOf(d)].all && w.inMonths(d) {
				w.days = append(w.days, d)
			}
		}
	}
	return true
}

func (w *walk) addMonth(y int64, m int) {
	set := w.month(y, m)
	if set == 0 {
		return
	}
	for before := dayOf(y, m, 0); set != 0; set &= set - 1 {
		w.days = append(w.days, before+int64(bits.TrailingZeros64(set)))
	}
}

func (w *walk) inMonths(days int64) bool {
	if w.months == 0 {
		return true
	}
	_, m, _ := dateOf(days)
	return w.months>>m&1 != 0
}

// pick is the first time of the expanded period after a local time: of all its
// days and times, or of those that BYSETPOS picks.
func (w *walk) pick(after wall) (wall, bool) {
	if len(w.setPos) > 0 {
		return w.pickPosition(after)
	}
	i, found := slices.BinarySearch(w.days, after.day())
	if found {
		if at, ok := w.timeAfter(wall(w.days[i])*day, after); ok {
			return at, true
		}
		i++
	}
	if i == len(w.days) {
		return 0, false
	}
	return wall(w.days[i])*day + w.times[0], true
}

func (w *walk) pickPosition(after wall) (first wall, ok bool) {
	n := len(w.days) * len(w.times)
	for _, pos := range w.setPos {
		i := pos - 1
		if pos < 0 {
			i = n + pos
		}
		if i < 0 || i >= n {
			continue
		}
		at := wall(w.days[i/len(w.times)])*day + w.times[i%len(w.times)]
		if at > after && (!ok || at < first) {
			first, ok = at, true
		}
	}
	return first, ok
}
