package memory

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.AuditStore = (*Audit)(nil)

// Audit keeps the audit trail in memory.
type Audit struct {
	mu    sync.Mutex
	users map[string]map[uuid.UUID]domain.AuditEntry
}

// NewAudit makes an empty trail.
func NewAudit() *Audit { return &Audit{users: map[string]map[uuid.UUID]domain.AuditEntry{}} }

// Append stores an entry once.
func (s *Audit) Append(_ context.Context, e domain.AuditEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	trail, ok := s.users[e.UserID]
	if !ok {
		trail = map[uuid.UUID]domain.AuditEntry{}
		s.users[e.UserID] = trail
	}
	if _, ok := trail[e.ID]; !ok {
		e.Data = slices.Clone(e.Data)
		trail[e.ID] = e
	}
	return nil
}

// List returns entries, highest position first.
func (s *Audit) List(_ context.Context, user string, q domain.AuditQuery) ([]domain.AuditEntry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []domain.AuditEntry{}
	for _, e := range s.users[user] {
		if (q.EventType == "" || q.EventType == e.EventType) &&
			(q.EntityType == "" || q.EntityType == e.EntityType) &&
			(q.EntityID == "" || q.EntityID == e.EntityID) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b domain.AuditEntry) int {
		return cmp.Or(-cmp.Compare(a.Position, b.Position), -slices.Compare(a.ID[:], b.ID[:]))
	})
	from := min(max(q.Offset, 0), len(out))
	return out[from:min(from+q.Limit, len(out))], nil
}
