package sqlstore

import (
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// stamp is a time as both dialects take it: text of domain.TimeFormat, which
// PostgreSQL reads as timestamptz and SQLite keeps, so that text order is time
// order. The zero stamp is the zero time; NULL is a nil *stamp.
type stamp time.Time

func stampOf(t *time.Time) *stamp {
	if t == nil {
		return nil
	}
	s := stamp(*t)
	return &s
}

func (s *stamp) ptr() *time.Time {
	if s == nil {
		return nil
	}
	t := time.Time(*s)
	return &t
}

func (s stamp) String() string { return domain.FormatTime(time.Time(s)) }

// Value refuses years that the text can't hold in order.
func (s stamp) Value() (driver.Value, error) {
	if err := datable(time.Time(s)); err != nil {
		return nil, err
	}
	return s.String(), nil
}

// Scan reads what either driver gives.
func (s *stamp) Scan(src any) error {
	var t time.Time
	var err error
	switch v := src.(type) {
	case nil:
	case time.Time:
		t = v.UTC()
	case string:
		t, err = parseStamp(v)
	case []byte:
		t, err = parseStamp(string(v))
	default:
		err = fmt.Errorf("a time can't be read from %T", src)
	}
	*s = stamp(t)
	return err
}

func parseStamp(v string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil { // PostgreSQL's own text form
		t, err = time.Parse("2006-01-02 15:04:05.999999-07", v)
	}
	return t.UTC(), err
}

// datable: years 1 to 9999, as text of fixed width.
func datable(times ...time.Time) error {
	for _, t := range times {
		if y := t.UTC().Year(); y < 1 || y > 9999 {
			return &domain.Error{Kind: domain.KindInvalid, Detail: "a time must lie in the years 1 to 9999"}
		}
	}
	return nil
}

// text is the bind parameter of an optional time: *string or nil.
func (s *stamp) text() *string {
	if s == nil {
		return nil
	}
	v := s.String()
	return &v
}

// before is the least microsecond that is not before t: due < t holds for
// stored microseconds exactly when due < before(t).
func before(t time.Time) stamp {
	if rest := t.Sub(t.Truncate(time.Microsecond)); rest > 0 {
		t = t.Truncate(time.Microsecond).Add(time.Microsecond)
	}
	return stamp(t)
}
