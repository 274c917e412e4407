package delivery

import (
	"math/rand/v2"
	"time"
)

// KeepState is how long idempotency state is kept after its last write.
const KeepState = 14 * 24 * time.Hour

// Options of a Consumer. Zero values are the defaults in brackets.
type Options struct {
	Attempts       int            // counted attempts before a dead letter [8]
	BackoffMin     time.Duration  // upper bound of the first wait [100 ms]
	BackoffMax     time.Duration  // upper bound of any wait [10 s]
	HandlerTimeout time.Duration  // deadline of one attempt [30 s]
	TTL            time.Duration  // of the state; longer than the broker's retention [KeepState]
	ProbeEvery     time.Duration  // between probes of a dependency that is down [250 ms]
	Jitter         func() float64 // in [0, 1) [uniformly random: full jitter]
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	if o.Attempts <= 0 {
		o.Attempts = 8
	}
	set(&o.BackoffMin, 100*time.Millisecond)
	set(&o.BackoffMax, 10*time.Second)
	set(&o.HandlerTimeout, 30*time.Second)
	set(&o.TTL, KeepState)
	set(&o.ProbeEvery, 250*time.Millisecond)
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	return o
}

// backoff is the wait after the n-th failed attempt: exponential with full
// jitter, so that events which failed together do not come back together.
func (o Options) backoff(n int) time.Duration {
	upper := o.BackoffMin
	for i := 1; i < n && upper < o.BackoffMax; i++ {
		upper *= 2
	}
	return time.Duration(o.Jitter() * float64(min(upper, o.BackoffMax)))
}
