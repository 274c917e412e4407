package users

import (
	"context"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Deps are what the use cases need from outside.
type Deps struct {
	Counts      ports.TaskCounter
	Streams     ports.EventStream
	Preferences ports.PreferenceStore
	Exporter    ports.UserExporter
	Eraser      ports.UserEraser
	Clock       ports.Clock
}

// Service is the use cases. It may be called concurrently.
type Service struct{ d Deps }

// New makes the use cases.
func New(d Deps) *Service { return &Service{d} }

// Now is the time.
func (s *Service) Now() time.Time { return s.d.Clock.Now() }

// Export reads everything of user. Errors: those of ports.UserExporter.
func (s *Service) Export(ctx context.Context, user string, into domain.UserData) error {
	return s.d.Exporter.Export(ctx, user, into)
}

// Erase removes everything of user, for good. Errors: those of ports.UserEraser.
func (s *Service) Erase(ctx context.Context, user string) (domain.Erased, error) {
	return s.d.Eraser.Erase(ctx, user)
}

// Stats counts user's tasks. Errors: those of ports.TaskCounter.
func (s *Service) Stats(ctx context.Context, user string) (domain.TaskCounts, error) {
	return s.d.Counts.Count(ctx, user)
}
