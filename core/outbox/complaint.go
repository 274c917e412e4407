package outbox

import (
	"context"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// While a broker or a database is away each user's failure, at each try, would fill the log. It has one of each cause in
// complaints, and of so many causes.
const (
	complaints = time.Minute
	causes     = 8
)

// complaint is one kind of failure, of which the log is told at once and then now and then.
type complaint struct {
	mu    sync.Mutex
	told  map[string]time.Time // when the log last had one, by what it said
	tries int                  // that failed since the log last had any
	open  bool                 // the log has one, and not that it is over
}

// due counts a failure that is now. When the log is to have it, tries is what was counted since it last had one.
func (c *complaint) due(now time.Time, err error) (tries int, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries++
	for cause, at := range c.told {
		if now.Sub(at) >= complaints {
			delete(c.told, cause)
		}
	}
	if _, told := c.told[err.Error()]; told || len(c.told) == causes {
		return 0, false
	}
	if c.told == nil {
		c.told = map[string]time.Time{}
	}
	c.told[err.Error()] = now
	tries, c.tries, c.open = c.tries, 0, true
	return tries, true
}

// over says that nothing fails any more. The log is to have it, once, if it had a failure.
func (c *complaint) over() (tries int, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tries, due = c.tries, c.open
	c.tries, c.open = 0, false
	return tries, due
}

// fail counts a failure and complains of it.
func (r *Relay) fail(ctx context.Context, c *complaint, msg string, err error, args ...any) {
	r.failures.Add(1)
	r.complain(ctx, c, msg, err, args...)
}

func (r *Relay) complain(ctx context.Context, c *complaint, msg string, err error, args ...any) {
	if tries, due := c.due(r.clock.Now(), err); due {
		r.log.WarnContext(ctx, msg, append(append([]any{"tries", tries}, args...), "error", err)...)
	}
}

// failed is fail of one user's event. waiting are those who wait for the same reason, which the user joins.
func (r *Relay) failed(ctx context.Context, c *complaint, msg string, err error, p domain.Pending, waiting map[string]error) {
	r.mu.Lock()
	waiting[p.Event.UserID] = err
	users := len(waiting)
	r.mu.Unlock()
	r.fail(domain.WithRequest(ctx, p.Event.CorrelationID, p.Event.TraceParent), c, msg, err,
		"users", users, "user_id", p.Event.UserID, "position", p.Event.Position, "topic", p.Topic)
}

// mended is the end of what failed: for the user, and for the log when nobody else waits.
func (r *Relay) mended(ctx context.Context, c *complaint, msg, user string, waiting map[string]error) {
	r.mu.Lock()
	delete(waiting, user)
	all := len(waiting) == 0
	r.mu.Unlock()
	if all {
		r.over(ctx, c, msg)
	}
}

func (r *Relay) over(ctx context.Context, c *complaint, msg string) {
	if tries, due := c.over(); due {
		r.log.InfoContext(ctx, msg, "tries", tries)
	}
}
