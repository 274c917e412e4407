package rest

import (
	"strings"
	"time"
)

const timeHint = "must be a time like 2026-02-04T10:00:00Z, with any offset or none (UTC), or a date like 2026-02-04"

// parseTime reads RFC 3339 with any offset, or without one (UTC), seconds and
// fraction optional, or a bare date (00:00 UTC). A day that its month does not
// have, and the hour 24, are refused.
func parseTime(s string) (time.Time, bool) {
	p := timeScanner{s: s, ok: true}
	year, month, day := p.number(4), p.after('-'), p.after('-')
	var hour, minute, second, nanos int
	zone := time.UTC
	if p.ok && p.s != "" {
		if p.ok = strings.IndexByte("Tt ", p.s[0]) >= 0; p.ok {
			p.s = p.s[1:]
		}
		hour, minute = p.number(2), p.after(':')
		if p.next(':') {
			second = p.after(':')
			if p.next('.') || p.next(',') {
				nanos = p.fraction()
			}
		}
		zone = p.offset()
	}
	if !p.ok || p.s != "" || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, zone)
	return t, t.Day() == day
}

// timeScanner reads s from its beginning; ok is false from the first failure on.
type timeScanner struct {
	s  string
	ok bool
}

func (p *timeScanner) next(c byte) bool { return p.ok && p.s != "" && p.s[0] == c }

func (p *timeScanner) number(width int) (n int) {
	if p.ok = p.ok && len(p.s) >= width; !p.ok {
		return 0
	}
	for _, c := range []byte(p.s[:width]) {
		if c < '0' || c > '9' {
			p.ok = false
			return 0
		}
		n = n*10 + int(c-'0')
	}
	p.s = p.s[width:]
	return n
}

// after reads c and two digits.
func (p *timeScanner) after(c byte) int {
	if p.ok = p.next(c); !p.ok {
		return 0
	}
	p.s = p.s[1:]
	return p.number(2)
}

// fraction reads digits after a point; those beyond nanoseconds are dropped.
func (p *timeScanner) fraction() (nanos int) {
	p.s = p.s[1:]
	digits := 0
	for ; p.s != "" && p.s[0] >= '0' && p.s[0] <= '9'; p.s = p.s[1:] {
		if digits++; digits <= 9 {
			nanos = nanos*10 + int(p.s[0]-'0')
		}
	}
	p.ok = digits > 0
	for ; digits < 9; digits++ {
		nanos *= 10
	}
	return nanos
}

// offset reads Z, ±hh:mm, ±hhmm or nothing.
func (p *timeScanner) offset() *time.Location {
	if !p.ok || p.s == "" {
		return time.UTC
	}
	sign := p.s[0]
	p.s = p.s[1:]
	if sign == 'Z' || sign == 'z' {
		return time.UTC
	}
	hours := p.number(2)
	if p.next(':') {
		p.s = p.s[1:]
	}
	minutes := p.number(2)
	if p.ok = p.ok && (sign == '+' || sign == '-') && hours < 24 && minutes < 60; !p.ok {
		return time.UTC
	}
	seconds := hours*3600 + minutes*60
	if sign == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds)
}
