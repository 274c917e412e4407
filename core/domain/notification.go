package domain

import (
	"time"

	"github.com/google/uuid"
)

// NotificationReminder is the type of a notification about a reminder.
const NotificationReminder = "reminder"

// Notification is something that a user was told. One task and reminder time has
// one at most. All times are UTC with microseconds.
type Notification struct {
	ID         uuid.UUID // version 7
	UserID     string
	TaskID     uuid.UUID // the task may be gone meanwhile
	Type       string
	Message    string
	ReminderAt time.Time
	Read       bool
	CreatedAt  time.Time // on the database's clock
}

// NotificationQuery narrows one user's notifications; newest first.
type NotificationQuery struct {
	UnreadOnly bool
	Limit      int // 1 to 100
}

// DueReminder is a task that its user is to be reminded of, as it was when it was
// read. Version says which state of the task that is.
type DueReminder struct {
	UserID     string
	TaskID     uuid.UUID
	Version    int64
	Title      string
	DueDate    *time.Time
	ReminderAt time.Time
	UpdatedAt  time.Time // of the task in this version
}

// Sending is what is stored for a DueReminder: the notification and Due, its event;
// or, when there is a notification of this task and time already, Marked alone, the
// event of the task's new state.
type Sending struct {
	Notification Notification
	Due, Marked  Event
}

// Reminders is what is due at Now, a reading of the database's clock, and when the
// next one after that is; nil when none is set.
type Reminders struct {
	Now  time.Time
	Due  []DueReminder
	Next *time.Time
}
