package audit

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// The sizes of a list of entries.
const (
	DefaultLimit = 100
	MaxLimit     = 500
)

// Reader reads audit trails.
type Reader struct{ store ports.AuditStore }

// NewReader makes a reader.
func NewReader(store ports.AuditStore) *Reader { return &Reader{store: store} }

// List returns user's entries that q selects, newest first; a limit of 0 is
// DefaultLimit. Values that no entry has select nothing.
// Errors: domain.ErrInvalid; those of ports.AuditStore.
func (r *Reader) List(ctx context.Context, user string, q domain.AuditQuery) ([]domain.AuditEntry, error) {
	var bad []domain.FieldError
	for _, f := range [...]struct{ name, value string }{
		{"event_type", q.EventType}, {"entity_type", q.EntityType}, {"entity_id", q.EntityID},
	} {
		if strings.IndexByte(f.value, 0) >= 0 || !utf8.ValidString(f.value) {
			bad = append(bad, domain.FieldError{Field: f.name, Message: "must be Unicode text without NUL characters"})
		}
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		bad = append(bad, domain.FieldError{Field: "limit", Message: "must be 1 to 500"})
	}
	if q.Offset < 0 {
		bad = append(bad, domain.FieldError{Field: "offset", Message: "must not be negative"})
	}
	if bad != nil {
		return nil, domain.Invalid("the query breaks a rule; each wrong parameter is listed in errors", bad...)
	}
	return r.store.List(ctx, user, q)
}
