package delivery

import "sync/atomic"

type stats struct{ attempts, handled, duplicates, failures, deadLetters atomic.Int64 }

// Stats counts what a Consumer did since it was made.
type Stats struct {
	Attempts    int64 // started attempts, given back or not
	Handled     int64 // events done by a handler
	Duplicates  int64 // deliveries of events that were done before
	Failures    int64 // counted attempts that failed and are tried again
	DeadLetters int64 // letters kept
}

// Stats reads the counters.
func (c *Consumer) Stats() Stats {
	return Stats{c.stats.attempts.Load(), c.stats.handled.Load(), c.stats.duplicates.Load(), c.stats.failures.Load(), c.stats.deadLetters.Load()}
}
