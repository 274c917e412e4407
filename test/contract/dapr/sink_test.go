package dapr

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/ports"
)

// sink records what it is handed, in order.
type sink struct {
	mu   sync.Mutex
	got  []ports.Message
	more chan struct{}
	slow time.Duration // of each delivery
}

func (s *sink) handle(ctx context.Context, m ports.Message) ports.Answer {
	if s.slow > 0 {
		select {
		case <-time.After(s.slow):
		case <-ctx.Done():
			return ports.Answer{Again: true}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, m)
	if s.more != nil {
		close(s.more)
		s.more = nil
	}
	return ports.Answer{}
}

func (s *sink) all() []ports.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

// await returns what was handled once it is n messages.
func (s *sink) await(t *testing.T, n int) []ports.Message {
	t.Helper()
	s.until(t, func(got []ports.Message) bool { return len(got) >= n })
	return s.all()
}

func (s *sink) until(t *testing.T, holds func([]ports.Message) bool) {
	t.Helper()
	limit := time.After(40 * time.Second)
	for {
		s.mu.Lock()
		got := s.got
		if s.more == nil {
			s.more = make(chan struct{})
		}
		more := s.more
		s.mu.Unlock()
		if holds(got) {
			return
		}
		select {
		case <-more:
		case <-limit:
			t.Fatalf("%d messages were handled, and that was not enough", len(got))
		}
	}
}
