// Package device is a user's device as the whole-system test and the measurement run it: written from outside, against
// the documented protocol, with no code of ours.
//
//   - It loads the list, resumes from the list's stream position, and applies each message to its own copy.
//   - Positions must rise by one, over all its connections: a gap or a repetition ends it with an error.
//   - It connects again whenever the connection ends, by WebSocket or Server-Sent Events, and does what a close code
//     says: below 4500 it comes back, above it must not.
//   - What a message says was there before (old values, a task that exists) must be what the copy has.
package device
