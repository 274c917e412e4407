package memory

import (
	"context"
	"time"

	"github.com/tasktide/tasktide/ports"
)

// Clock is the system's clock. Tests run it inside testing/synctest.
type Clock struct{}

var _ ports.Clock = Clock{}

// Now returns the present in UTC.
func (Clock) Now() time.Time { return time.Now().UTC() }

// Wait implements ports.Clock.
func (Clock) Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
