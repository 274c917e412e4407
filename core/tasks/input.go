package tasks

import "time"

// Optional is a field of an input: absent (the zero value), null, or a value.
type Optional[T any] struct {
	Value T
	state state
}

type state uint8

const (
	absent state = iota
	null
	given
)

// Some is a field with a value.
func Some[T any](v T) Optional[T] { return Optional[T]{Value: v, state: given} }

// Null is a field that is there and empty.
func Null[T any]() Optional[T] { return Optional[T]{state: null} }

// Present says that the field is there, as null or with a value.
func (o Optional[T]) Present() bool { return o.state != absent }

// Given says that the field has a value.
func (o Optional[T]) Given() bool { return o.state == given }

// Input is what a user may set of a task. For Create absent and null mean the
// default; for Update absent means unchanged and null cleared. Rules:
//
//   - Title: required; trimmed; 1 to 255 code points
//   - Description: at most 1,000 code points
//   - Priority, Category: required; one of the known words, in any case
//   - DueDate, RecurringEndDate, ReminderAt: the years 1 to 9999 in UTC; stored
//     in UTC, cut to microseconds
//   - RecurringRule: what core/recurrence reads and what can occur, kept in its
//     normalised form; "" is null
//   - Tags: trimmed, lower-cased, empty and repeated ones dropped; then at most 10
//     of 1 to 50 code points
//   - TimeZone: an IANA name; "" is null; the default is UTC
//
// All text must be UTF-8 without NUL characters.
type Input struct {
	Title            Optional[string]
	Description      Optional[string]
	Priority         Optional[string]
	Category         Optional[string]
	DueDate          Optional[time.Time]
	RecurringRule    Optional[string]
	RecurringEndDate Optional[time.Time]
	ReminderAt       Optional[time.Time]
	Tags             Optional[[]string]
	TimeZone         Optional[string]
}
