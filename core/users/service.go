package users

import (
	"context"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Deps are what the use cases need from outside.
type Deps struct {
	Counts      ports.TaskCounter
	Streams     ports.EventStream
	Preferences ports.PreferenceStore
	Clock       ports.Clock
}

// Service is the use cases. It may be called concurrently.
type Service struct{ d Deps }

// New makes the use cases.
func New(d Deps) *Service { return &Service{d} }

// Stats counts user's tasks. Errors: those of ports.TaskCounter.
func (s *Service) Stats(ctx context.Context, user string) (domain.TaskCounts, error) {
	return s.d.Counts.Count(ctx, user)
}
