package coalesce_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tasktide/tasktide/core/coalesce"
)

type callKey struct{}

func TestAWatchSeesEachCallAndTheBatchThatItSharesWithOthers(t *testing.T) {
	t.Parallel()
	errOdd := errors.New("odd")
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		began, batches, came := 0, [][]int{}, map[int]error{}
		w := &coalesce.Watch{
			Call: func(ctx context.Context) (context.Context, func(error)) {
				mu.Lock()
				defer mu.Unlock()
				began++
				n := began
				return context.WithValue(ctx, callKey{}, n), func(err error) {
					mu.Lock()
					defer mu.Unlock()
					came[n] = err
				}
			},
			Batch: func(ctx context.Context, calls []context.Context) (context.Context, func()) {
				var of []int
				for _, c := range calls {
					of = append(of, c.Value(callKey{}).(int))
				}
				mu.Lock()
				defer mu.Unlock()
				batches = append(batches, of)
				return context.WithValue(ctx, callKey{}, len(batches)), func() {}
			},
		}
		open := make(chan struct{})
		g := coalesce.New(func(ctx context.Context, batch []int) []coalesce.Result[int] {
			if n := ctx.Value(callKey{}); n == 1 {
				<-open
			} else if n != 2 {
				t.Errorf("the flush has the context %v", n)
			}
			out := make([]coalesce.Result[int], len(batch))
			for i, q := range batch {
				if q%2 == 1 {
					out[i].Err = errOdd
				}
			}
			return out
		}, coalesce.Options{Watch: w})
		var calls sync.WaitGroup
		for i := range 4 {
			calls.Go(func() { _, _ = g.Do(context.Background(), i) })
			synctest.Wait()
		}
		close(open)
		calls.Wait()
		if len(batches) != 2 || !slices.Equal(batches[0], []int{1}) || !slices.Equal(batches[1], []int{2, 3, 4}) {
			t.Errorf("the batches were %v", batches)
		}
		for n := 1; n <= 4; n++ {
			want := error(nil)
			if n%2 == 0 {
				want = errOdd
			}
			if err, ok := came[n]; !ok || !errors.Is(err, want) {
				t.Errorf("call %d came out as %v (%v)", n, err, ok)
			}
		}
	})
}
