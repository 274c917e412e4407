// Package users holds the use cases of what belongs to a user as a whole: counts,
// the stream of events, preferences, and exporting and erasing everything.
//
// It guarantees that a part of a stream is whole: events come in the order of their
// positions and without a gap, or the answer says that some are gone for good. It
// never asks whose request it serves: callers have verified that.
package users
