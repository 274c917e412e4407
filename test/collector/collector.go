// Package collector is an OpenTelemetry collector for tests: it takes traces by OTLP
// over HTTP and keeps them.
package collector

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is one that came.
type Span struct {
	Trace, ID, Parent string // in hex; Parent is "" of a root
	Service           string // of the process that sent it
	Name              string
	Kind              string // SERVER, CLIENT, PRODUCER, CONSUMER or INTERNAL
	Attributes        map[string]string
	Links             []string // ids of the traces that it links to
	Failed            bool
}

// Collector keeps what it is sent. It must be closed.
type Collector struct {
	server *httptest.Server

	mu    sync.Mutex
	spans []Span
	more  chan struct{} // closed and replaced when spans come
}

// New starts a collector on a free port of loopback.
func New() *Collector {
	c := &Collector{more: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", c.take)
	c.server = httptest.NewServer(mux)
	return c
}

// Close ends it.
func (c *Collector) Close() { c.server.Close() }

// URL is what OTEL_EXPORTER_OTLP_ENDPOINT is set to.
func (c *Collector) URL() string { return c.server.URL }

// Env are the settings of a process that sends its traces here soon.
func (c *Collector) Env(more ...string) []string {
	return append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL(), "OTEL_BSP_SCHEDULE_DELAY=100"}, more...)
}

// Trace is what has come of one trace.
func (c *Collector) Trace(id string) []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.spans), func(s Span) bool { return s.Trace != id })
}

// All is everything that has come.
func (c *Collector) All() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Await asks enough again each time that spans come, until it is nil; else the error has its last.
func (c *Collector) Await(ctx context.Context, within time.Duration, enough func() error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		c.mu.Lock()
		more := c.more
		c.mu.Unlock()
		err := enough()
		if err == nil {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", within, err)
		}
	}
}

func (c *Collector) take(w http.ResponseWriter, r *http.Request) {
	request, err := read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	for _, of := range request.GetResourceSpans() {
		service := values(of.GetResource().GetAttributes())["service.name"]
		for _, in := range of.GetScopeSpans() {
			for _, s := range in.GetSpans() {
				c.spans = append(c.spans, span(service, s))
			}
		}
	}
	close(c.more)
	c.more = make(chan struct{})
	c.mu.Unlock()
	answer, _ := proto.Marshal(&collectorv1.ExportTraceServiceResponse{})
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(answer)
}

func read(r *http.Request) (*collectorv1.ExportTraceServiceRequest, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	out := &collectorv1.ExportTraceServiceRequest{}
	return out, proto.Unmarshal(b, out)
}

func span(service string, s *tracev1.Span) Span {
	out := Span{
		Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		Service: service, Name: s.GetName(), Kind: s.GetKind().String()[len("SPAN_KIND_"):], Attributes: values(s.GetAttributes()),
		Failed: s.GetStatus().GetCode() == tracev1.Status_STATUS_CODE_ERROR,
	}
	for _, l := range s.GetLinks() {
		out.Links = append(out.Links, hex.EncodeToString(l.GetTraceId()))
	}
	return out
}

func values(list []*commonv1.KeyValue) map[string]string {
	out := map[string]string{}
	for _, kv := range list {
		switch v := kv.GetValue().GetValue().(type) {
		case *commonv1.AnyValue_StringValue:
			out[kv.GetKey()] = v.StringValue
		case *commonv1.AnyValue_IntValue:
			out[kv.GetKey()] = fmt.Sprint(v.IntValue)
		default:
			out[kv.GetKey()] = kv.GetValue().String()
		}
	}
	return out
}
