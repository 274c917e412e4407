package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// killer takes one process down again and again.
type killer struct {
	process
	rand *rand.Rand
	sent <-chan struct{} // a write was sent
	log  func(format string, args ...any)

	kills, early int // all; of them during a start
	slowest      time.Duration
}

// killAll runs a killer for each process at the same time and waits until all is up again.
func killAll(t *testing.T, s *system) []*killer {
	t.Helper()
	began := time.Now()
	log := func(format string, args ...any) {
		t.Logf("%6.2fs  %s", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	var all []*killer
	var wg sync.WaitGroup
	for _, p := range s.processes {
		k := &killer{process: p, rand: random("killer of " + s.transport + " " + p.name), sent: s.sent, log: log}
		all = append(all, k)
		wg.Go(func() {
			if err := k.run(t.Context()); err != nil {
				t.Errorf("%s: %v", k.name, err)
			}
		})
	}
	wg.Wait()
	return all
}

func (k *killer) run(ctx context.Context) error {
	for k.kills < k.process.kills {
		k.wait()
		if !k.Running() {
			return fmt.Errorf("it ended by itself: %w", k.Process().Exited())
		}
		if err := k.Kill(); err != nil {
			return err
		}
		k.kills++
		k.log("killed %s", k.name)
		if k.rand.IntN(2) == 0 {
			time.Sleep(time.Duration(k.rand.Int64N(int64(time.Second))))
		}
		if err := k.restart(ctx); err != nil {
			return err
		}
	}
	return nil
}

// wait is the time that the process lives. It ends at any moment or, half of the time, a few milliseconds after a write was
// sent: at any moment of a write. Every fourth life of a relay is long enough for it to inherit a dead one's leases.
func (k *killer) wait() {
	life := time.Duration(k.rand.Int64N(int64(k.gap)))
	if k.long > 0 && k.rand.IntN(4) == 0 {
		life += k.long
	}
	time.Sleep(life)
	if k.rand.IntN(2) == 0 {
		return
	}
	select {
	case <-k.sent:
		time.Sleep(time.Duration(k.rand.Int64N(int64(6 * time.Millisecond))))
	case <-time.After(time.Second):
	}
}

// restart starts it, sometimes to kill it before it is ready. A process may give up when what it needs is down at the same
// time; then it is started again, as a supervisor does.
func (k *killer) restart(ctx context.Context) error {
	if k.rand.IntN(4) == 0 {
		short, cancel := context.WithTimeout(ctx, time.Duration(k.rand.Int64N(int64(k.starts))))
		err := k.Start(short)
		cancel()
		if err != nil && short.Err() != nil {
			k.kills++
			k.early++
			k.log("killed %s while it was starting", k.name)
		}
	}
	began := time.Now()
	for !k.Running() {
		err := k.Start(ctx)
		if err == nil {
			break
		}
		k.log("%s did not start: %.300v", k.name, err)
		if ctx.Err() != nil || time.Since(began) > 90*time.Second {
			return fmt.Errorf("it does not start: %w", err)
		}
	}
	k.slowest = max(k.slowest, time.Since(began))
	return nil
}
