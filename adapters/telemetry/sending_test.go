package telemetry

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/collector"
)

// send traces one step with s and stops, which sends what is left.
func send(t *testing.T, s Settings, log *slog.Logger) error {
	t.Helper()
	for name, value := range s { // the library reads the environment
		t.Setenv(name, value)
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	tracing, err := New(s, Process{Service: "audit-service", Version: "1.2.3", Transport: "kafka", Database: "postgresql"}, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := tracing.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	one := step(ports.StepProcess)
	tracing.Steps().End(tracing.Steps().Begin(t.Context(), one), one, ports.Done, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return tracing.Stop(ctx)
}

func TestTracesAreSentOverHTTP(t *testing.T) {
	c := collector.New()
	defer c.Close()
	if err := send(t, Settings{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL(), "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if all := c.Trace(theTrace); len(all) != 1 || all[0].Service != "audit-service" || all[0].Parent != theirSpan || all[0].Name != "process task-created" {
		t.Errorf("%+v", all)
	}
}

// overWire is a collector that speaks gRPC.
type overWire struct {
	collectorv1.UnimplementedTraceServiceServer
	mu   sync.Mutex
	came []*collectorv1.ExportTraceServiceRequest
}

func (w *overWire) Export(_ context.Context, r *collectorv1.ExportTraceServiceRequest) (*collectorv1.ExportTraceServiceResponse, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.came = append(w.came, r)
	return &collectorv1.ExportTraceServiceResponse{}, nil
}

func TestTracesAreSentOverGRPC(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, w := grpc.NewServer(), &overWire{}
	collectorv1.RegisterTraceServiceServer(server, w)
	go func() { _ = server.Serve(l) }()
	defer server.Stop()
	s := Settings{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://" + l.Addr().String(), "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_SERVICE_NAME": "by another name"}
	if err := send(t, s, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.came) != 1 || !strings.Contains(w.came[0].String(), "by another name") || !strings.Contains(w.came[0].String(), "process task-created") {
		t.Errorf("%v", w.came)
	}
}

func TestACollectorThatIsAwayIsLoggedOnceAndHoldsUpNobody(t *testing.T) {
	c := collector.New()
	c.Close() // nobody listens there now
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	began := time.Now()
	_ = send(t, Settings{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL(), "OTEL_EXPORTER_OTLP_TIMEOUT": "300"}, log) // a stop may say so too
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	complaint := &complaints{log: log}
	for range 3 {
		complaint.Handle(errDown)
	}
	if n := strings.Count(out.String(), errDown.Error()); n != 1 {
		t.Errorf("it is logged %d times: %s", n, out.String())
	}
}
