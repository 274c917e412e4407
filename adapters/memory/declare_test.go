package memory_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func TestWhatIsPublishedBeforeADeclaredGroupSubscribesWaitsForIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bus := memory.NewBus(memory.Clock{}, 0)
		sub := ports.Subscription{Group: "audit", Topics: []domain.Topic{domain.TaskCreated}}
		bus.Declare(sub)
		published := make(chan error, 1)
		go func() { published <- bus.Publish(t.Context(), ports.Record{Topic: domain.TaskCreated, Key: "u"}) }()
		synctest.Wait()
		select {
		case err := <-published:
			t.Fatalf("settled by nobody: %v", err)
		default:
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		handled := 0
		go func() {
			_ = bus.Subscribe(ctx, sub, func(context.Context, ports.Message) ports.Answer {
				handled++
				return ports.Answer{}
			})
		}()
		if err := <-published; err != nil || handled != 1 {
			t.Fatalf("%v, handled %d times", err, handled)
		}
		cancel()
		synctest.Wait()
	})
}
