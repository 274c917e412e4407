package coalesce_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/tasktide/tasktide/core/coalesce"
)

func TestCallsInFlightTogetherShareAFlushAndKeepTheirOwnResults(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	var sizes []int
	odd := errors.New("odd")
	g := coalesce.New(func(_ context.Context, batch []int) []coalesce.Result[int] {
		sizes = append(sizes, len(batch))
		if len(sizes) == 1 {
			close(entered)
			<-release
		}
		out := make([]coalesce.Result[int], len(batch))
		for i, n := range batch {
			out[i].Value = n * 10
			if n%2 == 1 {
				out[i].Err = odd
			}
		}
		return out
	}, coalesce.Options{MaxBatch: 64})
	var wg sync.WaitGroup
	call := func(n int) {
		defer wg.Done()
		v, err := g.Do(context.Background(), n)
		if v != n*10 || (n%2 == 1) != errors.Is(err, odd) {
			t.Errorf("Do(%d) = %d, %v", n, v, err)
		}
	}
	wg.Add(1)
	go call(0)
	<-entered
	for n := 1; n <= 100; n++ {
		wg.Add(1)
		go call(n)
	}
	close(release)
	wg.Wait()
	total := 0
	for _, n := range sizes {
		if n > 64 {
			t.Errorf("a flush of %d, more than MaxBatch", n)
		}
		total += n
	}
	if total != 101 {
		t.Errorf("%d requests were flushed, want each of 101 once", total)
	}
}

func TestACallerWhoseContextEndsDoesNotWaitForTheFlush(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	g := coalesce.New(func(_ context.Context, batch []int) []coalesce.Result[int] {
		close(entered)
		<-release
		return make([]coalesce.Result[int], len(batch))
	}, coalesce.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-entered; cancel() }()
	if _, err := g.Do(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	close(release)
}

func TestAPanicOrAMissingResultReachesEveryCallerAsAnError(t *testing.T) {
	t.Parallel()
	for name, flush := range map[string]coalesce.Flush[int, int]{
		"panic":   func(context.Context, []int) []coalesce.Result[int] { panic("boom") },
		"missing": func(context.Context, []int) []coalesce.Result[int] { return nil },
	} {
		g := coalesce.New(flush, coalesce.Options{})
		for range 2 { // the group goes on working after it
			if _, err := g.Do(context.Background(), 1); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
	}
}
