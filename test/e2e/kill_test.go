package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// killer takes one process down again and again, and is its supervisor: what is down is started.
type killer struct {
	process
	rand *rand.Rand
	sent <-chan struct{} // a write was sent
	log  func(format string, args ...any)

	kills, early, ended int // all; of them during a start; ends that were no kills
	slowest             time.Duration
}

// killAll runs a killer for each process at the same time. It returns when all have killed as often as they should; they
// supervise until stop, which waits for them.
func killAll(t *testing.T, s *system) (all []*killer, stop func()) {
	t.Helper()
	began := time.Now()
	log := func(format string, args ...any) {
		t.Logf("%6.2fs  %s", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	ctx, cancel := context.WithCancel(t.Context())
	var killing, running sync.WaitGroup
	for _, p := range s.processes {
		k := &killer{process: p, rand: random("killer of " + s.transport + " " + p.name), sent: s.sent, log: log}
		all = append(all, k)
		killing.Add(1)
		running.Go(func() {
			err := k.run(ctx)
			killing.Done()
			if err == nil {
				err = k.supervise(ctx)
			}
			if err != nil {
				t.Errorf("%s: %v", k.name, err)
			}
		})
	}
	stop = func() { cancel(); running.Wait() }
	killing.Wait()
	return all, stop
}

func (k *killer) run(ctx context.Context) error {
	for k.kills < k.process.kills {
		live, cancel := context.WithTimeout(ctx, k.life())
		err := k.supervise(live)
		cancel()
		if err != nil {
			return err
		}
		k.aim()
		if err := k.Kill(); err != nil {
			return err
		}
		k.kills++
		k.log("killed %s", k.name)
		if k.rand.IntN(2) == 0 {
			time.Sleep(time.Duration(k.rand.Int64N(int64(time.Second))))
		}
		if k.rand.IntN(4) == 0 {
			k.killStarting(ctx)
		}
		if err := k.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// life is how long the process lives. Every third life of a relay is long enough for it to inherit a dead one's leases.
func (k *killer) life() time.Duration {
	life := time.Duration(k.rand.Int64N(int64(k.gap)))
	if k.long > 0 && k.kills%3 == 1 {
		life += k.long
	}
	return life
}

// aim waits, half of the time, for the first milliseconds of a write: so kills hit it at any moment.
func (k *killer) aim() {
	if k.rand.IntN(2) == 0 {
		return
	}
	select {
	case <-k.sent:
		time.Sleep(time.Duration(k.rand.Int64N(int64(6 * time.Millisecond))))
	case <-time.After(time.Second):
	}
}

// supervise starts the process when it ends by itself, until ctx ends. Only a sidecar may do that: it gives up when a
// broker that it needs at its start is down.
func (k *killer) supervise(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-k.Process().Done():
		}
		if !k.fragile {
			return fmt.Errorf("it ended by itself: %w", k.Process().Exited())
		}
		k.ended++
		k.log("%s ended by itself", k.name)
		if err := k.start(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
}

// killStarting starts the process and kills it before it is ready.
func (k *killer) killStarting(ctx context.Context) {
	short, cancel := context.WithTimeout(ctx, time.Duration(k.rand.Int64N(int64(k.starts))))
	defer cancel()
	if err := k.Start(short); err != nil && short.Err() != nil {
		k.kills++
		k.early++
		k.log("killed %s while it was starting", k.name)
	}
}

// start starts it until it is ready. A process may give up when what it needs is down at the same time; then it is started
// again, as any supervisor does.
func (k *killer) start(ctx context.Context) error {
	began := time.Now()
	for !k.Running() {
		err := k.Start(ctx)
		if err == nil {
			break
		}
		k.ended++
		k.log("%s did not start: %.300v", k.name, err)
		if ctx.Err() != nil || time.Since(began) > 90*time.Second {
			return fmt.Errorf("it does not start: %w", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	k.slowest = max(k.slowest, time.Since(began))
	return nil
}
