package recurrence

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// number reads a whole number from low to high.
func number(key, s string, low, high int64) (int64, error) {
	if len(s) > 0 && len(s) <= 19 && strings.Trim(s, "0123456789") == "" {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= low && n <= high {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%s takes whole numbers from %d to %d, not %.20s", key, low, high, s)
}

// set64 reads a list of numbers below 64 as bits.
func set64(key, list string, low, high int64) (set uint64, err error) {
	for s := range strings.SplitSeq(list, ",") {
		n, err := number(key, s, low, high)
		if err != nil {
			return 0, err
		}
		set |= 1 << n
	}
	return set, nil
}

// signed splits a sign off a number from 1 to high.
func signed(key, s string, high int64) (n int64, negative bool, err error) {
	digits := strings.TrimPrefix(s, "+")
	if digits == s {
		digits, negative = strings.CutPrefix(s, "-")
	}
	if n, err = number(key, digits, 1, high); err != nil {
		err = fmt.Errorf("%s takes whole numbers from 1 to %d and from -1 to -%d, not %.20s", key, high, high, s)
	}
	return n, negative, err
}

func signedSet(key, list string, high int64) (first, last uint64, err error) {
	for s := range strings.SplitSeq(list, ",") {
		n, negative, err := signed(key, s, high)
		switch {
		case err != nil:
			return 0, 0, err
		case negative:
			last |= 1 << n
		default:
			first |= 1 << n
		}
	}
	return first, last, nil
}

func positions(list string) (out []int, err error) {
	for s := range strings.SplitSeq(list, ",") {
		n, negative, err := signed("BYSETPOS", s, 366)
		if err != nil {
			return nil, err
		}
		if negative {
			n = -n
		}
		out = append(out, int(n))
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func weekday(key, s string) (time.Weekday, error) {
	if i := slices.Index(weekdayNames[:], s); i >= 0 {
		return time.Weekday(i), nil
	}
	return 0, fmt.Errorf("%s takes the days MO, TU, WE, TH, FR, SA, SU, not %.20s", key, s)
}

func (p *parser) byDay(list string) error {
	for s := range strings.SplitSeq(list, ",") {
		at := max(len(s)-2, 0)
		wd, err := weekday("BYDAY", s[at:])
		if err != nil {
			return err
		}
		o := &p.rule.weekdays[wd]
		if at == 0 {
			o.all = true
			continue
		}
		n, negative, err := signed("BYDAY", s[:at], 53)
		switch {
		case err != nil:
			return err
		case negative:
			o.last |= 1 << n
		default:
			o.first |= 1 << n
		}
	}
	return nil
}

// until is the end that a rule names: an instant, a local time or a local day.
type until struct {
	text string
	at   wall
	kind untilKind
}

type untilKind int

const (
	untilInstant untilKind = iota
	untilWall
	untilDay
)

func parseUntil(s string) (until, error) {
	for layout, kind := range map[string]untilKind{
		"20060102T150405Z": untilInstant, "20060102T150405": untilWall, "20060102": untilDay,
	} {
		if len(s) != len(layout) {
			continue
		}
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 0 {
			return until{text: s, at: wall(t.UnixMicro()), kind: kind}, nil
		}
	}
	return until{}, fmt.Errorf("UNTIL is a day like 20261231 or a time like 20261231T220000Z (in UTC; without Z in the task's time zone), not %.20s", s)
}

// passed says whether t is after the end.
func (u until) passed(t time.Time, zone *time.Location) bool {
	switch {
	case u.text == "":
		return false
	case u.kind == untilDay:
		return wallOf(t, zone).day() > u.at.day()
	case u.kind == untilWall:
		return t.After(instant(u.at, zone))
	}
	return t.UnixMicro() > int64(u.at)
}
