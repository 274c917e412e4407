package recurrence

import "time"

// wall is a time on a clock on the wall: microseconds since 1970-01-01 00:00,
// without a zone.
type wall int64

const (
	minute = 60_000_000
	hour   = 60 * minute
	day    = 24 * hour

	// lastDay ends every search: the year 9999 in any zone.
	lastDay = 2_932_898
)

func (w wall) day() int64 { return floorDiv(int64(w), day) }

func (w wall) hour() int64 { return floorDiv(int64(w), hour) }

// dateOf is the Gregorian date of a day counted from 1970-01-01, in the proleptic
// calendar. Years are counted from March, so that the leap day is a year's last.
func dateOf(days int64) (y int64, m, d int) {
	z := days + 719_468
	era := floorDiv(z, 146_097)
	doe := z - era*146_097
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = int(doy - (153*mp+2)/5 + 1)
	m = int(mp + 3)
	if m > 12 {
		m -= 12
	}
	y = yoe + era*400
	if m <= 2 {
		y++
	}
	return y, m, d
}

// dayOf is the inverse of dateOf; d may lie outside of the month.
func dayOf(y int64, m, d int) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	doy := int64((153*(m-3)+2)/5 + d - 1)
	return era*146_097 + yoe*365 + yoe/4 - yoe/100 + doy - 719_468
}

func leap(y int64) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

func monthLength(y int64, m int) int {
	switch m {
	case 2:
		if leap(y) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func yearLength(y int64) int {
	if leap(y) {
		return 366
	}
	return 365
}

func weekdayOf(days int64) time.Weekday { return time.Weekday(mod(days+4, 7)) }

func floorDiv(a, b int64) int64 { return (a - mod(a, b)) / b }

// mod is never negative.
func mod(a, b int64) int64 { return (a%b + b) % b }

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// alignUp is the least from, from+step, from+2·step, … that is not below at.
func alignUp(at, from, step int64) int64 {
	if at <= from {
		return from
	}
	return from + (at-from+step-1)/step*step
}
