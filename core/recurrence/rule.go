package recurrence

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rule is a rule that Parse has read. The zero value is none.
type Rule struct {
	word      string // daily, weekly, monthly, yearly; "" for an RRULE
	freq      frequency
	interval  int64
	count     int64 // 0: no limit
	until     until
	months    uint16 // bit 1 to 12; 0: no BYMONTH
	monthDays monthDays
	weekdays  [7]ordinals // by time.Weekday
	hours     uint32      // bit 0 to 23; 0: no BYHOUR
	minutes   uint64      // bit 0 to 59; 0: no BYMINUTE
	setPos    []int       // ascending
	wkst      time.Weekday
	skip      skip
	rscale    bool // it was there
}

type frequency int

const (
	hourly frequency = iota + 1
	daily
	weekly
	monthly
	yearly
)

var frequencies = [...]string{hourly: "HOURLY", daily: "DAILY", weekly: "WEEKLY", monthly: "MONTHLY", yearly: "YEARLY"}

// skip says what becomes of a day that a month does not have.
type skip int

const (
	omit skip = iota
	backward
	forward
)

var skips = [...]string{omit: "OMIT", backward: "BACKWARD", forward: "FORWARD"}

// monthDays are days of a month from its start and from its end, bits 1 to 31.
type monthDays struct{ first, last uint64 }

// ordinals says which of the days of one weekday: all, or those counted from the
// start or the end of the month or year, bits 1 to 53.
type ordinals struct {
	all         bool
	first, last uint64
}

func (o ordinals) none() bool { return !o.all && o.first|o.last == 0 }

// has: the n-th of a weekday in a span is this day, at index from the span's
// start and rest days before its end.
func (o ordinals) has(index, rest int) bool {
	return o.all || o.first>>(index/7+1)&1 != 0 || o.last>>(rest/7+1)&1 != 0
}

func (r *Rule) hasMonthDays() bool { return r.monthDays.first|r.monthDays.last != 0 }

func (r *Rule) hasWeekdays() bool {
	return slices.ContainsFunc(r.weekdays[:], func(o ordinals) bool { return !o.none() })
}

var weekdayNames = [...]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// String is the rule in its normalised form: equal rules read the same, and
// Parse reads it back. It is never longer than what was parsed.
func (r Rule) String() string {
	if r.word != "" {
		return r.word
	}
	var parts []string
	add := func(key, value string, there bool) {
		if there {
			parts = append(parts, key+"="+value)
		}
	}
	add("RSCALE", "GREGORIAN", r.rscale)
	add("FREQ", frequencies[r.freq], true)
	add("INTERVAL", strconv.FormatInt(r.interval, 10), r.interval != 1)
	add("COUNT", strconv.FormatInt(r.count, 10), r.count != 0)
	add("UNTIL", r.until.text, r.until.text != "")
	add("BYMONTH", listBits(uint64(r.months), 1), r.months != 0)
	days := listBits(r.monthDays.first, 1)
	if r.monthDays.last != 0 {
		days = join(days, listBits(r.monthDays.last, -1))
	}
	add("BYMONTHDAY", days, days != "")
	add("BYDAY", r.byDay(), r.hasWeekdays())
	add("BYHOUR", listBits(uint64(r.hours), 1), r.hours != 0)
	add("BYMINUTE", listBits(r.minutes, 1), r.minutes != 0)
	positions := make([]string, len(r.setPos))
	for i, n := range r.setPos {
		positions[i] = strconv.Itoa(n)
	}
	add("BYSETPOS", strings.Join(positions, ","), len(positions) > 0)
	add("WKST", weekdayNames[r.wkst], r.wkst != time.Monday)
	add("SKIP", skips[r.skip], r.skip != omit)
	return strings.Join(parts, ";")
}

// byDay lists weekdays from Monday; one that has all its days needs no ordinals.
func (r *Rule) byDay() string {
	var out string
	for i := range 7 {
		wd := (i + 1) % 7
		o, name := r.weekdays[wd], weekdayNames[wd]
		if o.all {
			out = join(out, name)
			continue
		}
		for _, list := range []string{listBits(o.first, 1), listBits(o.last, -1)} {
			if list != "" {
				out = join(out, strings.ReplaceAll(list, ",", name+",")+name)
			}
		}
	}
	return out
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "," + b
}

func listBits(set uint64, sign int) string {
	var out string
	for ; set != 0; set &= set - 1 {
		out = join(out, strconv.Itoa(sign*bits.TrailingZeros64(set)))
	}
	return out
}
