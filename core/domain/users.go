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
	Tasks, Events, AuditEntries, Notifications, DeadLetters, Accounts int64
	Position                                                          int64 // of the last event that was there
}
