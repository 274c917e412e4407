package delivery_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/contract/delivery"
	"github.com/tasktide/tasktide/test/contract/fixture"
	"github.com/tasktide/tasktide/test/contract/transport"
)

// TestMemory runs the contract in one process; its database is one that can be
// switched off.
func TestMemory(t *testing.T) {
	t.Parallel()
	state := memory.NewState(memory.Clock{})
	s := &switched{StateStore: state, letters: memory.NewDeadLetters(memory.Clock{}, state.Forget)}
	delivery.Run(t, delivery.Mode{
		Transport: fixture.Memory(), State: s, Letters: s, Probe: func(context.Context) error { return s.err() },
		Database: fixture.SQLite,
		Outages:  map[string]transport.Outage{"database": s},
	})
}

// switched is state and letters that are unavailable while off.
type switched struct {
	ports.StateStore
	letters
	off atomic.Bool
}

type letters = delivery.Letters

func (s *switched) Stop(testing.TB)  { s.off.Store(true) }
func (s *switched) Start(testing.TB) { s.off.Store(false) }

func (s *switched) err() error {
	if s.off.Load() {
		return domain.Unavailable("database", errors.New("switched off"))
	}
	return nil
}

func (s *switched) Get(ctx context.Context, keys ...string) ([]ports.Entry, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.StateStore.Get(ctx, keys...)
}

func (s *switched) Put(ctx context.Context, items ...ports.Item) []error {
	if err := s.err(); err != nil {
		errs := make([]error, len(items))
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	return s.StateStore.Put(ctx, items...)
}

func (s *switched) Keep(ctx context.Context, l domain.DeadLetter) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.letters.Keep(ctx, l)
}
