package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// absent stops every service but the gateway, backend-api and audit-service for a while: writes go on as if nothing had happened, and what
// the others have missed is made up for when they are back. On Dapr their sidecars live on and try to deliver all the time.
func absent(t *testing.T, s *system) {
	crowd := newCrowd(t, s, s.transport+"-absent-", 10)
	devices := watch(t, s, crowd)
	defer devices.stop()
	before := workAll(t, crowd, 15, 3*time.Second)
	var away []process
	for _, p := range s.processes {
		if !slices.Contains([]string{"frontend", "backend-api", "audit-service"}, p.name) && slices.Contains(s.services, p.name) {
			away = append(away, p)
		}
	}
	each(t, away, func(p process) error { return p.Stop() })
	during := workAll(t, crowd, 30, 6*time.Second)
	each(t, away, func(p process) error { return p.Start(t.Context()) })
	quiet(t, s, crowd)
	devices.compare(t, s)
	devices.stop()
	verify(t, s, crowd)
	for _, u := range crowd {
		if u.open > 0 {
			t.Errorf("%s: %d requests were not answered: %v", u.user, u.open, u.failures)
		}
	}
	names := make([]string, len(away))
	for i, p := range away {
		names[i] = p.name
	}
	t.Logf("writes: %s; without %s: %s", before, strings.Join(names, ", "), during)
}

// workAll lets each user make n writes and returns how long answers took.
func workAll(t *testing.T, crowd []*user, n int, within time.Duration) spread {
	t.Helper()
	var all sync.WaitGroup
	for _, u := range crowd {
		u.took = nil
		all.Go(func() {
			if err := u.work(t.Context(), n, within); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var took spread
	for _, u := range crowd {
		took = append(took, u.took...)
	}
	return took
}

func each(t *testing.T, all []process, do func(process) error) {
	t.Helper()
	var doing sync.WaitGroup
	for _, p := range all {
		doing.Go(func() {
			if err := do(p); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		})
	}
	doing.Wait()
}

// spread is how long things took.
type spread []time.Duration

func (s spread) String() string {
	slices.Sort(s)
	if len(s) == 0 {
		return "none"
	}
	at := func(q float64) time.Duration { return s[int(q*float64(len(s)-1))].Round(100 * time.Microsecond) }
	return fmt.Sprintf("%d, p50 %s, p99 %s", len(s), at(0.5), at(0.99))
}
