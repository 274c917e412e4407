package rest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/rest"
)

// wound is a clock that a test winds on.
type wound struct {
	mu sync.Mutex
	at time.Time
}

func (c *wound) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *wound) on(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (*wound) Wait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func limited(t *testing.T, perSecond float64, burst int) (*world, *wound) {
	t.Helper()
	clock := &wound{at: time.Date(2026, 2, 4, 10, 0, 0, 0, time.UTC)}
	return newWorld(t, func(d *rest.Deps) { d.Writes = rest.NewWrites(perSecond, burst, clock) }), clock
}

func TestWritesBeyondTheLimitAreToldWhenToAskAgain(t *testing.T) {
	t.Parallel()
	w, clock := limited(t, 0.5, 2)
	first := w.call("POST", "/api/u1/tasks", milk)
	if first.status != 201 || first.header.Get("RateLimit-Policy") != `"writes";q=2;w=4` || first.header.Get("RateLimit") != `"writes";r=1;t=2` {
		t.Errorf("the first: %d %v", first.status, first.header)
	}
	if second := w.call("POST", "/api/u1/tasks", milk); second.status != 201 || second.header.Get("RateLimit") != `"writes";r=0;t=4` {
		t.Errorf("the second: %d %v", second.status, second.header)
	}
	third := w.call("POST", "/api/u1/tasks", milk)
	third.problem(t, 429)
	if third.header.Get("Retry-After") != "2" || third.header.Get("RateLimit") != `"writes";r=0;t=4` || !strings.Contains(string(third.body), "try again in 2 seconds") {
		t.Errorf("the third: %v %s", third.header, third.body)
	}
	clock.on(1900 * time.Millisecond)
	if early := w.call("POST", "/api/u1/tasks", milk); early.status != 429 || early.header.Get("Retry-After") != "1" {
		t.Errorf("too early: %d, again after %s", early.status, early.header.Get("Retry-After"))
	}
	clock.on(100 * time.Millisecond)
	if again := w.call("POST", "/api/u1/tasks", milk); again.status != 201 {
		t.Errorf("when it was told to come again: %d %s", again.status, again.body)
	}
	if n := len(w.call("GET", "/api/u1/tasks", "").list(t)); n != 3 {
		t.Errorf("%d tasks were made, want those three that were answered with 201", n)
	}
}

// TestOnlyWritesOfTheirUserCount: whatever they end with, and nothing else.
func TestOnlyWritesOfTheirUserCount(t *testing.T) {
	t.Parallel()
	w, _ := limited(t, 0.001, 3)
	for range 10 {
		if got := w.call("GET", "/api/u1/tasks", ""); got.status != 200 || got.header.Get("RateLimit") != "" {
			t.Fatalf("reading: %d %v", got.status, got.header)
		}
		w.call("POST", "/api/u1/tasks", milk, "Authorization: ").problem(t, 401)
		w.call("POST", "/api/u1/tasks", milk, "Authorization: Bearer user:u2").problem(t, 403) // u2 can't use up u1's
	}
	if bad := w.call("POST", "/api/u1/tasks", "{}"); bad.header.Get("RateLimit") != "" || bad.problem(t, 422) == "" {
		t.Errorf("a write that breaks a rule: %v", bad.header)
	}
	key := "Idempotency-Key: k"
	if made, replayed := w.call("POST", "/api/u1/tasks", milk, key), w.call("POST", "/api/u1/tasks", milk, key); made.status != 201 || replayed.status != 201 {
		t.Errorf("a write and its repetition: %d, %d", made.status, replayed.status)
	}
	w.call("PUT", "/api/u1/preferences", `{"theme":"dark"}`).problem(t, 429)
	w.call("POST", "/api/u1/tasks", milk, key).problem(t, 429)
	if other := w.call("POST", "/api/u2/tasks", milk, "Authorization: Bearer user:u2"); other.status != 201 {
		t.Errorf("another user: %d", other.status)
	}
}

func TestWithoutARateThereIsNoLimit(t *testing.T) {
	t.Parallel()
	w, _ := limited(t, 0, 1)
	for range 20 {
		if got := w.call("POST", "/api/u1/tasks", milk); got.status != 201 || got.header.Get("RateLimit") != "" {
			t.Fatalf("%d %v", got.status, got.header)
		}
	}
}
