package users

import (
	"context"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Deps are what the use cases need from outside.
type Deps struct {
	Counts        ports.TaskCounter
	Streams       ports.EventStream
	Preferences   ports.PreferenceStore
	Tasks         ports.TaskStore
	Audit         ports.AuditStore
	Notifications ports.NotificationStore
	Eraser        ports.UserEraser
	Clock         ports.Clock
}

// Service is the use cases. It may be called concurrently.
type Service struct{ d Deps }

// New makes the use cases.
func New(d Deps) *Service { return &Service{d} }

// Now is the time.
func (s *Service) Now() time.Time { return s.d.Clock.Now() }

// Stats counts user's tasks. Errors: those of ports.TaskCounter.
func (s *Service) Stats(ctx context.Context, user string) (domain.TaskCounts, error) {
	return s.d.Counts.Count(ctx, user)
}
