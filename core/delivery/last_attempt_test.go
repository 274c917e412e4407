package delivery_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

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
