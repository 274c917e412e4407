// Package dapr is the bus, the state store and the secrets of a service that
// runs beside a Dapr sidecar (daprd).
//
// Outbound calls go over the sidecar's gRPC API with the protobuf client that
// Dapr generates; inbound deliveries are HTTP requests of the sidecar to routes
// on our own Fiber app (Subscriber.Routes). The component files that this package
// expects are those in deploy/dapr.
//
// Guarantees:
//   - Constructors do no I/O and start no goroutine. The connection is opened by
//     the first call and for ever re-opened by gRPC, so the sidecar may come up
//     later than we do, or restart.
//   - Bytes are untouched in both directions: everything is published and
//     subscribed with rawPayload, so a record is the same whichever transport
//     wrote or reads it. Two values can't be told apart by way of daprd: a
//     tombstone and the four bytes "null" (both arrive as a tombstone).
//   - Nothing is dropped. The one answer that makes daprd drop a delivery for a
//     status, 404, is never given below /events and /broadcast; see
//     https://docs.dapr.io/reference/api/pubsub_api/#expected-http-response.
//   - An error of the sidecar or of what is behind it is domain.ErrUnavailable.
//
// Never done here: decoding of events, idempotency, counting, dead letters. That
// is core/delivery, above every transport.
package dapr
