package rest

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/time/rate"

	"github.com/tasktide/tasktide/ports"
)

// mostWriters bounds how many users a generation remembers: with more, those who have not
// written for longest begin anew.
const mostWriters = 100_000

// Writes bounds how many writes one user makes in this process: burst at once and
// perSecond on the long run. It remembers only who wrote lately: a user who has not
// written for as long as an empty bucket takes to fill has a full one.
type Writes struct {
	limit  rate.Limit
	burst  int
	window time.Duration // from empty to full
	policy string
	clock  ports.Clock

	mu        sync.Mutex
	now, last map[string]*rate.Limiter // two generations
	turned    time.Time
}

// NewWrites makes a limit; nil, which lets everything through, for perSecond 0.
func NewWrites(perSecond float64, burst int, clock ports.Clock) *Writes {
	if perSecond <= 0 {
		return nil
	}
	window := time.Duration(float64(burst) / perSecond * float64(time.Second))
	return &Writes{
		limit: rate.Limit(perSecond), burst: burst, window: window, clock: clock, now: map[string]*rate.Limiter{}, last: map[string]*rate.Limiter{}, turned: clock.Now(),
		policy: fmt.Sprintf(`"writes";q=%d;w=%d`, burst, seconds(window)),
	}
}

// Take counts a write of user and says how long to wait when it is one too many, else 0.
// The headers are those of draft-ietf-httpapi-ratelimit-headers.
func (w *Writes) Take(c *fiber.Ctx, user string) time.Duration {
	if w == nil {
		return 0
	}
	wait, left := w.count(user)
	c.Set(rateLimitPolicyHeader, w.policy)
	c.Set(rateLimitHeader, fmt.Sprintf(`"writes";r=%d;t=%d`, int(left), seconds(w.until(float64(w.burst)-left))))
	return wait
}

func (w *Writes) take(c *fiber.Ctx, user string) error {
	if wait := w.Take(c, user); wait > 0 {
		return &tooMany{after: seconds(wait)}
	}
	return nil
}

// count takes one of user's writes and says how many are left; if there was none, it takes
// nothing and says how long to wait.
func (w *Writes) count(user string) (wait time.Duration, left float64) {
	at := w.clock.Now()
	of := w.of(user, at)
	allowed := of.AllowN(at, 1)
	left = max(0, of.TokensAt(at))
	if !allowed {
		wait = max(1, w.until(1-left))
	}
	return wait, left
}

// until is how long it takes until there are n more.
func (w *Writes) until(n float64) time.Duration {
	return time.Duration(n / float64(w.limit) * float64(time.Second))
}

const (
	rateLimitHeader       = "RateLimit"
	rateLimitPolicyHeader = "RateLimit-Policy"
)

func (w *Writes) of(user string, at time.Time) *rate.Limiter {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.now) >= mostWriters || at.Sub(w.turned) >= w.window {
		w.last, w.now, w.turned = w.now, map[string]*rate.Limiter{}, at
	}
	if l := w.now[user]; l != nil {
		return l
	}
	l := w.last[user]
	if l == nil {
		l = rate.NewLimiter(w.limit, w.burst)
	}
	w.now[strings.Clone(user)] = l // Fiber uses its memory again
	return l
}

// seconds is d, rounded up.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// tooMany is a write beyond the limit.
type tooMany struct{ after int }

func (t *tooMany) Error() string {
	return fmt.Sprintf("this user writes faster than is allowed; try again in %d seconds", t.after)
}
