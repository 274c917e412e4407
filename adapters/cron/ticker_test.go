package cron_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tasktide/tasktide/adapters/cron"
	"github.com/tasktide/tasktide/adapters/memory"
)

func TestItTicksAtItsIntervalUntilItIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var at []time.Duration
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			cron.NewTicker(memory.Clock{}, time.Minute, func() { at = append(at, time.Since(begin)) }).Run(ctx)
		}()
		time.Sleep(3*time.Minute + 30*time.Second)
		cancel()
		<-ended
		time.Sleep(time.Hour)
		if len(at) != 3 || at[0] != time.Minute || at[2] != 3*time.Minute {
			t.Errorf("it ticked at %v", at)
		}
	})
}
