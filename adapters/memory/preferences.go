package memory

import (
	"context"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var (
	_ ports.PreferenceStore = (*Preferences)(nil)
	_ ports.TaskCounter     = (*Tasks)(nil)
)

// Preferences keeps what users chose in memory.
type Preferences struct {
	mu    sync.Mutex
	users map[string]domain.Preferences
}

// NewPreferences makes an empty store.
func NewPreferences() *Preferences { return &Preferences{users: map[string]domain.Preferences{}} }

// Get implements ports.PreferenceStore.
func (s *Preferences) Get(_ context.Context, user string) (domain.Preferences, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.users[user]; ok {
		return p, nil
	}
	return domain.DefaultPreferences(), nil
}

// Change implements ports.PreferenceStore.
func (s *Preferences) Change(_ context.Context, user string, c domain.PreferencesChange, now time.Time) (domain.Preferences, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.users[user]
	if !ok {
		p = domain.DefaultPreferences()
	}
	if c.TimeZone != nil {
		p.TimeZone = *c.TimeZone
	}
	if c.Theme != nil {
		p.Theme = *c.Theme
	}
	now = now.UTC().Truncate(time.Microsecond)
	p.UpdatedAt = &now
	s.users[user] = p
	return p, nil
}

// Count implements ports.TaskCounter.
func (s *Tasks) Count(_ context.Context, user string) (c domain.TaskCounts, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.user(user).tasks {
		c.Total++
		if t.Completed {
			c.Completed++
		}
	}
	c.Pending = c.Total - c.Completed
	return c, nil
}
