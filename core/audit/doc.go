// Package audit holds the use cases of the audit trail: recording each task
// event once, and reading a user's own trail.
//
// It guarantees that an event makes at most one entry, whatever is redelivered,
// and that what can't become an entry is refused for good and not retried. It
// never changes or removes an entry.
package audit
