// Package outbox relays stored events to the publisher.
//
// A Relay takes only its own service's events, by leases on shards of users.
// At most one event of a user is unacknowledged at any time: the next is read
// only when the one before is published and removed. So a user's events reach
// each topic in the order of the stream, on every transport; a crash or a lost
// lease publishes the last one again and never skips or swaps; a removal that
// fails is repeated alone: once a second at most, by one user for all, since what
// refuses one mostly refuses all. Users do not wait
// for each other: one whose event can't be published is retried alone, for as
// long as it takes.
//
// It reads in waves: what is committed within Options.Pace of a read goes out
// with the next one, so that publishing and settling are done for many at a time.
//
// A Relay starts its goroutines in Run and has ended them when Run returns.
package outbox
