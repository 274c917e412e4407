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
