package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/tasktide/tasktide/core/domain"
)

// Request begins the span of an HTTP request, by the semantic conventions for servers,
// below the one that the context's domain.TraceParentFrom names. The returned context is
// to serve it with; ended takes the route that was found ("" for none), the answer's
// status, and for a failure of ours its error.
func (t *Tracing) Request(ctx context.Context, method, path, scheme string) (of context.Context, ended func(route string, status int, err error)) {
	ctx, span := t.tracer.Start(under(ctx, domain.TraceParentFrom(ctx)), method, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(text("http.request.method", method), semconv.URLPath(path), semconv.URLScheme(scheme)))
	return within(ctx), func(route string, status int, err error) {
		answer := []attribute.KeyValue{semconv.HTTPResponseStatusCode(status)}
		if route != "" {
			span.SetName(method + " " + route)
			answer = append(answer, semconv.HTTPRoute(route))
		}
		span.SetAttributes(answer...)
		if status >= 500 {
			failed(span, err)
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
