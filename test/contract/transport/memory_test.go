package transport_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/contract/fixture"
	"github.com/tasktide/tasktide/test/contract/transport"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	transport.Run(t, fixture.Memory())
}

// TestMemoryPublishReturnsWhenTheDurableGroupsHaveSettled is what the one-binary
// mode relies on: the outbox row goes only then.
func TestMemoryPublishReturnsWhenTheDurableGroupsHaveSettled(t *testing.T) {
	t.Parallel()
	bus := memory.NewBus(memory.Clock{}, 0)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	var mu sync.Mutex
	calls := map[string]int{}
	for _, group := range []string{"a", "b"} {
		wg.Go(func() {
			_ = bus.Subscribe(ctx, ports.Subscription{Group: group, Topics: []domain.Topic{"t"}}, func(context.Context, ports.Message) ports.Answer {
				mu.Lock()
				defer mu.Unlock()
				calls[group]++
				return ports.Answer{Again: group == "b" && calls[group] < 4, After: time.Millisecond}
			})
		})
	}
	warm := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return calls["a"] > 0 && calls["b"] > 0
	}
	for !warm() { // until both have joined
		if err := bus.Publish(ctx, ports.Record{Topic: "t", Key: "warm-up"}); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	clear(calls)
	mu.Unlock()
	if err := bus.Publish(ctx, ports.Record{Topic: "t", Key: "u"}); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if calls["a"] != 1 || calls["b"] != 4 {
		t.Errorf("when Publish returned, calls = %v, want a once and b until it was done", calls)
	}
}
