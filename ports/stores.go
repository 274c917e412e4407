package ports

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// TaskStore keeps tasks. Every write stores the task, its event at the user's
// next stream position and the outbox row in one transaction, and returns that
// position. Common errors: domain.ErrNotFound (also for another user's task),
// domain.ErrConflict, domain.ErrUnavailable (unknown whether it was written).
type TaskStore interface {
	// Create stores a new task. domain.ErrConflict: the user already has a task
	// with this id, or one with this PreviousTaskID.
	Create(ctx context.Context, t domain.Task, e domain.Event) (position int64, err error)
	Get(ctx context.Context, user string, id uuid.UUID) (domain.Task, error)
	List(ctx context.Context, user string, q domain.TaskQuery) (domain.TaskList, error)
	// Update stores t if the stored version is t.Version-1, else domain.ErrConflict.
	Update(ctx context.Context, t domain.Task, e domain.Event) (position int64, err error)
	// Delete removes the task if its version is still version, else domain.ErrConflict.
	Delete(ctx context.Context, user string, id uuid.UUID, version int64, e domain.Event) (position int64, err error)
}

// AuditStore keeps the audit trail, append-only.
type AuditStore interface {
	// Append stores an entry once: an entry whose (user, id) is there already is
	// left as it is and is no error. So is one at a position that the user had erased:
	// it is not stored. Calls in flight together are written together.
	Append(ctx context.Context, e domain.AuditEntry) error
	List(ctx context.Context, user string, q domain.AuditQuery) ([]domain.AuditEntry, error)
}

// Outbox is what is stored and not yet published.
type Outbox interface {
	// Lease takes or renews up to want shards of publisher for owner for ttl, and
	// gives up those beyond a fair share of the live owners (never one in keep, whose
	// events are in flight). Only shards in the answer may be relayed, until
	// Lease.Until; one that leaves the answer is nobody else's before a later call
	// that does not keep it, so that what was started meanwhile can end. want 0
	// gives everything up at once.
	Lease(ctx context.Context, publisher domain.Service, owner string, want int, ttl time.Duration, keep []int) (domain.Lease, error)
	// Heads returns the oldest pending event of each user of the lease's shards, at
	// most limit users; calls go round so that no user starves.
	Heads(ctx context.Context, l domain.Lease, limit int) ([]domain.Pending, error)
	// Settle removes what was published. Removing again is no error.
	Settle(ctx context.Context, l domain.Lease, published ...domain.Pending) error
	// Wake gets a value (capacity 1, never blocks the writer) soon after an event
	// became pending; signals may be lost or merge, so the relay also polls.
	Wake() <-chan struct{}
}

// EventStream reads the users' streams.
type EventStream interface {
	// After returns events with a higher position, in order, at most limit, and the
	// stream's head read in the same snapshot.
	After(ctx context.Context, user string, position int64, limit int) ([]domain.Event, domain.Position, error)
	// Heads returns where the stream of each user is that has one.
	Heads(ctx context.Context, users []string) (map[string]domain.Head, error)
}

// DeadLetterStore is what delivery needs to keep and redrive dead letters.
type DeadLetterStore interface {
	// Keep stores a letter; one with the same id is the same letter: its attempts
	// are added, error, reason and LastFailed replaced, and a redrive mark cleared.
	// One whose Position the user had erased is not stored, and is no error.
	Keep(ctx context.Context, l domain.DeadLetter) error
	// Marked returns letters of group whose redrive is asked for, oldest first.
	Marked(ctx context.Context, group string, limit int) ([]domain.DeadLetter, error)
	// Resolve removes a letter whose redrive succeeded, if it still carries the mark
	// it was read with; a letter that failed again has lost it and stays.
	Resolve(ctx context.Context, l domain.DeadLetter) error
	// Woken gets a value soon after a redrive was asked for (see Outbox.Wake).
	Woken() <-chan struct{}
}

// DeadLetterAdmin is the operator's view of dead letters.
type DeadLetterAdmin interface {
	// Find returns the letters that match, newest failure first.
	Find(ctx context.Context, q domain.DeadLetterQuery) ([]domain.DeadLetter, error)
	// Count returns how many match; at most q.Limit when that is set.
	Count(ctx context.Context, q domain.DeadLetterQuery) (int, error)
	// Redrive marks what matches and clears its attempts in the same transaction,
	// and wakes the owning service.
	Redrive(ctx context.Context, q domain.DeadLetterQuery) (int, error)
	// Discard removes what matches; to the group the events stay done, and their
	// effect never happens.
	Discard(ctx context.Context, q domain.DeadLetterQuery) (int, error)
}
