// Package telemetry sends traces to a collector by OpenTelemetry's protocol. It is the
// only package that knows OpenTelemetry; the others are watched through
// ports.Observer, coalesce.Watch and the functions that they are given.
//
// One change is one trace, whatever the transport: the trace's id goes with the event,
// in its CloudEvents attribute traceparent, from the request's span on. What is done
// with the event later is below that span: the publish of the relay, the delivery to
// each group, the republication for live connections, the write to each of them. What a
// handler causes (the next occurrence of a task) is below the handler's span.
//
// Calls that share a statement or a transaction with others have a span each; the shared
// one is a trace of its own with a link to each of them, and they have one to it. A call
// that was alone has no such span: its statements are directly below it.
//
// Which spans there are, and where they go, is decided by OpenTelemetry's own variables
// (docs/configuration.md). Nothing here blocks or fails what is traced: what a collector
// does not take is dropped, and logged.
//
// A span never has a token, a body, a title or the text of a statement.
package telemetry
