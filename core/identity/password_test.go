package identity_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/identity"
)

func allocated() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestAPasswordIsStoredAsArgon2id(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.signUp("ann@example.org")
	w.signUp("bob@example.org")
	a, _ := w.store.ByEmail(t.Context(), "ann@example.org")
	b, _ := w.store.ByEmail(t.Context(), "bob@example.org")
	if !strings.HasPrefix(a.Hash, "$argon2id$v=19$m=64,t=1,p=1$") || a.Hash == b.Hash {
		t.Errorf("%s %s", a.Hash, b.Hash)
	}
}

// slow is a cost that takes a few milliseconds.
var slow = identity.HashCost{MemoryKiB: 8 << 10, Iterations: 2, AtOnce: 2}

func slowWorld(t *testing.T) *identity.Service {
	t.Helper()
	store := memory.NewIdentity()
	s := identity.New(identity.Deps{Accounts: store, Sessions: store, Clock: newClock(), Cost: slow, Open: true})
	if _, err := s.SignUp(t.Context(), identity.NewUser{Email: "ann@example.org", Password: password}, visitor); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAnUnknownAccountTakesAsLongAsAWrongPassword compares medians: without the decoy
// the one is a hundred times as fast as the other. They are taken in turn, so that what
// else the machine does slows both.
func TestAnUnknownAccountTakesAsLongAsAWrongPassword(t *testing.T) {
	s := slowWorld(t)
	took := map[string][]time.Duration{}
	for range 15 {
		for _, email := range []string{"ann@example.org", "nobody@example.org"} {
			began := time.Now()
			_, err := s.SignIn(t.Context(), email, "wrong horse", true, visitor)
			took[email] = append(took[email], time.Since(began))
			is(t, email, err, identity.ErrCredentials)
		}
	}
	median := func(email string) time.Duration {
		slices.Sort(took[email])
		return took[email][len(took[email])/2]
	}
	known, unknown := median("ann@example.org"), median("nobody@example.org")
	if ratio := float64(known) / float64(unknown); ratio < 0.25 || ratio > 4 {
		t.Errorf("a wrong password takes %s, an unknown account %s", known, unknown)
	}
}

// TestHashesAtOnceAreBounded: 60 sign-ins at once need the memory of a few.
func TestHashesAtOnceAreBounded(t *testing.T) {
	s := slowWorld(t)
	stop, peak := make(chan struct{}), make(chan uint64)
	base := allocated()
	go func() {
		var most uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	var wg sync.WaitGroup
	for range 60 {
		wg.Go(func() { _, _ = s.SignIn(t.Context(), "ann@example.org", "wrong horse", true, visitor) })
	}
	wg.Wait()
	close(stop)
	if most := <-peak; most > base+200<<20 { // 60 at once would need 480 MB
		t.Errorf("%d MB", (most-base)>>20)
	}
}

func TestWhoCanNotWaitForATurnIsToldToComeBack(t *testing.T) {
	t.Parallel()
	s := slowWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var late int
	for range 200 {
		wg.Go(func() {
			_, err := s.SignUp(ctx, identity.NewUser{Email: "b@example.org", Password: password}, visitor)
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, domain.ErrUnavailable) {
				late++
			}
		})
	}
	wg.Wait()
	if late == 0 {
		t.Error("nobody was told")
	}
}
