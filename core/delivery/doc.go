// Package delivery decides what happens to one delivered event. It is the half
// of the delivery contract that all transports share: they bring bytes and take
// an answer (done, or again after a while); decoding, idempotency, counting,
// backoff and dead letters are here, once.
//
// For each event of a durable group, in this order:
//
//  1. State processed-{event_id}-{group} becomes "started", attempt n. If it is
//     "done", the answer is done. If its next attempt is in the future: again.
//  2. The use case handles it. Its effect is idempotent by a unique key, so two
//     handlers at once, or one that lost its partition, do no harm; no lease or
//     owner is needed and after a kill the event is handled again at once.
//  3. State becomes "done", and only then the transport is told so.
//
// An error that wraps domain.ErrUnavailable while a probe of the dependency
// fails too opens the Circuit: the group waits in this process, one probe at a
// time, and the attempt is given back, so an outage dead-letters nothing. A
// permanent error or bytes that can't be read become a dead letter at once, any
// other failure after the counted attempts. A dead letter is stored before the
// event counts as done: nothing is dropped.
//
// All types may be used concurrently. Nothing here starts a goroutine except
// Redriver.Run.
package delivery
