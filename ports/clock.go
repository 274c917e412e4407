package ports

import (
	"context"
	"time"
)

// Clock is the only source of time in the core.
type Clock interface {
	Now() time.Time
	// Wait returns nil after d, or ctx's error when ctx ends first. d ≤ 0 returns at once.
	Wait(ctx context.Context, d time.Duration) error
}
