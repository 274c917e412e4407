package boot

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAStopWaitsUntilClientsHaveLeftAndNotLonger(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		drain, leave, want time.Duration
	}{
		"nobody is connected":             {10 * time.Second, 0, 0},
		"the last one leaves":             {10 * time.Second, time.Second, time.Second},
		"one stays":                       {10 * time.Second, time.Hour, farewell},
		"one stays, and there is no time": {time.Second, time.Hour, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				s := &server{cfg: Config{Drain: c.drain}, open: func() int32 {
					if time.Since(began) < c.leave {
						return 1
					}
					return 0
				}}
				s.leave(t.Context())
				if took := time.Since(began); took != c.want {
					t.Errorf("it waited for %s, want %s", took, c.want)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) { (&server{cfg: Config{Drain: time.Hour}}).leave(t.Context()) }) // it never started
}
