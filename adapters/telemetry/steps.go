package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/tasktide/tasktide/ports"
)

var _ ports.Observer = (*Steps)(nil)

// Steps makes a span of each step of an event, by the semantic conventions for
// messaging.
type Steps struct{ t *Tracing }

// Steps returns the observer whose spans t sends.
func (t *Tracing) Steps() *Steps { return &Steps{t} }

// Begin implements ports.Observer.
func (o *Steps) Begin(ctx context.Context, s ports.Step) context.Context {
	if untold(s) {
		return ctx
	}
	name, kind, system := "publish", trace.SpanKindProducer, o.t.process.Transport
	operation := semconv.MessagingOperationTypeSend
	switch s.Kind {
	case ports.StepProcess:
		name, kind, operation = "process", trace.SpanKindConsumer, semconv.MessagingOperationTypeProcess
	case ports.StepPush:
		name, system = "push", "websocket"
	case ports.StepPublish:
	}
	ctx, span := o.t.tracer.Start(under(ctx, s.TraceParent), name+" "+string(s.Topic),
		trace.WithSpanKind(kind), trace.WithTimestamp(s.Began), trace.WithAttributes(
			text("messaging.system", system), operation, semconv.MessagingOperationName(name),
			semconv.MessagingDestinationName(string(s.Topic)), semconv.MessagingMessageID(s.Event.String()),
			semconv.CloudEventsEventType(string(s.Type)), text("tasktide.service", string(s.Service)),
		))
	if s.Kind == ports.StepProcess {
		span.SetAttributes(semconv.MessagingConsumerGroupName(string(s.Service)))
	}
	return within(ctx)
}

// End implements ports.Observer.
func (o *Steps) End(ctx context.Context, s ports.Step, outcome ports.Outcome, err error) {
	if untold(s) {
		return
	}
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(text("tasktide.outcome", string(outcome)))
	failed(span, err)
	span.End()
}

// untold is a write of an event that its connection catches up with: the story of that
// event was over long ago.
func untold(s ports.Step) bool { return s.Kind == ports.StepPush && s.Made.IsZero() }

// failed notes err, if there is one, as what the span ended with.
func failed(span trace.Span, err error) {
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
	}
}
