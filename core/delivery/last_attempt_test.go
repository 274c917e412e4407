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
	"github.com/tasktide/tasktide/core/domain"
)

// hasty is a store whose operator redrives a letter as soon as it is kept, before the consumer goes on.
type hasty struct {
	*memory.DeadLetters
	kept func()
}

func (h *hasty) Keep(ctx context.Context, l domain.DeadLetter) error {
	err := h.DeadLetters.Keep(ctx, l)
	if kept := h.kept; err == nil && kept != nil {
		h.kept = nil
		kept()
	}
	return err
}

func TestALetterThatIsRedrivenBeforeItsEventIsMarkedIsHandled(t *testing.T) {
	t.Parallel()
	for name, handled := range map[string]bool{"by a redrive that begins after the mark": false, "by a redrive that ends before the mark": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var attempts, effects int
				r := newRig(t, func(context.Context, domain.Event) error {
					if attempts++; attempts == 1 {
						return domain.Permanent(errors.New("not yet"))
					}
					effects++
					return nil
				})
				ctx, cancel := context.WithCancel(t.Context())
				h := &hasty{DeadLetters: r.letters}
				r.Letters = h
				redriver := delivery.NewRedriver(r.Consumer, time.Second)
				h.kept = func() {
					if n, err := h.Redrive(ctx, domain.DeadLetterQuery{}); n != 1 || err != nil {
						t.Errorf("marked %d, %v", n, err)
					}
					if handled {
						go redriver.Run(ctx)
						synctest.Wait()
					}
				}
				r.deliver(ctx, message(t, event()))
				if !handled {
					go redriver.Run(ctx)
				}
				synctest.Wait()
				cancel()
				synctest.Wait()
				if effects != 1 || len(r.all()) != 0 {
					t.Errorf("%d effects, letters %+v", effects, r.all())
				}
			})
		})
	}
}

func TestASecondDeliveryDuringTheLastAttemptDoesNotBuryTheEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		last := make(chan struct{})
		r := newRig(t, func(context.Context, domain.Event) error {
			if n.Add(1) < 8 {
				return errors.New("not yet")
			}
			close(last)
			time.Sleep(20 * time.Second) // slow, within its deadline
			return nil
		})
		m := message(t, event())
		go r.deliver(t.Context(), m)
		<-last
		r.deliver(t.Context(), m) // another pod got it in a rebalance
		if s := r.Stats(); n.Load() != 8 || s.Handled != 1 || len(r.all()) != 0 {
			t.Errorf("%d attempts, %+v, letters %+v", n.Load(), s, r.all())
		}
	})
}
