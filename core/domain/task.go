package domain

import (
	"time"

	"github.com/google/uuid"
)

// Priority of a task.
type Priority string

// Category of a task.
type Category string

// The priorities, lowest first, and the categories.
const (
	PriorityLow    Priority = "low"
	PriorityMedium Priority = "medium"
	PriorityHigh   Priority = "high"

	CategoryWork     Category = "work"
	CategoryPersonal Category = "personal"
	CategoryHome     Category = "home"
	CategoryOther    Category = "other"
)

// Rank orders priorities: low 1, medium 2, high 3; 0 for an unknown one.
func (p Priority) Rank() int {
	switch p {
	case PriorityLow:
		return 1
	case PriorityMedium:
		return 2
	case PriorityHigh:
		return 3
	}
	return 0
}

// Valid says whether c is one of the categories.
func (c Category) Valid() bool {
	switch c {
	case CategoryWork, CategoryPersonal, CategoryHome, CategoryOther:
		return true
	}
	return false
}

// Task is one thing to do of one user. All times are UTC with microseconds.
type Task struct {
	ID               uuid.UUID // version 7
	UserID           string
	Title            string // 1 to 255 code points, trimmed
	Description      *string
	Priority         Priority
	Category         Category
	Completed        bool
	DueDate          *time.Time
	RecurringRule    *string // daily, weekly, monthly, yearly or an RRULE
	RecurringEndDate *time.Time
	ParentTaskID     *uuid.UUID // first task of the series
	PreviousTaskID   *uuid.UUID // occurrence before this one; unique for a user
	SeriesStart      *time.Time // due date that the rule counts from; nil: this task's
	SeriesIndex      int64      // occurrences of the series before this one
	ReminderAt       *time.Time
	ReminderSent     bool
	Tags             []string // never nil; trimmed, lower case
	TimeZone         string   // IANA name
	Version          int64    // from 1, one more with each change
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// Status is "completed" or "pending".
func (t Task) Status() string {
	if t.Completed {
		return "completed"
	}
	return "pending"
}

// SortField is what a task list is sorted by.
type SortField string

// The sort fields, by their names in a query.
const (
	SortCreatedAt SortField = "createdAt"
	SortDueDate   SortField = "dueDate"
	SortPriority  SortField = "priority"
	SortTitle     SortField = "title"
)

// TaskQuery narrows and orders a list of one user's tasks. Zero values do not
// narrow. Search is matched anywhere in title and description, ignoring case
// (see Fold), as literal text. A task matches Tags when it has all of them.
// Equal values are ordered by id, in the same direction.
type TaskQuery struct {
	Status    *string // "pending", "completed"; another value matches nothing
	Priority  *Priority
	Category  *Category
	Search    string
	Tags      []string
	DueBefore *time.Time // dueDate < DueBefore
	DueAfter  *time.Time // dueDate > DueAfter
	SortBy    SortField  // "" is SortCreatedAt
	Ascending bool
	Limit     int       // 0: everything
	After     *TaskMark // page begins after this task
}

// TaskMark is the last task of a page: the value it was sorted by and its id.
// Tasks without a due date sort last, whatever the order; DueDate is nil then.
type TaskMark struct {
	ID        uuid.UUID
	CreatedAt time.Time
	DueDate   *time.Time
	Priority  Priority
	Title     string
}

// TaskList is a page of tasks and the stream position of the same snapshot:
// every change up to it is in the list, none after it is.
type TaskList struct {
	Tasks    []Task
	Position Position
	More     bool // there are tasks after this page
}
