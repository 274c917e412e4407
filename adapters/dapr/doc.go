// Package dapr is the bus, the state store and the secrets of a service that
// runs beside a Dapr sidecar (daprd).
//
// Outbound calls go over the sidecar's gRPC API with the protobuf client that
// Dapr generates; inbound, the sidecar is the client of our Server
// (--app-protocol grpc). Its HTTP channel is not used: it can take a refused
// delivery for a success (docs/delivery.md). The component files that this package
// expects are those in deploy/dapr.
//
// Guarantees:
//   - Constructors do no I/O and start no goroutine. The connection is opened by
//     the first call and for ever re-opened by gRPC, so the sidecar may come up
//     later than we do, or restart.
//   - Bytes are untouched in both directions: everything is published and
//     subscribed with rawPayload, so a record is the same whichever transport
//     wrote or reads it. Two values can't be told apart by way of daprd: a
//     tombstone and the four bytes "null" (both arrive as a tombstone:
//     components-contrib, common/component/kafka, DeserializeValue).
//   - Nothing is dropped; see "Answers" below.
//   - An error of the sidecar or of what is behind it is domain.ErrUnavailable.
//
// Never done here: decoding of events, idempotency, counting, dead letters. That
// is core/delivery, above every transport.
//
// # Answers
//
// What daprd 1.18 makes of an answer to OnTopicEvent
// (dapr, pkg/runtime/subscription/postman/grpc/grpc.go, Deliver):
//
//   - no error and SUCCESS: delivered. SUCCESS is the zero value, so an empty
//     answer is one too, and a handler that panics must not end in an answer;
//   - no error and DROP, or an error with the code Unimplemented: the record is
//     gone for this group. Neither is ever said by Server, not even of a service or
//     method that it does not have, which gRPC itself would answer so. Nothing may
//     stand between sidecar and Server that answers for it: gRPC makes Unimplemented
//     of an HTTP 404;
//   - RETRY, an unknown status, any other code, no connection: delivered again,
//     after the component's wait, in place (retries without end are set in
//     deploy/dapr).
//
// # The sidecar's side
//
//   - It asks for the subscriptions once, when our port first opens, with three
//     more tries over about two seconds, and never again while it lives
//     (pkg/runtime/processor/subscriber, initProgrammaticSubscriptions).
//   - A record's key comes as gRPC metadata "__key", escaped as in a URL's query
//     by the component's escapeHeaders; other headers are kept back by its
//     excludeHeaderMetaRegex. Its bytes come decoded in Data
//     (pkg/runtime/pubsub/subscriptions.go, GRPCEnvelopeFromSubscriptionMessage).
//   - APP_API_TOKEN comes as metadata "dapr-api-token" with every event, but not
//     with the questions: subscriptions (GetSubscriptionsGRPC), bindings
//     (pkg/runtime/processor/binding, getSubscribedBindingsGRPC) and health
//     (pkg/channel/grpc, HealthProbe).
//   - A delivery has no time limit, and a rebalance does not cancel it.
//   - All deliveries share one connection. When it is lost it is opened anew by the
//     next delivery, and after a failure with gRPC's default backoff: 1 s, then 1.6
//     times more each time, up to 120 s (pkg/api/grpc/manager,
//     createLocalConnection). Meanwhile deliveries fail at once.
package dapr
