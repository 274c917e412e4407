package recurrence_test

import (
	"strings"
	"testing"

	"github.com/tasktide/tasktide/core/recurrence"
)

func TestRulesHaveANormalForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		" Monthly ":                                                        "monthly",
		"rrule:freq=weekly;byday=fr,mo,+mo":                                "",
		"rrule:freq=weekly;byday=fr,mo,mo":                                 "FREQ=WEEKLY;BYDAY=MO,FR",
		"FREQ=DAILY;INTERVAL=1":                                            "FREQ=DAILY",
		"INTERVAL=02;FREQ=DAILY;WKST=MO":                                   "FREQ=DAILY;INTERVAL=2",
		"FREQ=MONTHLY;BYDAY=-1FR,+2MO;UNTIL=20261231T000000Z;WKST=SU":      "FREQ=MONTHLY;UNTIL=20261231T000000Z;BYDAY=2MO,-1FR;WKST=SU",
		"FREQ=MONTHLY;BYDAY=1MO,MO":                                        "FREQ=MONTHLY;BYDAY=MO",
		"SKIP=BACKWARD;RSCALE=gregorian;FREQ=YEARLY;BYMONTHDAY=-1,31,+1,1": "RSCALE=GREGORIAN;FREQ=YEARLY;BYMONTHDAY=1,31,-1;SKIP=BACKWARD",
		"FREQ=DAILY;SKIP=OMIT":                                             "FREQ=DAILY",
		"FREQ=YEARLY;BYSETPOS=-1,2,+2;BYHOUR=09;BYMINUTE=5,0;BYMONTH=2,1":  "FREQ=YEARLY;BYMONTH=1,2;BYHOUR=9;BYMINUTE=0,5;BYSETPOS=-1,2",
	} {
		r, err := recurrence.Parse(text)
		if want == "" {
			if err == nil {
				t.Errorf("%s was read as %s", text, r)
			}
			continue
		}
		if err != nil || r.String() != want {
			t.Errorf("%s is %s, %v; want %s", text, r, err, want)
		}
		if again, err := recurrence.Parse(r.String()); err != nil || again.String() != want {
			t.Errorf("%s again is %s, %v", want, again, err)
		}
	}
}

// TestWhatIsWrongIsNamed: each message has the words that help.
func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "KEY=VALUE",
		"fortnightly":                    "KEY=VALUE",
		"FREQ=DAILY;":                    "KEY=VALUE",
		"FREQ=":                          "KEY=VALUE",
		"BYDAY=MO":                       "FREQ is missing",
		"FREQ=DAILY;FREQ=DAILY":          "FREQ is there twice",
		"FREQ=NEVER":                     "HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY",
		"FREQ=SECONDLY":                  "too often",
		"FREQ=MINUTELY":                  "BYMINUTE",
		"FREQ=DAILY;BYSECOND=1":          "BYSECOND is not supported",
		"FREQ=YEARLY;BYWEEKNO=20":        "BYWEEKNO is not supported",
		"FREQ=YEARLY;BYYEARDAY=1":        "BYYEARDAY is not supported",
		"FREQ=DAILY;X=1":                 "does not know",
		"FREQ=DAILY\nEXDATE:2026":        "HOURLY",
		"FREQ=DAILY;INTERVAL=0":          "INTERVAL takes whole numbers from 1",
		"FREQ=DAILY;INTERVAL=1000000000": "999999999",
		"FREQ=DAILY;INTERVAL=-1":         "INTERVAL",
		"FREQ=DAILY;COUNT=0":             "COUNT takes",
		"FREQ=DAILY;COUNT=2147483648":    "UNTIL",
		"FREQ=DAILY;COUNT=99999999999999999999999999999":       "COUNT takes",
		"FREQ=DAILY;COUNT=1\x00":                               "COUNT takes",
		"FREQ=DAILY;COUNT=٣":                                   "COUNT takes",
		"FREQ=DAILY;COUNT=2;UNTIL=20260101":                    "exclude",
		"FREQ=DAILY;UNTIL=20260230":                            "20261231",
		"FREQ=DAILY;UNTIL=00000101":                            "20261231",
		"FREQ=DAILY;UNTIL=2026-01-01":                          "20261231",
		"FREQ=DAILY;BYMONTH=13":                                "BYMONTH takes whole numbers from 1 to 12",
		"FREQ=DAILY;BYMONTH=1,":                                "BYMONTH",
		"FREQ=DAILY;BYHOUR=24":                                 "BYHOUR takes whole numbers from 0 to 23",
		"FREQ=DAILY;BYMINUTE=60":                               "BYMINUTE",
		"FREQ=MONTHLY;BYMONTHDAY=32":                           "1 to 31 and from -1 to -31",
		"FREQ=MONTHLY;BYMONTHDAY=0":                            "BYMONTHDAY",
		"FREQ=MONTHLY;BYMONTHDAY=--1":                          "BYMONTHDAY",
		"FREQ=MONTHLY;BYMONTHDAY=+-1":                          "BYMONTHDAY",
		"FREQ=WEEKLY;BYMONTHDAY=1":                             "FREQ=MONTHLY",
		"FREQ=WEEKLY;BYDAY=1MO":                                "only with FREQ=MONTHLY or YEARLY",
		"FREQ=WEEKLY;BYDAY=M":                                  "MO, TU",
		"FREQ=WEEKLY;BYDAY=MON":                                "MO, TU",
		"FREQ=MONTHLY;BYDAY=54MO":                              "BYDAY",
		"FREQ=MONTHLY;BYDAY=0MO":                               "BYDAY",
		"FREQ=MONTHLY;BYSETPOS=1":                              "BYSETPOS picks",
		"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367":                   "BYSETPOS",
		"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0":                     "BYSETPOS",
		"FREQ=WEEKLY;WKST=XX":                                  "WKST",
		"FREQ=MONTHLY;SKIP=SIDEWAYS":                           "SKIP is",
		"FREQ=MONTHLY;RSCALE=CHINESE":                          "GREGORIAN",
		"FREQ=DAILY;BYHOUR=" + strings.Repeat("1,", 300) + "1": "at most 500",
	} {
		r, err := recurrence.Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %v, %v; want an error with %q", text, r, err, want)
		}
	}
}
