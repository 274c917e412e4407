package recurrence

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

// bound is how many steps a search may take, a small part of maxSteps: about the
// months of 10,000 years. A step costs some nanoseconds.
const bound = 150_000

// hostile rules and starts.
var hostile = []string{
	"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
	"FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30,31",
	"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
	"FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
	"FREQ=HOURLY;INTERVAL=23;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYDAY=MO",
	"FREQ=HOURLY;INTERVAL=14;BYDAY=MO,TU,WE,TH,FR,SA;BYHOUR=4",
	"FREQ=HOURLY;INTERVAL=24;BYHOUR=5",
	"FREQ=HOURLY;INTERVAL=2;BYHOUR=5,7,9",
	"FREQ=HOURLY;INTERVAL=168;BYDAY=MO,TU,WE,TH,FR,SA",
	"FREQ=HOURLY;INTERVAL=3506328;BYMONTH=3",
	"FREQ=HOURLY;INTERVAL=146097;BYMONTHDAY=31;BYDAY=MO;BYHOUR=1",
	"FREQ=HOURLY;INTERVAL=999999999",
	"FREQ=DAILY;INTERVAL=7;BYDAY=MO,TU,WE,TH,FR,SA",
	"FREQ=DAILY;INTERVAL=73;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
	"FREQ=DAILY;INTERVAL=146097;BYMONTHDAY=31",
	"FREQ=DAILY;INTERVAL=999999999",
	"FREQ=WEEKLY;BYDAY=MO;BYSETPOS=366",
	"FREQ=WEEKLY;INTERVAL=773;BYMONTH=2;BYSETPOS=2",
	"FREQ=WEEKLY;INTERVAL=20871;BYMONTH=3",
	"FREQ=WEEKLY;INTERVAL=999999999",
	"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=366",
	"FREQ=MONTHLY;BYDAY=6MO,7TU,53WE",
	"FREQ=MONTHLY;INTERVAL=12;BYMONTH=3",
	"FREQ=MONTHLY;INTERVAL=999999999",
	"FREQ=YEARLY;BYDAY=53MO,-53MO;BYMONTH=1",
	"FREQ=YEARLY;BYDAY=53TH;BYSETPOS=2",
	"FREQ=YEARLY;BYMONTHDAY=31;BYDAY=MO;BYMONTH=4,6;SKIP=FORWARD;BYSETPOS=366",
	"FREQ=YEARLY;INTERVAL=400;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
	"FREQ=YEARLY;INTERVAL=999999999",
	"FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23;BYMINUTE=" + minutes(),
	"FREQ=DAILY;COUNT=10000", "FREQ=HOURLY;COUNT=10000", "FREQ=HOURLY;UNTIL=99991231",
	"daily", "weekly", "monthly", "yearly",
}

func minutes() string { return strings.TrimSuffix(strings.Repeat("59,", 100), ",") }

func TestEveryAnswerTakesBoundedTime(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	starts := []time.Time{
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 7, 4, 0, 0, 0, time.UTC), time.Date(2026, 11, 24, 17, 30, 0, 0, time.UTC),
		time.Date(2028, 2, 29, 4, 59, 59, 999_999_000, time.UTC), time.Date(9999, 12, 31, 23, 59, 0, 0, time.UTC),
	}
	nows := []time.Time{starts[0], starts[2], time.Date(2026, 11, 24, 17, 30, 1, 0, time.UTC), starts[4]}
	for _, text := range hostile {
		r, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for _, start := range starts {
			for _, now := range nows {
				w := newWalk(r, start, zone)
				began := time.Now()
				at, ok := w.next(now)
				if took := time.Since(began); w.steps > bound {
					t.Errorf("%s from %s after %s: %d steps, %v", text, start, now, w.steps, took)
				}
				if ok && (!at.After(now) || !at.After(start)) {
					t.Errorf("%s from %s after %s: %s", text, start, now, at)
				}
			}
		}
	}
}

