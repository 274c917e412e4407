package outbox

import (
	"context"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// complaints is how often the log has a failure of one kind: while a broker or a database is away each user's, at each
// try, would fill it.
const complaints = time.Minute

// complaint is one kind of failure. The first goes to the log at once.
type complaint struct {
	mu    sync.Mutex
	told  time.Time // when the log last had one
	tries int       // that failed since then
}

// due counts a failure that is now. When the log is to have it, tries is what was counted since it last had one.
func (c *complaint) due(now time.Time) (tries int, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries++
	if !c.told.IsZero() && now.Sub(c.told) < complaints {
		return 0, false
	}
	tries, c.tries, c.told = c.tries, 0, now
	return tries, true
}

// fail counts a failure and complains of it.
func (r *Relay) fail(ctx context.Context, c *complaint, msg string, err error, args ...any) {
	r.failures.Add(1)
	if tries, due := c.due(r.clock.Now()); due {
		r.log.WarnContext(ctx, msg, append(append([]any{"tries", tries}, args...), "error", err)...)
	}
}

// failed is fail of one user's event, while so many users' wait.
func (r *Relay) failed(ctx context.Context, c *complaint, msg string, err error, p domain.Pending, users int) {
	r.fail(domain.WithRequest(ctx, p.Event.CorrelationID, p.Event.TraceParent), c, msg, err,
		"users", users, "user_id", p.Event.UserID, "position", p.Event.Position, "topic", p.Topic)
}
