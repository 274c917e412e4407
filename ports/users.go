package ports

import (
	"context"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// TaskCounter counts a user's tasks.
type TaskCounter interface {
	// Count is of one snapshot.
	Count(ctx context.Context, user string) (domain.TaskCounts, error)
}

// PreferenceStore keeps what users chose.
type PreferenceStore interface {
	// Get returns what user chose; domain.DefaultPreferences without.
	Get(ctx context.Context, user string) (domain.Preferences, error)
	// Change sets the given fields at the time now and returns what holds then.
	// Changes at the same time don't undo each other's fields.
	Change(ctx context.Context, user string, c domain.PreferencesChange, now time.Time) (domain.Preferences, error)
}

// UserEraser removes everything that is kept of users.
type UserEraser interface {
	// Erase removes all rows of user in one transaction, the account and its sessions
	// included, and marks the stream: what
	// still comes of an event up to Erased.Position has no effect, wherever that event
	// is at this moment, in a broker or a handler. Idempotency records of events stay:
	// they have no personal data. What the same user writes later is kept as ever, at
	// positions behind it. Erasing again is no error.
	Erase(ctx context.Context, user string) (domain.Erased, error)
}

// UserExporter reads everything that is kept of users.
type UserExporter interface {
	// Export gives all rows of user to into, as they were at one moment; see
	// domain.UserData. An error of into comes back as it is. It holds that moment in
	// the database, and a connection, until it returns.
	Export(ctx context.Context, user string, into domain.UserData) error
}

// CausedTaskStore creates the tasks that events lead to.
type CausedTaskStore interface {
	// CreateCaused is TaskStore.Create for the effect of the event at position cause of
	// the same user's stream. domain.ErrGone: the user had that event erased.
	// domain.ErrConflict also when, behind that event, an occurrence after the same
	// PreviousTaskID was deleted: what the user deleted does not come back by a
	// completion that was before it, however late that is handled. Then nothing was
	// written. It is decided together with the write.
	CreateCaused(ctx context.Context, cause int64, t domain.Task, e domain.Event) (position int64, err error)
}
