package domain

import "time"

// TaskCounts is how many tasks a user has.
type TaskCounts struct{ Total, Pending, Completed int64 }

// Theme is how the page looks.
type Theme string

// The themes; system is what the user's device says.
const (
	ThemeLight  Theme = "light"
	ThemeDark   Theme = "dark"
	ThemeSystem Theme = "system"
)

// Preferences are what a user chose for the page.
type Preferences struct {
	TimeZone  string // IANA name
	Theme     Theme
	UpdatedAt *time.Time // nil: nothing was chosen yet
}

// DefaultPreferences are those of a user who chose nothing.
func DefaultPreferences() Preferences { return Preferences{TimeZone: "UTC", Theme: ThemeSystem} }

// PreferencesChange is what to change; nil stays as it is.
type PreferencesChange struct {
	TimeZone *string
	Theme    *Theme
}

// Erased is what was removed of a user.
type Erased struct {
	Tasks, Events, AuditEntries, Notifications, DeadLetters int64
	Position                                                int64 // of the last event that was there
}

// Backlog is what one shard of a publisher has stored and not published.
type Backlog struct {
	Publisher Service
	Shard     int
	Pending   int64
	Oldest    time.Time     // when its oldest event was made
	Age       time.Duration // since then, on the database's clock
	Owner     string        // the relay that holds the shard; "" when none does
}

// DeadLetterMark is the last letter of a page.
type DeadLetterMark struct {
	LastFailed time.Time
	UserID, ID string
}
