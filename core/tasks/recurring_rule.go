package tasks

import (
	"slices"
	"strings"
)

// rule normalizes a recurring rule: the four words in lower case, an RRULE in
// upper case without the "RRULE:" in front; nil for none. It checks the form
// only; whether an RRULE ever occurs is for whoever computes occurrences.
func (p *problems) rule(o Optional[string]) *string {
	s := strings.TrimSpace(o.Value)
	if s == "" {
		return nil
	}
	if len(s) > MaxRule {
		p.add("recurringRule", "has more than %d characters", MaxRule)
		return nil
	}
	for _, word := range [...]string{"daily", "weekly", "monthly", "yearly"} {
		if strings.EqualFold(s, word) {
			return &word
		}
	}
	s = strings.TrimPrefix(strings.ToUpper(s), "RRULE:")
	if wrong := rruleProblem(s); wrong != "" {
		p.add("recurringRule", "must be daily, weekly, monthly, yearly or an RRULE like FREQ=WEEKLY;BYDAY=MO,FR: "+wrong)
	}
	return &s
}

func rruleProblem(s string) string {
	seen := make([]string, 0, 8)
	for part := range strings.SplitSeq(s, ";") {
		key, value, ok := strings.Cut(part, "=")
		switch {
		case !ok || value == "":
			return "each part is KEY=VALUE"
		case !rruleKey(key):
			return "it has a part that RRULE does not know"
		case slices.Contains(seen, key):
			return key + " is there twice"
		case strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,+-") != "":
			return key + " has a character that RRULE does not know"
		case key == "FREQ" && !frequency(value):
			return "FREQ is SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY"
		}
		seen = append(seen, key)
	}
	if !slices.Contains(seen, "FREQ") {
		return "FREQ is missing"
	}
	return ""
}

func rruleKey(key string) bool {
	switch key {
	case "FREQ", "UNTIL", "COUNT", "INTERVAL", "BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYMONTHDAY",
		"BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST":
		return true
	}
	return false
}

func frequency(value string) bool {
	switch value {
	case "SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY":
		return true
	}
	return false
}
