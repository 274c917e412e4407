package boot

import (
	"fmt"
	"strconv"
	"time"
)

// Interval is a time.Duration that can also be given as bare seconds, as the
// variables that existing installations set have it.
type Interval time.Duration

// UnmarshalText reads "25s" or "25".
func (i *Interval) UnmarshalText(text []byte) error {
	s := string(text)
	if n, err := strconv.Atoi(s); err == nil {
		s = fmt.Sprintf("%ds", n)
	}
	d, err := time.ParseDuration(s)
	*i = Interval(d)
	return err
}

func (i Interval) String() string { return time.Duration(i).String() }
