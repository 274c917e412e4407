package users_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/users"
)

func TestTheEpochSaysWhetherTheDatabaseIsTheSame(t *testing.T) {
	t.Parallel()
	epoch := uuid.New()
	s := users.New(users.Deps{Streams: kept{epoch: epoch, head: 3, positions: []int64{1, 2, 3}}})
	if err := s.SameEpoch(t.Context(), "u", epoch); err != nil {
		t.Error(err)
	}
	if err := s.SameEpoch(t.Context(), "u", uuid.New()); !errors.Is(err, domain.ErrPreconditionFailed) {
		t.Errorf("another epoch is %v", err)
	}
	s = users.New(users.Deps{Streams: kept{epoch: epoch, err: domain.Unavailable("database", errors.New("x"))}})
	if err := s.SameEpoch(t.Context(), "u", epoch); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("an outage is %v", err)
	}
}

// kept is a stream of which only some positions are left.
type kept struct {
	epoch     uuid.UUID
	head      int64
	positions []int64
	err       error
}

func (k kept) After(_ context.Context, _ string, position int64, limit int) (out []domain.Event, head domain.Position, err error) {
	for _, p := range k.positions {
		if p > position && len(out) < limit {
			out = append(out, domain.Event{Position: p})
		}
	}
	return out, domain.Position{Epoch: k.epoch, Value: k.head}, k.err
}

func (kept) Heads(context.Context, []string) (map[string]domain.Head, error) { return nil, nil }

func TestAPartOfAStreamHasNoGapOrSaysThatSomeIsGone(t *testing.T) {
	t.Parallel()
	epoch := uuid.New()
	at := func(n int64) *domain.Position { return &domain.Position{Value: n} }
	for name, c := range map[string]struct {
		kept  []int64
		head  int64
		after *domain.Position
		want  int // events; -1: gone, -2: invalid
	}{
		"from the beginning":              {[]int64{1, 2, 3}, 3, at(0), 3},
		"from the end":                    {[]int64{1, 2, 3}, 3, at(3), 0},
		"the oldest that is kept":         {[]int64{7, 8}, 8, nil, 2},
		"just behind the oldest":          {[]int64{7, 8}, 8, at(6), 2},
		"before the oldest":               {[]int64{7, 8}, 8, at(5), -1},
		"nothing is kept":                 {nil, 8, at(5), -1},
		"nothing is kept, from the end":   {nil, 8, at(8), 0},
		"nothing is kept, from anywhere":  {nil, 8, nil, 0},
		"no stream":                       {nil, 0, nil, 0},
		"no stream, from 0":               {nil, 0, at(0), 0},
		"a hole is where it ends":         {[]int64{4, 5, 8}, 8, nil, 2},
		"behind the part before the hole": {[]int64{4, 5, 8}, 8, at(5), -1},
		"from the future":                 {[]int64{1}, 1, at(2), -2},
		"this epoch":                      {[]int64{1}, 1, &domain.Position{Epoch: epoch}, 1},
		"another epoch":                   {[]int64{1}, 1, &domain.Position{Epoch: uuid.New()}, -1},
		"another epoch, from the future":  {[]int64{1}, 1, &domain.Position{Epoch: uuid.New(), Value: 9}, -1},
	} {
		s := users.New(users.Deps{Streams: kept{epoch: epoch, head: c.head, positions: c.kept}})
		got, err := s.Events(t.Context(), "u", c.after, 0)
		n := len(got.List)
		switch {
		case errors.Is(err, domain.ErrGone):
			n = -1
		case errors.Is(err, domain.ErrInvalid):
			n = -2
		case err != nil:
			t.Errorf("%s: %v", name, err)
		}
		if n != c.want || err == nil && got.Head.Value != c.head {
			t.Errorf("%s: %d events, want %d (%v)", name, n, c.want, err)
		}
	}
	if _, err := users.New(users.Deps{Streams: kept{err: domain.Unavailable("database", errors.New("x"))}}).Events(t.Context(), "u", nil, 1); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("an outage is %v", err)
	}
}
