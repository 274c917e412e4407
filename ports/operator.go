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

// LagReader says how far groups are behind.
type LagReader interface {
	// Lag returns the lag of every durable group in each of its topics. Errors:
	// domain.ErrUnavailable.
	Lag(ctx context.Context) ([]domain.Lag, error)
}

// TopicReader says how many events topics have taken.
type TopicReader interface {
	// Topics returns every topic of the routing table, in its order. Errors:
	// domain.ErrUnavailable.
	Topics(ctx context.Context) ([]domain.TopicCount, error)
}
