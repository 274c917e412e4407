// Package transport is the suite that every transport must pass: what 20-delivery
// guarantees of raw messages, each guarantee a named subtest. It knows the ports
// and a Harness, and nothing of brokers, so memory, Kafka and Dapr run the same
// assertions.
//
// A transport's test is a constructor:
//
//	func TestKafka(t *testing.T) { transport.Run(t, harness(t)) }
//
// Rules of the suite:
//
//   - Every subtest has topics, groups and users of its own, so that they run in
//     parallel on one broker; the subtests that stop the broker run alone, last.
//   - It waits for signals (a delivery, a return), never for time to pass, except
//     where time itself is the guarantee.
//   - Publishing is always done beside handling: a Publish may wait until the
//     durable groups have handled the record (memory does).
//   - Redelivery is allowed wherever a member leaves; what is asserted there is at
//     least once and the order of first handlings.
package transport
