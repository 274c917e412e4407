package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
)

// Process says what process it is whose spans are sent.
type Process struct {
	Service   string // unless OTEL_SERVICE_NAME says otherwise
	Version   string
	Transport string // memory, kafka or dapr: the spans' messaging.system
	Database  string // postgresql or sqlite: their db.system.name
}

const (
	scope    = "github.com/tasktide/tasktide"
	logEvery = time.Minute // what a collector that is away does is logged so often
)

// Tracing sends what is traced, from Start to Stop.
type Tracing struct {
	settings Settings
	process  Process
	log      *slog.Logger
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// New makes a Tracing by s, which must be valid. It sends nothing before Start.
func New(s Settings, p Process, log *slog.Logger) (*Tracing, error) {
	of, err := resource.New(context.Background(),
		resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(semconv.ServiceName(p.Service), semconv.ServiceVersion(p.Version), semconv.ServiceNamespace("tasktide")),
		resource.WithFromEnv()) // last: it has the last word
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	t := &Tracing{settings: s, process: p, log: log, provider: sdktrace.NewTracerProvider(sdktrace.WithResource(of))}
	t.tracer = t.provider.Tracer(scope, trace.WithInstrumentationVersion(p.Version), trace.WithSchemaURL(semconv.SchemaURL))
	return t, nil
}

// Start begins to send. A collector that is away is no error: what it misses is dropped.
func (t *Tracing) Start(ctx context.Context) error {
	otel.SetErrorHandler(&complaints{log: t.log})
	client := otlptracehttp.NewClient()
	if t.settings.protocol() == overGRPC {
		client = otlptracegrpc.NewClient()
	}
	exporter, err := otlptrace.New(ctx, client)
	if err != nil {
		return fmt.Errorf("traces can't be sent: %w", err)
	}
	t.provider.RegisterSpanProcessor(sdktrace.NewBatchSpanProcessor(exporter))
	return nil
}

// Stop sends what is left, as long as ctx lets it.
func (t *Tracing) Stop(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// complaints logs what OpenTelemetry has to say about itself, the first of a minute.
type complaints struct {
	log  *slog.Logger
	mu   sync.Mutex
	next time.Time
}

// Handle implements otel.ErrorHandler.
func (c *complaints) Handle(err error) {
	now := time.Now()
	c.mu.Lock()
	silent := now.Before(c.next)
	if !silent {
		c.next = now.Add(logEvery)
	}
	c.mu.Unlock()
	if !silent {
		c.log.Warn("traces are not sent; said once a minute at most", "error", err)
	}
}

// recording says that somebody keeps what becomes of ctx's span.
func recording(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

func text(key, value string) attribute.KeyValue { return attribute.String(key, value) }
