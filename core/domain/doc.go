// Package domain holds what every part of Tasktide agrees on: tasks, the event
// envelope and its bytes on the wire, topics and the routing table, dead
// letters, audit entries and the kinds of error.
//
// It does no I/O, starts no goroutine, reads no clock and keeps no state. All
// values are safe to copy; a slice or pointer inside a value belongs to whoever
// made it and is never changed by this package.
package domain
