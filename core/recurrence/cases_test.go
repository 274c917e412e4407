package recurrence_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/core/recurrence"
)

const layout = "2006-01-02 15:04"

// TestFamousCases names what the field gets wrong, in local times: what follows
// the start, one after the other. "…" at the end: there is more.
func TestFamousCases(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ zone, rule, start, want string }{
		"31 January monthly returns to the 31st": {"Europe/Berlin", "monthly", "2026-01-31 10:00", "2026-02-28 10:00, 2026-03-31 10:00, 2026-04-30 10:00, 2026-05-31 10:00, …"},
		"30 January monthly":                     {"UTC", "monthly", "2028-01-30 10:00", "2028-02-29 10:00, 2028-03-30 10:00, …"},
		"31st by RRULE leaves short months out":  {"Europe/Berlin", "FREQ=MONTHLY", "2026-01-31 10:00", "2026-03-31 10:00, 2026-05-31 10:00, 2026-07-31 10:00, …"},
		"31st by RRULE, backward":                {"UTC", "FREQ=MONTHLY;SKIP=BACKWARD", "2026-01-31 10:00", "2026-02-28 10:00, 2026-03-31 10:00, 2026-04-30 10:00, …"},
		"31st by RRULE, forward":                 {"UTC", "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=FORWARD", "2026-01-31 10:00", "2026-03-01 10:00, 2026-03-31 10:00, 2026-05-01 10:00, …"},
		"29 February yearly returns to the 29th": {"UTC", "yearly", "2024-02-29 09:00", "2025-02-28 09:00, 2026-02-28 09:00, 2027-02-28 09:00, 2028-02-29 09:00, …"},
		"29 February by RRULE":                   {"UTC", "FREQ=YEARLY", "2096-02-29 09:00", "2104-02-29 09:00, 2108-02-29 09:00, …"},
		"every 2nd Friday of the month":          {"America/New_York", "FREQ=MONTHLY;BYDAY=2FR", "2026-01-09 08:00", "2026-02-13 08:00, 2026-03-13 08:00, 2026-04-10 08:00, …"},
		"every other Friday":                     {"America/New_York", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-10-23 08:00", "2026-11-06 08:00, 2026-11-20 08:00, …"},
		"last weekday of the month":              {"Europe/Berlin", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-30 17:00", "2026-02-27 17:00, 2026-03-31 17:00, 2026-04-30 17:00, 2026-05-29 17:00, …"},
		"daily at 10:00 over both changes":       {"Europe/Berlin", "daily", "2026-03-28 10:00", "2026-03-29 10:00, 2026-03-30 10:00, …"},
		"a time in the gap is the gap's end":     {"Europe/Berlin", "daily", "2026-03-28 02:30", "2026-03-29 03:00, 2026-03-30 02:30, …"},
		"gap in New York":                        {"America/New_York", "weekly", "2026-03-01 02:15", "2026-03-08 03:00, 2026-03-15 02:15, …"},
		"gap of half an hour on Lord Howe":       {"Australia/Lord_Howe", "daily", "2026-10-03 02:10", "2026-10-04 02:30, 2026-10-05 02:10, …"},
		"Apia had no 30 December 2011":           {"Pacific/Apia", "daily", "2011-12-29 10:00", "2011-12-31 00:00, 2011-12-31 10:00, 2012-01-01 10:00, …"},
		"Casablanca stops summer time in Ramadan": {
			"Africa/Casablanca", "daily", "2026-03-21 02:30", "2026-03-22 03:00, 2026-03-23 02:30, …",
		},
		"hourly in spring: no hour twice":            {"Europe/Berlin", "FREQ=HOURLY", "2026-03-29 00:15", "2026-03-29 01:15, 2026-03-29 03:00, 2026-03-29 03:15, 2026-03-29 04:15, …"},
		"hourly on the hour in spring":               {"Europe/Berlin", "FREQ=HOURLY", "2026-03-29 00:00", "2026-03-29 01:00, 2026-03-29 03:00, 2026-03-29 04:00, …"},
		"hourly in autumn: each hour once":           {"Europe/Berlin", "FREQ=HOURLY", "2026-10-25 01:00", "2026-10-25 02:00, 2026-10-25 03:00, …"},
		"every 8 hours keeps its hours":              {"Europe/Berlin", "FREQ=HOURLY;INTERVAL=8", "2026-10-24 08:00", "2026-10-24 16:00, 2026-10-25 00:00, 2026-10-25 08:00, …"},
		"every quarter of an hour in office hours":   {"UTC", "FREQ=HOURLY;BYHOUR=9;BYMINUTE=0,15,30,45;BYDAY=MO", "2026-11-23 09:30", "2026-11-23 09:45, 2026-11-30 09:00, 2026-11-30 09:15, …"},
		"BYDAY of the start's week, week by Sunday":  {"America/New_York", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU;COUNT=4", "1997-08-05 09:00", "1997-08-17 09:00, 1997-08-19 09:00, 1997-08-31 09:00"},
		"BYDAY of the start's week, week by Monday":  {"America/New_York", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO;COUNT=4", "1997-08-05 09:00", "1997-08-10 09:00, 1997-08-19 09:00, 1997-08-24 09:00"},
		"Friday the 13th":                            {"America/New_York", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02 09:00", "1998-02-13 09:00, 1998-03-13 09:00, 1998-11-13 09:00, 1999-08-13 09:00, 2000-10-13 09:00, …"},
		"US election day":                            {"America/New_York", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "1996-11-05 09:00", "2000-11-07 09:00, 2004-11-02 09:00, …"},
		"third of Tuesday to Thursday":               {"America/New_York", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04 09:00", "1997-10-07 09:00, 1997-11-06 09:00"},
		"second but last weekday":                    {"America/New_York", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29 09:00", "1997-10-30 09:00, 1997-11-27 09:00, 1997-12-30 09:00, …"},
		"daily for ten times":                        {"America/New_York", "FREQ=DAILY;COUNT=3", "1997-09-02 09:00", "1997-09-03 09:00, 1997-09-04 09:00"},
		"daily until a day":                          {"America/New_York", "FREQ=DAILY;UNTIL=19970904", "1997-09-02 09:00", "1997-09-03 09:00, 1997-09-04 09:00"},
		"until a time in UTC":                        {"America/New_York", "FREQ=DAILY;UNTIL=19970904T125959Z", "1997-09-02 09:00", "1997-09-03 09:00"},
		"until a local time":                         {"America/New_York", "FREQ=DAILY;UNTIL=19970904T090000", "1997-09-02 09:00", "1997-09-03 09:00, 1997-09-04 09:00"},
		"every January day":                          {"America/New_York", "FREQ=YEARLY;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA", "1998-01-30 09:00", "1998-01-31 09:00, 1999-01-01 09:00, …"},
		"every 20th Monday of the year":              {"America/New_York", "FREQ=YEARLY;BYDAY=20MO", "1997-05-19 09:00", "1998-05-18 09:00, 1999-05-17 09:00, …"},
		"last Friday of the year, at two hours":      {"UTC", "FREQ=YEARLY;BYDAY=-1FR;BYHOUR=9,17", "2026-12-25 09:00", "2026-12-25 17:00, 2027-12-31 09:00, …"},
		"second but last Monday of the month":        {"America/New_York", "FREQ=MONTHLY;COUNT=4;BYDAY=-2MO", "1997-09-22 09:00", "1997-10-20 09:00, 1997-11-17 09:00, 1997-12-22 09:00"},
		"third to the last day of the month":         {"America/New_York", "FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28 09:00", "1997-10-29 09:00, 1997-11-28 09:00, …"},
		"first and last day of the month":            {"America/New_York", "FREQ=MONTHLY;COUNT=4;BYMONTHDAY=1,-1", "1997-09-30 09:00", "1997-10-01 09:00, 1997-10-31 09:00, 1997-11-01 09:00"},
		"every 18 months, 10th to 12th":              {"America/New_York", "FREQ=MONTHLY;INTERVAL=18;BYMONTHDAY=10,11,12", "1997-09-11 09:00", "1997-09-12 09:00, 1999-03-10 09:00, …"},
		"every Tuesday, every other month":           {"America/New_York", "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "1997-09-30 09:00", "1997-11-04 09:00, …"},
		"June and July":                              {"America/New_York", "FREQ=YEARLY;COUNT=3;BYMONTH=6,7", "1997-06-10 09:00", "1997-07-10 09:00, 1998-06-10 09:00"},
		"Thursdays in March":                         {"America/New_York", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-27 09:00", "1998-03-05 09:00, …"},
		"every three hours until five":               {"America/New_York", "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z", "1997-09-02 09:00", "1997-09-02 12:00, 1997-09-02 15:00"},
		"every 20 minutes of the day, as daily":      {"America/New_York", "FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,20,40", "1997-09-02 09:40", "1997-09-02 10:00, 1997-09-02 10:20, 1997-09-02 10:40, 1997-09-03 09:00, …"},
		"an invalid date is ignored":                 {"America/New_York", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15 09:00", "2007-01-30 09:00, 2007-02-15 09:00, 2007-03-15 09:00, 2007-03-30 09:00"},
		"a start that the rule does not have counts": {"UTC", "FREQ=WEEKLY;BYDAY=MO;COUNT=2", "2026-11-24 09:00", "2026-11-30 09:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone := location(t, c.zone)
			start, err := time.ParseInLocation(layout, c.start, zone)
			if err != nil {
				t.Fatal(err)
			}
			want, more := strings.CutSuffix(c.want, ", …")
			var got []string
			s := recurrence.Series{Rule: parse(t, c.rule), Start: start, Zone: zone}
			o := recurrence.Occurrence{At: start}
			for range len(strings.Split(want, ", ")) {
				next, ok := s.Following(o, o.At)
				if !ok {
					break
				}
				o, got = next, append(got, next.At.In(zone).Format(layout))
			}
			if strings.Join(got, ", ") != want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
			}
			if _, ok := s.Following(o, o.At); ok != more {
				t.Errorf("more: %v, want %v", ok, more)
			}
		})
	}
}

func parse(t testing.TB, text string) recurrence.Rule {
	t.Helper()
	r, err := recurrence.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

func TestInstantsAtAChangeOfTheClocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, zone, start, want string }{
		{"a time that occurs twice is the first", "Europe/Berlin", "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z"},
		{"and the next day is right again", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		{"from the second of the two", "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"},
		{"from summer to winter", "America/New_York", "2026-10-31T14:00:00Z", "2026-11-01T15:00:00Z"},
		{"half an hour back", "Australia/Lord_Howe", "2026-04-03T14:45:00Z", "2026-04-04T14:45:00Z"},
		{"seconds and microseconds are kept", "Europe/Berlin", "2026-10-24T08:00:07.000009Z", "2026-10-25T09:00:07.000009Z"},
		{"the last day of a leap year far ahead", "Europe/Berlin", "2040-12-31T12:00:00Z", "2041-01-01T12:00:00Z"},
		{"year 1", "America/New_York", "0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z"},
	} {
		start, err := time.Parse(time.RFC3339, c.start)
		if err != nil {
			t.Fatal(err)
		}
		s := recurrence.Series{Rule: parse(t, "daily"), Start: start, Zone: location(t, c.zone)}
		if at, ok := s.Next(start); !ok || at.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%s: %s, %v; want %s", c.name, at.Format(time.RFC3339Nano), ok, c.want)
		}
	}
}

func TestTheEndIsInclusive(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, zone, end string
		last            string
	}{
		{"a bare date is that whole day in the zone", "America/New_York", "2026-11-26T00:00:00Z", "2026-11-26 20:00"},
		{"ahead of UTC too", "Pacific/Kiritimati", "2026-11-26T00:00:00Z", "2026-11-26 20:00"},
		{"midnight in the zone is a day as well", "Europe/Berlin", "2026-11-25T23:00:00Z", "2026-11-26 20:00"},
		{"else an instant: exactly then", "Europe/Berlin", "2026-11-26T19:00:00Z", "2026-11-26 20:00"},
		{"a microsecond before", "Europe/Berlin", "2026-11-26T18:59:59.999999Z", "2026-11-25 20:00"},
		{"before the start", "Europe/Berlin", "2026-11-20T00:00:00Z", "2026-11-24 20:00"},
	} {
		zone := location(t, c.zone)
		end, err := time.Parse(time.RFC3339, c.end)
		if err != nil {
			t.Fatal(err)
		}
		s := recurrence.Series{Rule: parse(t, "daily"), Start: time.Date(2026, 11, 24, 20, 0, 0, 0, zone), Zone: zone, End: &end}
		at := s.Start
		for next, ok := s.Next(at); ok; next, ok = s.Next(at) {
			at = next
		}
		if got := at.In(zone).Format(layout); got != c.last {
			t.Errorf("%s: the last is %s, want %s", c.name, got, c.last)
		}
	}
}

func TestNothingOccursBehindTheYear9999(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{"daily", "monthly", "yearly", "FREQ=HOURLY;INTERVAL=24", "FREQ=WEEKLY;BYDAY=FR"} {
		s := recurrence.Series{Rule: parse(t, rule), Start: time.Date(9999, 12, 31, 12, 0, 0, 0, time.UTC), Zone: time.UTC}
		if at, ok := s.Next(s.Start); ok {
			t.Errorf("%s: %s", rule, at)
		}
	}
	west := time.FixedZone("", -12*3600)
	s := recurrence.Series{Rule: parse(t, "FREQ=HOURLY"), Start: time.Date(9999, 12, 31, 11, 0, 0, 0, west), Zone: west}
	if at, ok := s.Next(s.Start); ok {
		t.Errorf("in UTC it would be %s", at.UTC())
	}
}
