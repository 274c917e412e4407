package identity

import (
	"sync"
	"time"

	"github.com/tasktide/tasktide/ports"
)

const (
	freeTries = 5 // without delay
	firstWait = 250 * time.Millisecond
	longest   = 8 * time.Second
	forgotten = 15 * time.Minute // without another try
	maxKnown  = 100_000          // accounts or addresses that are remembered
)

// tries delays tries on one account: after a few, each waits twice as long as the one
// before, up to a bound. All are answered in the end: an attacker from a thousand
// addresses makes the owner wait for seconds, and never keeps the owner out. It counts
// by address of e-mail, whether there is such an account or not, in this process.
type tries struct {
	clock ports.Clock
	mu    sync.Mutex
	known map[string]try
}

type try struct {
	count int
	last  time.Time
}

func newTries(clock ports.Clock) *tries { return &tries{clock: clock, known: map[string]try{}} }

// begin counts a try, before its outcome is known: tries at once are no way around.
func (t *tries) begin(key string) (wait time.Duration) {
	now := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.known[key]
	if now.Sub(one.last) > forgotten {
		one.count = 0
	}
	if one.count >= freeTries {
		wait = longest
		if n := one.count - freeTries; n < 5 {
			wait = firstWait << n
		}
	}
	if one.count == 0 {
		makeRoom(t.known, maxKnown, func(v try) bool { return now.Sub(v.last) > forgotten })
	}
	t.known[key] = try{count: one.count + 1, last: now}
	return wait
}

// succeed forgets the tries.
func (t *tries) succeed(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, key)
}

// makeRoom keeps a map below its bound: old entries go first, then any tenth, so that
// it is not gone through for each new one.
func makeRoom[V any](m map[string]V, bound int, old func(V) bool) {
	if len(m) < bound {
		return
	}
	for k, v := range m {
		if old(v) {
			delete(m, k)
		}
	}
	for k := range m {
		if len(m) < bound-bound/10 {
			return
		}
		delete(m, k)
	}
}

// The tries at one route that are let through at once.
const (
	TriesOfNetwork = 3  // from one address, or one customer's network
	TriesOfSite    = 30 // from all the networks of a site: who has a thousand is not a thousand people
	tryWindow      = 10 * time.Second
)

// Limiter lets so many tries through, and the next when ten seconds have passed since
// the last that it let through.
type Limiter struct {
	clock ports.Clock
	mu    sync.Mutex
	known map[string]try
}

// NewLimiter makes a limiter that has seen nobody.
func NewLimiter(clock ports.Clock) *Limiter { return &Limiter{clock: clock, known: map[string]try{}} }

// Take says whether key, which may try most times, may try now, and if not, when.
func (l *Limiter) Take(key string, most int) (ok bool, after time.Duration) {
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.known[key]
	if now.Sub(one.last) >= tryWindow {
		one.count = 0
	}
	if one.count >= most {
		return false, tryWindow - now.Sub(one.last)
	}
	if one.count == 0 {
		makeRoom(l.known, maxKnown, func(v try) bool { return now.Sub(v.last) >= tryWindow })
	}
	l.known[key] = try{count: one.count + 1, last: now}
	return true, 0
}
