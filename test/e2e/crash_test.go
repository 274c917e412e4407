package e2e

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
	"github.com/tasktide/tasktide/test/collector"
)

const (
	users  = 50
	writes = 2000
)

func TestMemoryLosesNothingWhenKilled(t *testing.T) {
	t.Parallel()
	survive(t, startSingle(t), 25*time.Second)
}

func TestKafka(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	holds(t, startCluster(t, cluster.Options{Transport: "kafka", Replicas: map[string]int{"websocket-service": 2}, Env: c.Env(onlyAsked)}), c)
}

func TestDapr(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	holds(t, startCluster(t, cluster.Options{Transport: "dapr", Env: c.Env(onlyAsked)}), c)
}

// TestMixedTransportsOnOneBrokerAndOneDatabase reaches the database through a transaction pooler.
func TestMixedTransportsOnOneBrokerAndOneDatabase(t *testing.T) {
	t.Parallel()
	s := startCluster(t, cluster.Options{Transport: "kafka", Mixed: map[string]string{"audit-service": "dapr", "websocket-service": "dapr"}, Pooled: true})
	for i := range s.processes {
		s.processes[i].kills = 1
	}
	survive(t, s, 12*time.Second)
}

// holds is what every cluster must hold.
func holds(t *testing.T, s *system, c *collector.Collector) {
	t.Helper()
	t.Run("one change is one trace", func(t *testing.T) { traced(t, s, c) })
	t.Run("what alerts, dashboard and docs name is served", func(t *testing.T) { measured(t, s) })
	t.Run("people sign in through the gateway", func(t *testing.T) { signIn(t, s) })
	operate(t, s)
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"a service that is down slows nobody and loses nothing", func(t *testing.T) { absent(t, s) }},
		{"loses nothing when everything is killed", func(t *testing.T) { survive(t, s, 35*time.Second) }},
		// Last: the topics keep what the database has no more.
		{"an erased user's events that are with the broker have no effect", func(t *testing.T) { erased(t, s) }},
	} {
		if t.Failed() {
			return // what was left would look like losses
		}
		t.Run(part.name, part.run)
	}
}

// survive makes 2,000 writes of 50 users while everything is killed, waits until it is quiet and compares.
func survive(t *testing.T, s *system, about time.Duration) {
	t.Helper()
	t.Logf("seed %d", seed)
	began := time.Now()
	crowd := newCrowd(t, s, fmt.Sprintf("%s-", s.transport), users)
	devices := watch(t, s, crowd)
	defer devices.stop()
	var working sync.WaitGroup
	for _, u := range crowd {
		working.Go(func() {
			if err := u.work(t.Context(), writes/users, about); err != nil {
				t.Error(err)
			}
		})
	}
	killers, stop := killAll(t, s)
	defer stop()
	killed := time.Since(began)
	working.Wait()
	worked := time.Since(began)
	if t.Failed() {
		t.FailNow()
	}
	quiet(t, s, crowd)
	stop()
	devices.compare(t, s)
	report(t, s, crowd, killers, fmt.Sprintf("killing took %.1fs, writing %.1fs, then %.1fs until quiet",
		killed.Seconds(), worked.Seconds(), (time.Since(began)-worked).Seconds()))
	devices.stop()
	verify(t, s, crowd)
	t.Logf("all of it %.1fs", time.Since(began).Seconds())
}

// newCrowd makes users with tokens from the command line.
func newCrowd(t *testing.T, s *system, prefix string, n int) []*user {
	t.Helper()
	crowd := make([]*user, n)
	errs := make([]error, n)
	slots := make(chan struct{}, 4)
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			name := fmt.Sprintf("%s%02d", prefix, i)
			var token string
			token, errs[i] = s.command(t.Context(), "token", "--user", name)
			crowd[i] = newUser(s, name, strings.TrimSpace(token))
		})
	}
	wg.Wait()
	must(t, errors.Join(errs...))
	return crowd
}

func report(t *testing.T, s *system, crowd []*user, killers []*killer, times string) {
	t.Helper()
	var applied, answered, open, found, unseen int
	var took spread
	failures := map[int]int{}
	for _, u := range crowd {
		applied, answered, open, found, unseen = applied+len(u.log), answered+u.answered, open+u.open, found+u.found, unseen+len(u.unseen)
		took = append(took, u.took...)
		for status, n := range u.failures {
			failures[status] += n
		}
	}
	t.Logf("%s, seed %d: %s", s.transport, seed, times)
	t.Logf("%d writes applied: %d requests answered, %d without an answer (of them by status: %v), of which %d were found applied; answers: %s",
		applied, answered, open, failures, found, took)
	for _, k := range killers {
		t.Logf("%-22s killed %2d times, %d of them while starting; ended %d times by itself; slowest start %s", k.name, k.kills, k.early, k.ended, k.slowest.Round(time.Millisecond))
	}
	if failures[500] > 0 {
		t.Errorf("%d answers were 500: a dependency that is down must be 503", failures[500])
	}
}
