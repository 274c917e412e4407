package live

import "time"

// A client may send burst messages at once and perSecond on the long run: many
// times what a well-meaning one does.
const (
	burst     = 60
	perSecond = 10
)

// rate is a token bucket. Zero is full.
type rate struct {
	used float64
	at   time.Time
}

func (r *rate) allow(now time.Time) bool {
	if !r.at.IsZero() {
		r.used = max(0, r.used-now.Sub(r.at).Seconds()*perSecond)
	}
	r.at = now
	if r.used >= burst {
		return false
	}
	r.used++
	return true
}
