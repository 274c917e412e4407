// Package rest serves the REST API of backend-api on Fiber, and the health,
// readiness and metrics routes of every service.
//
// It guarantees: a user is whoever the verified token names, never what a path or
// a body says; every failure is one RFC 9457 problem with a sentence to act on,
// mapped from its kind in one place (problem.go), and none shows what happened
// inside; nothing that Fiber reuses after a handler is kept.
//
// Handlers are plain Fiber handlers with a decoder and an encoder of their own
// (decode.go, encode.go): the routes are few, their rules are finer than a schema
// can say (absent, null and empty differ), and the create route is hot.
package rest
