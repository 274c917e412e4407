package recurrence

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The limits of a rule.
const (
	MaxLength   = 500    // bytes of its text
	MaxCount    = 10_000 // COUNT, so that counting is bounded
	maxInterval = 999_999_999
)

// Parse reads a word or an RRULE, with or without "RRULE:" in front, in any case.
// The error is a sentence for whoever wrote the rule.
func Parse(text string) (Rule, error) {
	s := strings.TrimSpace(text)
	if len(s) > MaxLength {
		return Rule{}, fmt.Errorf("a rule has at most %d characters", MaxLength)
	}
	if r, ok := word(s); ok {
		return r, nil
	}
	p := parser{rule: Rule{interval: 1, wkst: time.Monday}}
	for part := range strings.SplitSeq(strings.TrimPrefix(strings.ToUpper(s), "RRULE:"), ";") {
		key, value, ok := strings.Cut(part, "=")
		if !ok || value == "" {
			return Rule{}, fmt.Errorf("each part is KEY=VALUE, with ; between the parts")
		}
		if err := p.part(key, value); err != nil {
			return Rule{}, err
		}
	}
	if err := p.together(); err != nil {
		return Rule{}, err
	}
	return p.rule, nil
}

// word: monthly and yearly mean the last day of a month that is too short.
func word(s string) (Rule, bool) {
	for freq := daily; freq <= yearly; freq++ {
		if strings.EqualFold(s, frequencies[freq]) {
			return Rule{word: strings.ToLower(frequencies[freq]), freq: freq, interval: 1, wkst: time.Monday, skip: backward}, true
		}
	}
	return Rule{}, false
}

type parser struct {
	rule Rule
	seen []string
}

// part reads one KEY=VALUE.
func (p *parser) part(key, value string) (err error) {
	if slices.Contains(p.seen, key) {
		return fmt.Errorf("%s is there twice", key)
	}
	r := &p.rule
	switch key {
	case "FREQ":
		err = p.frequency(value)
	case "INTERVAL":
		r.interval, err = number(key, value, 1, maxInterval)
	case "COUNT":
		if r.count, err = number(key, value, 1, MaxCount); err != nil {
			err = fmt.Errorf("%w; leave it out, or name the last day with UNTIL", err)
		}
	case "UNTIL":
		r.until, err = parseUntil(value)
	case "BYMONTH":
		var set uint64
		set, err = set64(key, value, 1, 12)
		r.months = uint16(set)
	case "BYMONTHDAY":
		r.monthDays.first, r.monthDays.last, err = signedSet(key, value, 31)
	case "BYDAY":
		err = p.byDay(value)
	case "BYHOUR":
		var set uint64
		set, err = set64(key, value, 0, 23)
		r.hours = uint32(set)
	case "BYMINUTE":
		r.minutes, err = set64(key, value, 0, 59)
	case "BYSETPOS":
		r.setPos, err = positions(value)
	case "WKST":
		r.wkst, err = weekday(key, value)
	case "SKIP":
		i := slices.Index(skips[:], value)
		if i < 0 {
			return fmt.Errorf("SKIP is OMIT, BACKWARD or FORWARD")
		}
		r.skip = skip(i)
	case "RSCALE":
		if r.rscale = value == "GREGORIAN"; !r.rscale {
			err = fmt.Errorf("RSCALE is GREGORIAN; other calendars are not supported")
		}
	default:
		err = unsupported(key)
	}
	p.seen = append(p.seen, key)
	return err
}

func (p *parser) frequency(value string) error {
	switch i := slices.Index(frequencies[:], value); {
	case i > 0:
		p.rule.freq = frequency(i)
		return nil
	case value == "SECONDLY" || value == "MINUTELY":
		return fmt.Errorf("FREQ=%s is too often for a task; the shortest is HOURLY, with BYMINUTE for several times an hour", value)
	}
	return fmt.Errorf("FREQ is HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY")
}

func unsupported(key string) error {
	switch key {
	case "BYSECOND":
		return fmt.Errorf("BYSECOND is not supported; an occurrence keeps the seconds of the due date, use BYHOUR and BYMINUTE")
	case "BYWEEKNO":
		return fmt.Errorf("BYWEEKNO is not supported; use FREQ=YEARLY with BYMONTH and BYDAY, such as BYMONTH=5;BYDAY=2MO")
	case "BYYEARDAY":
		return fmt.Errorf("BYYEARDAY is not supported; use FREQ=YEARLY with BYMONTH and BYMONTHDAY")
	}
	return fmt.Errorf("it has a part that RRULE does not know")
}

// together refuses parts that RFC 5545 does not allow together.
func (p *parser) together() error {
	r := &p.rule
	ordinal := slices.ContainsFunc(r.weekdays[:], func(o ordinals) bool { return o.first|o.last != 0 })
	switch {
	case r.freq == 0:
		return fmt.Errorf("FREQ is missing")
	case r.count != 0 && r.until.text != "":
		return fmt.Errorf("COUNT and UNTIL exclude each other")
	case ordinal && r.freq < monthly:
		return fmt.Errorf("BYDAY takes a number (such as 2MO) only with FREQ=MONTHLY or YEARLY")
	case r.hasMonthDays() && r.freq == weekly:
		return fmt.Errorf("BYMONTHDAY does not go with FREQ=WEEKLY; use FREQ=MONTHLY, or DAILY")
	case len(r.setPos) > 0 && !slices.ContainsFunc(p.seen, func(k string) bool { return strings.HasPrefix(k, "BY") && k != "BYSETPOS" }):
		return fmt.Errorf("BYSETPOS picks from what another part such as BYDAY lists; there is none")
	}
	for i := range r.weekdays {
		if r.weekdays[i].all { // no number can add to it
			r.weekdays[i].first, r.weekdays[i].last = 0, 0
		}
	}
	return nil
}
