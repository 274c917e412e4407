package boot

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/tasktide/tasktide/adapters/memory"
)

func TestASampleIsReadInTheBackgroundAndLeftOutWhileItCanNotBe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		desc := prometheus.NewDesc("figure", "A figure.", nil, nil)
		var reads atomic.Int64
		var fail atomic.Bool
		s := &sample{
			name: "figure", every: 10 * time.Second, clock: memory.Clock{}, log: slog.New(slog.DiscardHandler), descs: []*prometheus.Desc{desc},
			read: func(context.Context) ([]prometheus.Metric, error) {
				reads.Add(1)
				if fail.Load() {
					return nil, errors.New("the database is away")
				}
				return []prometheus.Metric{gauge(desc, float64(reads.Load()))}, nil
			},
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = s.run(ctx) }()
		shows := func(want string) {
			t.Helper()
			synctest.Wait()
			if want != "" {
				want = "# HELP figure A figure.\n# TYPE figure gauge\nfigure " + want + "\n"
			}
			if err := testutil.CollectAndCompare(s, strings.NewReader(want)); err != nil {
				t.Error(err)
			}
		}
		shows("1")
		for range 5 {
			shows("1") // a scrape reads nothing
		}
		time.Sleep(10 * time.Second)
		shows("2")
		fail.Store(true)
		time.Sleep(10 * time.Second)
		shows("")
		fail.Store(false)
		time.Sleep(10 * time.Second)
		shows("4")
		cancel()
		<-ended
	})
}

func TestASampleThatTakesLongIsTakenSeldomAndOneThatHangsGoesStale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		desc, slow := prometheus.NewDesc("figure", "A figure.", nil, nil), 2*time.Second
		s := &sample{
			every: 10 * time.Second, clock: memory.Clock{}, log: slog.New(slog.DiscardHandler), descs: []*prometheus.Desc{desc},
			read: func(ctx context.Context) ([]prometheus.Metric, error) {
				return []prometheus.Metric{gauge(desc, 1)}, memory.Clock{}.Wait(ctx, slow)
			},
		}
		if wait, err := s.once(t.Context()); err != nil || wait != sampleMost {
			t.Errorf("after 2 s it is read again after %s, %v", wait, err)
		}
		slow = time.Second
		if wait, err := s.once(t.Context()); err != nil || wait != 20*time.Second {
			t.Errorf("after 1 s it is read again after %s, %v", wait, err)
		}
		time.Sleep(59 * time.Second)
		if n := testutil.CollectAndCount(s); n != 1 {
			t.Errorf("%d figures are shown", n)
		}
		time.Sleep(2 * time.Second)
		if n := testutil.CollectAndCount(s); n != 0 {
			t.Errorf("%d figures are shown after they went stale", n)
		}
		slow = time.Minute
		if wait, err := s.once(t.Context()); !errors.Is(err, context.DeadlineExceeded) || wait != sampleMost {
			t.Errorf("a read that hangs is ended by %v, the next after %s", err, wait)
		}
		s.every, s.read = sampleBroker, func(context.Context) ([]prometheus.Metric, error) { return nil, errors.New("no coordinator") }
		if wait, err := s.once(t.Context()); err == nil || wait != sampleAgain {
			t.Errorf("after one that failed at once it is read again after %s, %v", wait, err)
		}
	})
}
