package boot

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/ports"
)

const (
	sampleTimeout = 10 * time.Second
	sampleShare   = 20               // a sample that took long is taken again after so many times as long: it must not be a load
	sampleMost    = 30 * time.Second // but not later: when something is away reads are slowest, and then an operator looks
	sampleAgain   = 10 * time.Second // one that failed, at once: a broker's election takes seconds
	sampleLife    = 3                // what was found stands for so many intervals; then it is left out rather than stale
)

// sample is figures that cost a query: they are read in the background, so that a
// scrape costs nothing, whoever scrapes and how often. A read that fails leaves them
// out of the scrape.
type sample struct {
	name  string
	every time.Duration
	clock ports.Clock
	log   *slog.Logger
	descs []*prometheus.Desc
	read  func(ctx context.Context) ([]prometheus.Metric, error)

	mu    sync.Mutex
	found []prometheus.Metric
	until time.Time
}

// Describe is prometheus.Collector.
func (s *sample) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range s.descs {
		ch <- d
	}
}

// Collect is prometheus.Collector.
func (s *sample) Collect(ch chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clock.Now().After(s.until) {
		return
	}
	for _, m := range s.found {
		ch <- m
	}
}

// run reads until ctx ends.
func (s *sample) run(ctx context.Context) error {
	failed := false
	for ctx.Err() == nil {
		wait, err := s.once(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			s.log.WarnContext(ctx, "figures can't be read; they are left out of the metrics", "figures", s.name, "error", err)
		}
		failed = err != nil
		_ = s.clock.Wait(ctx, wait)
	}
	return nil
}

// once reads once and says when to read again.
func (s *sample) once(ctx context.Context) (time.Duration, error) {
	limited, cancel := context.WithTimeout(ctx, sampleTimeout)
	defer cancel()
	began := s.clock.Now()
	found, err := s.read(limited)
	now := s.clock.Now()
	every := s.every
	if err != nil {
		every = min(every, sampleAgain)
	}
	wait := min(max(every, sampleShare*now.Sub(began)), sampleMost)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.found = nil
		return wait, err
	}
	s.found, s.until = found, now.Add(sampleLife*wait)
	return wait, nil
}
