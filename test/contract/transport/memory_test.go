package transport_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/contract/transport"
)

func TestMemory(t *testing.T) {
	bus := memory.NewBus(memory.Clock{}, memory.DefaultRetention)
	transport.Run(t, transport.Harness{
		Name: "memory",
		Topics: func(_ *testing.T, n int) []domain.Topic {
			out := make([]domain.Topic, n)
			for i := range out {
				out[i] = domain.Topic(fmt.Sprintf("t%d-%s", i, uuid.NewString()[:8]))
			}
			return out
		},
		Publisher: func(*testing.T) ports.Publisher { return bus },
		Instance: func(t *testing.T, s ports.Subscription) transport.Instance {
			m := &memoryInstance{bus: bus, sub: s}
			t.Cleanup(func() { m.Stop(t) })
			return m
		},
	})
}

// memoryInstance is one subscriber of the shared bus.
type memoryInstance struct {
	bus    *memory.Bus
	sub    ports.Subscription
	cancel context.CancelFunc
	kill   context.CancelFunc
	ended  chan error
}

func (m *memoryInstance) Start(_ testing.TB, h ports.Handler) {
	ctx, cancel := context.WithCancel(context.Background())
	life, kill := context.WithCancel(context.Background())
	m.cancel, m.kill, m.ended = cancel, kill, make(chan error, 1)
	go func(ended chan error) {
		ended <- m.bus.Subscribe(ctx, m.sub, func(ctx context.Context, msg ports.Message) ports.Answer {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(life, cancel)()
			a := h(ctx, msg)
			if life.Err() != nil {
				return ports.Answer{Again: true} // the dead answer nothing
			}
			return a
		})
	}(m.ended)
}

func (m *memoryInstance) Stop(t testing.TB) {
	if m.cancel == nil {
		return
	}
	m.cancel()
	m.cancel = nil
	if err := <-m.ended; err != nil {
		t.Errorf("Subscribe: %v", err)
	}
	m.kill()
}

func (m *memoryInstance) Kill(t testing.TB) {
	if m.cancel == nil {
		return
	}
	m.kill()
	m.Stop(t)
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
