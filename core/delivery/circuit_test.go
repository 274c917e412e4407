package delivery_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/delivery"
)

func TestAProbeWhoseCallerWasStoppedTellsNobodyThatTheDependencyAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var probes atomic.Int32
		down := errors.New("down")
		c := delivery.NewCircuit(func(ctx context.Context) error {
			probes.Add(1)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			return down
		}, memory.Clock{}, 250*time.Millisecond)

		stopped, stop := context.WithCancel(t.Context())
		go c.Check(stopped, down)
		synctest.Wait() // its probe runs
		answer := make(chan bool, 1)
		go func() { answer <- c.Check(t.Context(), down) }()
		synctest.Wait() // this one waits for that probe
		stop()
		if <-answer {
			t.Fatal("the dependency counts as up, though no probe has ever succeeded")
		}
		if probes.Load() != 2 || c.Err() == nil {
			t.Fatalf("%d probes, circuit %v; want a probe of its own and an open circuit", probes.Load(), c.Err())
		}
	})
}
