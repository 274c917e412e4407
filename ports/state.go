package ports

import (
	"context"
	"time"
)

// Entry is a stored value. Value is JSON. ETag names this version of it.
type Entry struct {
	Key   string
	Value []byte
	ETag  string
}

// WriteMode is the condition of a write.
type WriteMode int

// Any: always. IfAbsent: only when the key has no (unexpired) value. IfMatch:
// only while the value still has Item.ETag.
const (
	Any WriteMode = iota
	IfAbsent
	IfMatch
)

// Item is one write. Value must be JSON. TTL counts from the write; 0: for ever
// (a write without TTL also ends an earlier one).
type Item struct {
	Key   string
	Value []byte
	Mode  WriteMode
	ETag  string
	TTL   time.Duration
}

// StateStore keeps the idempotency state. It may be called concurrently.
type StateStore interface {
	// Get returns the entries that exist and have not expired, in any order.
	// Errors: domain.ErrUnavailable.
	Get(ctx context.Context, keys ...string) ([]Entry, error)
	// Put writes each item by itself; a batch is not atomic. The result has one
	// error for each item, in order: nil, domain.ErrConflict (its condition does not
	// hold) or domain.ErrUnavailable (unknown whether it was written). Keys within a
	// batch must differ.
	Put(ctx context.Context, items ...Item) []error
}
