package recurrence

import "time"

// Series is a rule that begins at a time, in a zone, and may end.
type Series struct {
	Rule  Rule
	Start time.Time // the first due date; an occurrence whatever the rule says
	Zone  *time.Location
	// End is the last time at which the series may occur. At midnight, in UTC (which
	// is how a bare date arrives) or in Zone, it means that whole day in Zone.
	End *time.Time
}

// Next is the first occurrence after t; false when there is none any more. COUNT
// is left aside: only Following knows how many there were.
func (s Series) Next(t time.Time) (time.Time, bool) {
	at, ok := newWalk(s.Rule, s.Start, s.Zone).next(t)
	return at, ok && !s.over(at)
}

// Has says whether t is the start or an occurrence.
func (s Series) Has(t time.Time) bool {
	if t.Equal(s.Start) {
		return true
	}
	at, ok := s.Next(t.Add(-time.Microsecond))
	return ok && at.Equal(t)
}

// Occurrence is one of a series. Index is how many of the series came before it,
// those included that nobody saw because the one before was late; it stays at
// MaxCount when there were more.
type Occurrence struct {
	At    time.Time
	Index int64
}

// Following is the occurrence after one: the first that is also after now.
func (s Series) Following(o Occurrence, now time.Time) (Occurrence, bool) {
	w := newWalk(s.Rule, s.Start, s.Zone)
	for o.Index < MaxCount {
		at, ok := w.next(o.At)
		o = Occurrence{At: at, Index: o.Index + 1}
		if !ok || s.over(at) || s.Rule.count != 0 && o.Index >= s.Rule.count {
			return Occurrence{}, false
		}
		if at.After(now) {
			return o, true
		}
	}
	if s.Rule.count != 0 {
		return Occurrence{}, false
	}
	if now.After(o.At) {
		o.At = now
	}
	at, ok := w.next(o.At)
	return Occurrence{At: at, Index: MaxCount}, ok && !s.over(at)
}

// over says whether at is behind the end of the series.
func (s Series) over(at time.Time) bool {
	if s.Rule.until.passed(at, s.Zone) {
		return true
	}
	if s.End == nil || !at.After(*s.End) {
		return false
	}
	for _, shown := range []wall{wall(s.End.UnixMicro()), wallOf(*s.End, s.Zone)} {
		if mod(int64(shown), day) == 0 {
			return wallOf(at, s.Zone).day() > shown.day()
		}
	}
	return true
}

// Never says that the rule, if a series begins at start, has nothing to occur
// after it, however long it goes on: not because it ends.
func (r Rule) Never(start time.Time, zone *time.Location) bool {
	// The calendar repeats after 400 years: there is room behind 2370.
	shown := wall(mod(int64(wallOf(start, zone)), 146_097*day))
	at := time.UnixMicro(int64(shown)).UTC()
	_, ok := newWalk(r, at, time.UTC).next(at)
	return !ok
}

// Hopeless says that the rule never occurs, wherever a series begins.
func (r Rule) Hopeless() bool {
	r.interval = 1 // with every period there is one for each start
	return r.Never(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.UTC)
}
