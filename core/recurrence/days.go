package recurrence

import "math/bits"

// monthsOfCycle is how long it takes the Gregorian calendar, weekdays included,
// to repeat: 400 years. What does not occur in it never does.
const monthsOfCycle = 4800

// month is the set of days of a month that BYMONTH, BYMONTHDAY and BYDAY allow,
// one bit for each. The bit behind the last day is the first of the next month,
// where SKIP=FORWARD puts a day that this month does not have. SKIP is applied
// before BYDAY (RFC 7529, 4.1); a day counted from the end that is not there has no
// neighbour to move to.
func (w *walk) month(y int64, m int) uint64 {
	if w.months != 0 && w.months>>m&1 == 0 {
		return 0
	}
	w.steps++
	length := monthLength(y, m)
	all := uint64(1)<<(length+1) - 2
	set := all
	if w.hasMonthDays() {
		set = w.monthDays.first & all
		for last := w.monthDays.last & all; last != 0; last &= last - 1 {
			set |= 1 << (length + 1 - bits.TrailingZeros64(last))
		}
		switch missing := w.monthDays.first &^ all; {
		case missing == 0 || w.skip == omit || w.freq < monthly:
		case w.skip == backward:
			set |= 1 << length
		default:
			set |= 1 << (length + 1)
		}
	}
	if w.byDay {
		set = w.onWeekdays(set, y, m)
	}
	return set
}

// onWeekdays leaves the days of a month that BYDAY allows.
func (w *walk) onWeekdays(set uint64, y int64, m int) uint64 {
	first := dayOf(y, m, 1)
	for rest := set; rest != 0; rest &= rest - 1 {
		d := bits.TrailingZeros64(rest)
		if !w.onWeekday(first+int64(d)-1, y, m, d) {
			set &^= 1 << d
		}
	}
	return set
}

// onWeekday: numbers of BYDAY count in the month, or in the year for a yearly rule
// without BYMONTH.
func (w *walk) onWeekday(days, y int64, m, d int) bool {
	o := w.weekdays[weekdayOf(days)]
	if o.all || o.none() {
		return o.all
	}
	if w.freq == yearly && w.byYear {
		index := int(days - dayOf(y, 1, 1))
		return o.has(index, yearLength(y)-1-index)
	}
	if length := monthLength(y, m); d > length { // moved to the first of the next
		m, d = m+1, 1
	}
	return o.has(d-1, monthLength(y, m)-d)
}

// matching is the first day from days on that BYMONTH, BYMONTHDAY and BYDAY allow.
func (w *walk) matching(days int64) (int64, bool) {
	if !w.filtered {
		return days, true
	}
	y, m, d := dateOf(days)
	for range monthsOfCycle + 1 {
		if w.known.y != y || w.known.m != m {
			w.known = knownMonth{y, m, w.month(y, m)}
		}
		if left := w.known.set >> d << d; left != 0 {
			return dayOf(y, m, bits.TrailingZeros64(left)), true
		}
		if m, d = m+1, 1; m > 12 {
			y, m = y+1, 1
		}
		w.steps++
	}
	return 0, false
}

// knownMonth is the month that was looked at last.
type knownMonth struct {
	y   int64
	m   int
	set uint64
}
