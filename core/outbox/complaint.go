package outbox

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/tasktide/tasktide/core/domain"
)

// While a broker or a database is away each user's failure, at each try, would fill the log. In complaints it has one of
// each cause, and of so many causes.
const (
	complaints = time.Minute
	causes     = 8
)

// complaint is one kind of failure, of which the log is told at once and then now and then.
type complaint struct {
	mu    sync.Mutex
	told  map[string]time.Time // when the log last had one, by its cause
	tries int                  // that failed since the log last had any
	open  bool                 // the log has one, and not that it is over
}

// due counts a failure that is now. When the log is to have it, tries is what was counted since it last had one.
func (c *complaint) due(now time.Time, cause string) (tries int, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries++
	for before, at := range c.told {
		if now.Sub(at) >= complaints {
			delete(c.told, before)
		}
	}
	if _, told := c.told[cause]; told || len(c.told) == causes {
		return 0, false
	}
	if c.told == nil {
		c.told = map[string]time.Time{}
	}
	c.told[cause] = now
	tries, c.tries, c.open = c.tries, 0, true
	return tries, true
}

// over says that nothing fails any more. The log is to have it if it had a failure.
func (c *complaint) over() (tries int, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open {
		return 0, false
	}
	tries, c.tries, c.open = c.tries, 0, false
	return tries, true
}

// causeOf is err without what differs each time, such as ports.
func causeOf(err error) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, err.Error())
}

// complain says that something failed, unless the log had that a moment ago.
func (r *Relay) complain(ctx context.Context, c *complaint, msg string, err error) {
	if tries, due := c.due(r.clock.Now(), causeOf(err)); due {
		r.log.WarnContext(ctx, msg, "tries", tries, "error", err)
	}
}

// over says that what failed succeeded, if the log has that it failed.
func (r *Relay) over(ctx context.Context, c *complaint, msg string) {
	if tries, due := c.over(); due {
		r.log.InfoContext(ctx, msg, "tries", tries)
	}
}

// failed counts a failure of one user's event, who joins those who wait for the same step, and complains of it.
func (r *Relay) failed(ctx context.Context, c *complaint, msg string, err error, p domain.Pending, waiting map[string]error) {
	r.failures.Add(1)
	cause := causeOf(err)
	if errors.Is(err, domain.ErrPermanent) {
		cause += p.Event.UserID // it holds this one, and nobody else
	}
	r.mu.Lock()
	waiting[p.Event.UserID] = err
	users := len(waiting)
	tries, due := c.due(r.clock.Now(), cause)
	r.mu.Unlock()
	if due {
		r.log.WarnContext(domain.WithRequest(ctx, p.Event.CorrelationID, p.Event.TraceParent), msg,
			"tries", tries, "users", users, "user_id", p.Event.UserID, "position", p.Event.Position, "topic", p.Topic, "error", err)
	}
}

// mended is the end of what failed: for the user, and for the log when nobody else waits.
func (r *Relay) mended(ctx context.Context, c *complaint, msg, user string, waiting map[string]error) {
	r.mu.Lock()
	delete(waiting, user)
	tries, due := 0, false
	if len(waiting) == 0 {
		tries, due = c.over()
	}
	r.mu.Unlock()
	if due {
		r.log.InfoContext(ctx, msg, "tries", tries)
	}
}

// left is the end of what failed where another relay has the user now: it is for that one to say.
func left(c *complaint, user string, waiting map[string]error) {
	if _, waits := waiting[user]; !waits {
		return
	}
	delete(waiting, user)
	if len(waiting) == 0 {
		c.over()
	}
}
