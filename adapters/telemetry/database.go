package telemetry

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"regexp"
	"slices"
	"strings"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/attribute"
	metric "go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/tasktide/tasktide/core/coalesce"
)

// OpenDB opens a pool whose statements are spans, where they are a part of something that is traced.
// Their text is not in them: some statements carry values.
func (t *Tracing) OpenDB(c driver.Connector) *sql.DB {
	return otelsql.OpenDB(c,
		otelsql.WithTracerProvider(t.provider), otelsql.WithMeterProvider(metric.NewMeterProvider()),
		otelsql.WithAttributes(t.system()),
		otelsql.WithSpanNameFormatter(func(_ context.Context, m otelsql.Method, query string) string {
			if query == "" { // a transaction's begin and end
				return strings.ToUpper(strings.TrimPrefix(strings.TrimPrefix(string(m), "sql.tx."), "sql.conn."))
			}
			return summary(query)
		}),
		otelsql.WithAttributesGetter(func(_ context.Context, _ otelsql.Method, query string, _ []driver.NamedValue) []attribute.KeyValue {
			if query == "" {
				return nil
			}
			return []attribute.KeyValue{text("db.query.summary", summary(query))}
		}),
		otelsql.WithSpanOptions(otelsql.SpanOptions{
			DisableQuery: true, DisableErrSkip: true, OmitConnResetSession: true, OmitConnPrepare: true, OmitConnectorConnect: true, OmitRows: true,
			SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
				return recording(ctx)
			},
		}))
}

func (t *Tracing) system() attribute.KeyValue { return text("db.system.name", t.process.Database) }

var (
	target = regexp.MustCompile(`(?i)\b(INSERT INTO|UPDATE|DELETE FROM|FROM)\s+"?([a-z_]+)`)
	locks  = []string{"SET", "SKIP", "NOWAIT", "OF"} // what follows an UPDATE that is none
)

// summary is what a statement does to which table, such as INSERT tasks: of several, what
// it writes first.
func summary(query string) string {
	verb, _, _ := strings.Cut(strings.TrimSpace(query), " ")
	verb = strings.ToUpper(verb)
	read := ""
	for _, m := range target.FindAllStringSubmatch(query, -1) {
		done, table := strings.ToUpper(m[1]), m[2]
		switch {
		case slices.Contains(locks, strings.ToUpper(table)):
		case done == "FROM" && read == "":
			read = table
		case done != "FROM":
			word, _, _ := strings.Cut(done, " ")
			return word + " " + table
		}
	}
	if read == "" {
		return verb
	}
	return "SELECT " + read
}

// Watch makes spans of calls that share a statement or a transaction: see the package.
func (t *Tracing) Watch(operation, table string) *coalesce.Watch {
	name := strings.TrimSpace(operation + " " + table)
	about := []attribute.KeyValue{t.system(), semconv.DBOperationName(operation)}
	if table != "" {
		about = append(about, semconv.DBCollectionName(table))
	}
	return &coalesce.Watch{
		Call: func(ctx context.Context) (context.Context, func(error)) {
			if !recording(ctx) {
				return ctx, func(error) {}
			}
			ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(about...))
			return ctx, func(err error) { failed(span, err); span.End() }
		},
		Batch: func(ctx context.Context, calls []context.Context) (context.Context, func()) {
			return t.batch(ctx, "BATCH "+name, about, calls)
		},
	}
}

// batch begins a span for several calls, in a trace of its own.
func (t *Tracing) batch(ctx context.Context, name string, about []attribute.KeyValue, calls []context.Context) (context.Context, func()) {
	var spans []trace.Span
	for _, c := range calls {
		if span := trace.SpanFromContext(c); span.IsRecording() {
			spans = append(spans, span)
		}
	}
	switch len(spans) {
	case 0:
		return ctx, func() {}
	case 1:
		return trace.ContextWithSpan(ctx, spans[0]), func() {}
	}
	links := make([]trace.Link, len(spans))
	for i, s := range spans {
		links[i] = trace.Link{SpanContext: s.SpanContext()}
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindClient), trace.WithLinks(links...),
		trace.WithAttributes(append(slices.Clone(about), semconv.DBOperationBatchSize(len(calls)))...))
	for _, s := range spans {
		s.AddLink(trace.Link{SpanContext: span.SpanContext()})
	}
	return ctx, func() { span.End() }
}
