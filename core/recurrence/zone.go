package recurrence

import (
	"math"
	"time"
)

// wallOf is what a clock in zone shows at t.
func wallOf(t time.Time, zone *time.Location) wall {
	_, offset := t.In(zone).Zone()
	return wall(t.UnixMicro() + int64(offset)*1_000_000)
}

// farthest is more than any zone was ever away from UTC.
const farthest = 26 * time.Hour

// instant is the first instant at which a clock in zone shows w or later: the
// first of two, and the end of a gap for a time in it. It grows with w.
func instant(w wall, zone *time.Location) time.Time {
	at, _ := find(w, zone)
	return at
}

// span is a time without change of the clocks, in microseconds since 1970.
type span struct{ from, to, offset int64 }

// find is instant, and the span that it is in.
func find(w wall, zone *time.Location) (time.Time, span) {
	at := time.UnixMicro(int64(w)).UTC().Add(-farthest)
	for {
		s := spanAt(at, zone)
		shown := int64(w) - s.offset
		if shown < s.to {
			return time.UnixMicro(max(shown, at.UnixMicro())).UTC(), s // at: the clocks jumped over w
		}
		at = time.UnixMicro(s.to).UTC()
	}
}

// spanAt is the span that t is in. On the last day of a leap year far ahead
// ZoneBounds answers with an end that has passed (Go 1.26): there it is the end of
// that day.
func spanAt(t time.Time, zone *time.Location) span {
	local := t.In(zone)
	_, offset := local.Zone()
	from, to := local.ZoneBounds()
	s := span{from: math.MinInt64, to: math.MaxInt64, offset: int64(offset) * 1_000_000}
	if !from.IsZero() {
		s.from = from.UnixMicro()
	}
	if !to.IsZero() && !to.After(t) {
		to = t.Truncate(24 * time.Hour).Add(24 * time.Hour)
	}
	if !to.IsZero() {
		s.to = to.UnixMicro()
	}
	return s
}

// clock is wallOf and instant for times that follow each other: it remembers the span.
type clock struct {
	zone *time.Location
	last span
}

func (c *clock) instant(w wall) time.Time {
	// Away from the span's start no time before it can have shown w.
	at := int64(w) - c.last.offset
	if at < c.last.to && at-2*farthest.Microseconds() > c.last.from {
		return time.UnixMicro(at).UTC()
	}
	t, s := find(w, c.zone)
	c.last = s
	return t
}

func (c *clock) shows(t time.Time) wall {
	if at := t.UnixMicro(); at >= c.last.from && at < c.last.to {
		return wall(at + c.last.offset)
	}
	return wallOf(t, c.zone)
}

// Move is the time that is as far from to as t is from from, on the wall clock: a
// reminder at 9:00 for what is due at 10:00 stays at 9:00 when the clocks change.
func Move(t, from, to time.Time, zone *time.Location) time.Time {
	return instant(wallOf(to, zone)+wallOf(t, zone)-wallOf(from, zone), zone)
}

// EndsGap says that the clocks jumped ahead to t: what was meant for a time in the
// gap is there too.
func EndsGap(t time.Time, zone *time.Location) bool {
	return wallOf(t, zone) > wallOf(t.Add(-time.Microsecond), zone)+1
}
