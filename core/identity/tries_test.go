package identity_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/core/identity"
)

func (w *world) wrong(email string) []time.Duration {
	w.t.Helper()
	_, err := w.SignIn(w.t.Context(), email, "wrong horse", true, visitor)
	is(w.t, email, err, identity.ErrCredentials)
	return w.clock.waits()
}

func TestTriesOnOneAccountWaitLongerAndAreAllAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.signUp("ann@example.org")
	want := []time.Duration{0, 0, 0, 0, 0, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second, 8 * time.Second}
	for i, d := range want {
		// An account that is not there waits the same, and other accounts not at all.
		for _, email := range []string{"ann@example.org", "nobody@example.org"} {
			if got := w.wrong(email); !slices.Equal(got, []time.Duration{d}) {
				t.Fatalf("try %d on %s waited %v, want %v", i+1, email, got, d)
			}
		}
	}
	if _, err := w.SignIn(t.Context(), "ann@example.org", password, true, visitor); err != nil {
		t.Errorf("the owner: %v", err)
	}
	if got := w.clock.waits(); !slices.Equal(got, []time.Duration{8 * time.Second}) {
		t.Errorf("the owner waited %v", got)
	}
	if got := w.wrong("ann@example.org"); got[0] != 0 {
		t.Errorf("after the owner came in a try waits %v", got)
	}
	w.clock.pass(16 * time.Minute)
	if got := w.wrong("nobody@example.org"); got[0] != 0 {
		t.Errorf("after a quiet time a try waits %v", got)
	}
}

func TestTriesAtOnceAreNoWayAroundTheDelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { _, _ = w.SignIn(t.Context(), "nobody@example.org", "wrong horse", true, visitor) })
	}
	wg.Wait()
	var waited int
	for _, d := range w.clock.waits() {
		if d > 0 {
			waited++
		}
	}
	if waited != 15 {
		t.Errorf("%d of 20 tries at once waited, want all but five", waited)
	}
}

func TestThePasswordOfWhoIsSignedInIsGuessedAsSlowly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	ann := w.signUp("ann@example.org")
	var last time.Duration
	for range 8 {
		_, err := w.ChangePassword(t.Context(), ann, "wrong horse", "another horse", false, visitor)
		is(t, "a wrong password", err, identity.ErrPassword)
		last = w.clock.waits()[0]
	}
	if last != time.Second {
		t.Errorf("the eighth waited %s", last)
	}
}

func TestThreeTriesInTenSeconds(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := identity.NewLimiter(c)
	take := func(key string, want bool) time.Duration {
		t.Helper()
		ok, after := l.Take(key, 3)
		if ok != want {
			t.Errorf("%s: %v, want %v", key, ok, want)
		}
		return after
	}
	for range 3 {
		take("a", true)
		c.pass(time.Second)
	}
	if after := take("a", false); after != 9*time.Second {
		t.Errorf("again after %s", after)
	}
	take("b", true)
	c.pass(9*time.Second - time.Millisecond)
	take("a", false)
	c.pass(time.Millisecond)
	take("a", true)
}

func TestWhatIsRememberedOfTriesIsBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := identity.NewLimiter(c)
	before := allocated()
	for i := range 1_000_000 {
		l.Take(string([]byte{byte(i), byte(i >> 8), byte(i >> 16)}), 3)
	}
	if grown := int64(allocated()) - int64(before); grown > 64<<20 {
		t.Errorf("a million addresses take %d MB", grown>>20)
	}
	if ok, _ := l.Take("new", 3); !ok {
		t.Error("somebody new is refused")
	}
}
