package main

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// spread is how long things took. It may be added to concurrently.
type spread struct {
	mu  sync.Mutex
	all []time.Duration
}

func (s *spread) add(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, d)
}

func (s *spread) n() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}

// at is a quantile.
func (s *spread) at(q float64) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) == 0 {
		return 0
	}
	slices.Sort(s.all)
	return s.all[int(q*float64(len(s.all)-1))]
}

func (s *spread) String() string {
	if s == nil || s.n() == 0 {
		return "none"
	}
	return fmt.Sprintf("%s / %s (%d)", ms(s.at(0.5)), ms(s.at(0.99)), s.n())
}

func ms(d time.Duration) string {
	v := float64(d.Microseconds()) / 1000
	if v >= 100 {
		return fmt.Sprintf("%.0f ms", v)
	}
	return fmt.Sprintf("%.1f ms", v)
}
