package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// DeadLetters keeps dead letters in this process. Attempts are cleared through
// clear, which removes an idempotency key (State.Forget).
type DeadLetters struct {
	clock ports.Clock
	clear func(key string)

	mu      sync.Mutex
	letters map[string]domain.DeadLetter
	woken   chan struct{}
}

var (
	_ ports.DeadLetterStore = (*DeadLetters)(nil)
	_ ports.DeadLetterAdmin = (*DeadLetters)(nil)
)

// NewDeadLetters returns an empty store.
func NewDeadLetters(clock ports.Clock, clear func(key string)) *DeadLetters {
	return &DeadLetters{clock: clock, clear: clear, letters: map[string]domain.DeadLetter{}, woken: make(chan struct{}, 1)}
}

// Forget removes a key, as a redrive does.
func (s *State) Forget(key string) {
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	delete(sh.entries, key)
}

// Keep implements ports.DeadLetterStore.
func (d *DeadLetters) Keep(_ context.Context, l domain.DeadLetter) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	l.Body, l.RedriveAt = slices.Clone(l.Body), nil
	if old, ok := d.letters[l.ID]; ok {
		l.Attempts += old.Attempts
		l.FirstFailed = old.FirstFailed
	}
	d.letters[l.ID] = l
	return nil
}

// Marked implements ports.DeadLetterStore.
func (d *DeadLetters) Marked(_ context.Context, group string, limit int) ([]domain.DeadLetter, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []domain.DeadLetter
	for _, l := range d.letters {
		if l.Group == group && l.RedriveAt != nil {
			l.Body = slices.Clone(l.Body)
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b domain.DeadLetter) int { return a.FirstFailed.Compare(b.FirstFailed) })
	return out[:min(limit, len(out))], nil
}

// Resolve implements ports.DeadLetterStore.
func (d *DeadLetters) Resolve(_ context.Context, l domain.DeadLetter) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, ok := d.letters[l.ID]
	if ok && now.RedriveAt != nil && l.RedriveAt != nil && now.RedriveAt.Equal(*l.RedriveAt) {
		delete(d.letters, l.ID)
	}
	return nil
}

// Woken implements ports.DeadLetterStore.
func (d *DeadLetters) Woken() <-chan struct{} { return d.woken }

// Find implements ports.DeadLetterAdmin.
func (d *DeadLetters) Find(_ context.Context, q domain.DeadLetterQuery) ([]domain.DeadLetter, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.matching(q)
	for i := range out {
		out[i].Body = slices.Clone(out[i].Body)
	}
	return out, nil
}

// Count implements ports.DeadLetterAdmin.
func (d *DeadLetters) Count(_ context.Context, q domain.DeadLetterQuery) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.matching(q)), nil
}

// Redrive implements ports.DeadLetterAdmin.
func (d *DeadLetters) Redrive(_ context.Context, q domain.DeadLetterQuery) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.clock.Now()
	letters := d.matching(q)
	for _, l := range letters {
		l.RedriveAt = &now
		d.letters[l.ID] = l
		if l.EventID != "" && l.Reason != domain.ReasonMalformed {
			d.clear("processed-" + l.EventID + "-" + l.Group)
		}
	}
	select {
	case d.woken <- struct{}{}:
	default:
	}
	return len(letters), nil
}

// Discard implements ports.DeadLetterAdmin.
func (d *DeadLetters) Discard(_ context.Context, q domain.DeadLetterQuery) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	letters := d.matching(q)
	for _, l := range letters {
		delete(d.letters, l.ID)
	}
	return len(letters), nil
}

// matching returns the letters that q selects, newest failure first.
func (d *DeadLetters) matching(q domain.DeadLetterQuery) []domain.DeadLetter {
	var out []domain.DeadLetter
	for _, l := range d.letters {
		behind := q.Behind == nil || newestFailure(l, domain.DeadLetter{LastFailed: q.Behind.LastFailed, UserID: q.Behind.UserID, ID: q.Behind.ID}) > 0
		if behind && letterMatches(l, q) {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, newestFailure)
	if q.Limit > 0 {
		out = out[:min(q.Limit, len(out))]
	}
	return out
}

func newestFailure(a, b domain.DeadLetter) int {
	return cmp.Or(b.LastFailed.Compare(a.LastFailed), strings.Compare(a.UserID, b.UserID), strings.Compare(a.ID, b.ID))
}

func letterMatches(l domain.DeadLetter, q domain.DeadLetterQuery) bool {
	within := func(t time.Time) bool {
		return (q.After == nil || t.After(*q.After)) && (q.Before == nil || t.Before(*q.Before))
	}
	return (q.ID == "" || q.ID == l.ID) && (q.Group == "" || q.Group == l.Group) && (q.UserID == "" || q.UserID == l.UserID) &&
		(q.Topic == "" || q.Topic == l.Topic) && strings.Contains(l.Error, q.ErrorContains) && within(l.LastFailed)
}