func TestWhatNeverOccursIsKnown(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC) // a Tuesday
	for text, never := range map[string]bool{
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30":               true,
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;SKIP=BACKWARD": false,
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29":               false,
		"FREQ=MONTHLY;INTERVAL=12;BYMONTH=2":                true,
		"FREQ=MONTHLY;INTERVAL=12;BYMONTH=11":               false,
		"FREQ=DAILY;INTERVAL=7;BYDAY=MO":                    true,
		"FREQ=DAILY;INTERVAL=7;BYDAY=TU":                    false,
		"FREQ=HOURLY;INTERVAL=24;BYHOUR=9":                  true,
		"FREQ=MONTHLY;BYDAY=6MO":                            true,
		"FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=3":                true,
		"FREQ=DAILY;COUNT=1":                                false, // it ends; that is another thing
		"FREQ=DAILY;UNTIL=20000101":                         false,
		"FREQ=YEARLY;INTERVAL=999999999":                    true,
		"yearly":                                            false,
	} {
		r, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, start := range []time.Time{at, at.AddDate(6000, 0, 0), at.AddDate(-2000, 0, 0)} {
			if got := r.Never(start, time.UTC); got != never {
				t.Errorf("%s from %s: never is %v", text, start, got)
			}
		}
	}
}

func TestARuleIsHopelessWhenNoStartHelps(t *testing.T) {
	t.Parallel()
	for text, hopeless := range map[string]bool{
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30":             true,
		"FREQ=MONTHLY;BYDAY=6MO":                          true,
		"FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2":                 true,
		"FREQ=MONTHLY;INTERVAL=12;BYMONTH=2":              false,
		"FREQ=HOURLY;INTERVAL=24;BYHOUR=9":                false,
		"FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29":  false,
		"FREQ=YEARLY;BYMONTH=2":                           false,
		"FREQ=DAILY;INTERVAL=7;BYDAY=MO":                  false,
		"FREQ=WEEKLY;INTERVAL=999999999;BYMONTH=3":        false,
		"FREQ=HOURLY;BYHOUR=1;BYMONTH=2;BYMONTHDAY=30,31": true,
	} {
		r, err := Parse(text)
		if err != nil || r.Hopeless() != hopeless {
			t.Errorf("%s: hopeless is %v, %v", text, r.Hopeless(), err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range append(hostile, "RRULE:freq=monthly;byday=-1fr,+2mo;until=20261231T000000Z;wkst=su;rscale=gregorian;skip=forward", "FREQ=DAILY;X", "") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			if r.freq != 0 || err.Error() == "" {
				t.Fatalf("%+v, %v", r, err)
			}
			return
		}
		again, err := Parse(r.String())
		if err != nil || again.String() != r.String() || len(r.String()) > max(len(text), MaxLength) {
			t.Fatalf("%q is %q, then %q, %v", text, r, again, err)
		}
	})
}

func FuzzNext(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, int64(i)*1_000_000_007-60_000_000_000, int64(i)*86_400_000, uint8(i))
	}
	names := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"}
	f.Fuzz(func(t *testing.T, text string, start, late int64, z uint8) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		zone, err := time.LoadLocation(names[int(z)%len(names)])
		if err != nil {
			t.Fatal(err)
		}
		const first, last = -62_135_596_800, 253_402_300_799 // the years 1 to 9999
		from := time.Unix(first+mod(start, last-first), 0)
		now := time.Unix(first+mod(from.Unix()-first+mod(late, 1<<33), last-first), 0)
		w := newWalk(r, from, zone)
		at, ok := w.next(now)
		if w.steps > bound {
			t.Fatalf("%d steps", w.steps)
		}
		if !ok {
			return
		}
		if !at.After(now) || !at.After(from) || at.Year() > 9999 {
			t.Fatalf("%s from %s after %s", at, from, now)
		}
		if again, ok := newWalk(r, from, zone).next(at.Add(-time.Microsecond)); !ok || !again.Equal(at) {
			t.Fatalf("%s, then %s", at, again)
		}
	})
}

func BenchmarkFollowing(b *testing.B) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	for _, text := range []string{"daily", "monthly", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=HOURLY late by years"} {
		rule, late := strings.CutSuffix(text, " late by years")
		r, err := Parse(rule)
		if err != nil {
			b.Fatal(err)
		}
		s := Series{Rule: r, Start: time.Date(2026, 1, 31, 10, 0, 0, 0, zone), Zone: zone}
		now := s.Start
		if late {
			now = now.AddDate(300, 0, 0)
		}
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Following(Occurrence{At: s.Start}, now)
			}
		})
	}
}
