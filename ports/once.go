package ports

import (
	"context"

	"github.com/tasktide/tasktide/core/domain"
)

// OnceStore creates at most one task for each idempotency key of a user.
type OnceStore interface {
	// CreateOnce is TaskStore.Create that keeps a in the same transaction, and returns
	// a. When the user has kept an answer with this key before, nothing is written and
	// that answer is returned. Of calls at the same time one creates; the others wait
	// for what becomes of it.
	CreateOnce(ctx context.Context, t domain.Task, e domain.Event, a domain.KeptAnswer) (domain.KeptAnswer, error)
}
