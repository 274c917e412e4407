package identity_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/identity"
)

// clock is a time that is set, and that remembers what was waited for.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	waited []time.Duration
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waited = append(c.waited, d)
	return ctx.Err()
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) waits() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := slices.Clone(c.waited)
	c.waited = nil
	return out
}

// eraser removes accounts as the database does.
type eraser struct{ erased []string }

func (e *eraser) Erase(_ context.Context, user string) (domain.Erased, error) {
	e.erased = append(e.erased, user)
	return domain.Erased{Accounts: 1}, nil
}

type world struct {
	*identity.Service
	t      *testing.T
	clock  *clock
	store  *memory.Identity
	eraser *eraser
	admin  *identity.Admin
}

var cheap = identity.HashCost{MemoryKiB: 64, Iterations: 1, AtOnce: 4}

func newWorld(t *testing.T, open bool) *world {
	t.Helper()
	w := &world{t: t, clock: newClock(), store: memory.NewIdentity(), eraser: &eraser{}}
	w.Service = identity.New(identity.Deps{Accounts: w.store, Sessions: w.store, Eraser: w.eraser, Clock: w.clock, Cost: cheap, Open: open})
	w.admin = identity.NewAdmin(w.Service, w.store)
	return w
}

const password = "correct horse"

var visitor = identity.Visitor{Address: "192.0.2.1", UserAgent: "test"}

func (w *world) signUp(email string) identity.Signed {
	w.t.Helper()
	who, err := w.SignUp(w.t.Context(), identity.NewUser{Name: "N", Email: email, Password: password}, visitor)
	if err != nil {
		w.t.Fatal(err)
	}
	return who
}

func (w *world) session(cookie string) (identity.Signed, error) {
	return w.Session(w.t.Context(), cookie, true)
}

// is checks for a refusal.
func is(t *testing.T, what string, err error, want *identity.Refusal) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %s", what, err, want.Code)
	}
}
