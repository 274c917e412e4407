package ports

import (
	"context"

	"github.com/tasktide/tasktide/core/domain"
)

// OutboxMonitor shows what waits to be published.
type OutboxMonitor interface {
	// Backlog returns the shards of all publishers that have something pending, in
	// order. It counts every row: for an operator, not for a loop.
	Backlog(ctx context.Context) ([]domain.Backlog, error)
}
