package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/tasktide/tasktide/core/domain"
)

const traceParent = "traceparent"

// under is ctx below its own span or, when it has none, below the one that parent
// names; what is no trace context begins a new trace.
func under(ctx context.Context, parent string) context.Context {
	if trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceParent: parent})
}

// within is ctx, whose span is new, with its trace context for the events that are made there.
func within(ctx context.Context) context.Context {
	c := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, c)
	return domain.WithRequest(ctx, domain.CorrelationIDFrom(ctx), c[traceParent])
}
