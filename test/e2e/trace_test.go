package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/collector"
	"github.com/tasktide/tasktide/test/device"
)

// onlyAsked keeps a process from tracing what nobody asked to have traced.
const onlyAsked = "OTEL_TRACES_SAMPLER=parentbased_always_off"

// newCollector starts one and ends it after the test.
func newCollector(t *testing.T) *collector.Collector {
	t.Helper()
	c := collector.New()
	t.Cleanup(c.Close)
	return c
}

func TestOneChangeIsOneTraceInOneProcess(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := startSingle(t, c.Env(onlyAsked)...)
	traced(t, s, c)
	measured(t, s)
}

func TestACollectorThatIsAwayHoldsUpNothing(t *testing.T) {
	t.Parallel()
	c := collector.New()
	away := c.Env("OTEL_EXPORTER_OTLP_TIMEOUT=300")
	c.Close() // nobody listens there now
	s := startSingle(t, away...)
	u := newCrowd(t, s, "untraced-", 1)[0]
	traceOf(t, u, http.MethodPost, "", object{"title": "a", "priority": "low", "category": "home"})
	single := s.processes[0]
	process := single.Process()
	eventually(t, 30*time.Second, func() error {
		if log := process.Tail(1 << 20); !strings.Contains(log, "traces are not sent") {
			return errors.New("the log does not say that traces are lost")
		}
		return nil
	})
	began := time.Now()
	must(t, single.Stop())
	if err, took := process.Wait(t.Context()), time.Since(began); err != nil || took > 10*time.Second {
		t.Errorf("it ended with %v after %s", err, took)
	}
}

// traced completes a recurring task of somebody who watches, and finds all that comes of it in one trace.
func traced(t *testing.T, s *system, c *collector.Collector) {
	t.Helper()
	u := newCrowd(t, s, s.transport+"-traced-", 1)[0]
	task := object{"title": "Water the plants", "priority": "low", "category": "home", "recurringRule": "daily", "dueDate": "2026-02-04T10:00:00Z"}
	made := traceOf(t, u, http.MethodPost, "", task)
	id := made.body.text("id")
	awaitTrace(t, c, made, 0, []string{"task-created"})

	seen := make(chan struct{}, 16)
	d := device.New(device.Options{
		API: s.api, Live: func() string { return s.live[0] }, User: u.user, Token: u.token,
		Seen: func(device.Message, time.Time) { seen <- struct{}{} },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	defer func() {
		cancel()
		must(t, <-ended)
	}()
	eventually(t, 20*time.Second, func() error {
		if d.Counts().Connections == 0 {
			return errors.New("the device is not connected")
		}
		return nil
	})
	// The first change that the device is told of says that its connection has its place.
	traceOf(t, u, http.MethodPut, id, object{"title": "Water all plants"})
	<-seen

	done := traceOf(t, u, http.MethodPatch, id+"/complete", nil)
	<-seen
	<-seen // the next occurrence
	spans := awaitTrace(t, c, done, 2, []string{"task-completed", "task-created"}, "recurring-service")
	checkShape(t, s, spans, done)
	for _, span := range c.All() {
		if strings.Contains(fmt.Sprint(span), "plants") || strings.Contains(fmt.Sprint(span), u.token) {
			t.Errorf("a span has what a user wrote, or a token: %+v", span)
		}
	}
}

// request is one that was made as a part of a trace of the client's.
type request struct {
	trace, span string
	body        object
}

func traceOf(t *testing.T, u *user, method, path string, body any) request {
	t.Helper()
	var ids [24]byte
	_, _ = rand.Read(ids[:])
	out := request{trace: hex.EncodeToString(ids[:16]), span: hex.EncodeToString(ids[16:])}
	payload, err := json.Marshal(body)
	must(t, err)
	r, err := http.NewRequestWithContext(t.Context(), method, u.base+u.path(path), bytes.NewReader(payload))
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+u.token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Traceparent", "00-"+out.trace+"-"+out.span+"-01")
	answer, err := http.DefaultClient.Do(r)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	must(t, json.NewDecoder(answer.Body).Decode(&out.body))
	if answer.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %v", method, path, answer.StatusCode, out.body)
	}
	return out
}

// awaitTrace waits until each topic was published, handled by the groups that take every change, and republished, the first one
// also by the other groups; until it was pushed so often, and nothing is below a span that has not come.
func awaitTrace(t *testing.T, c *collector.Collector, of request, pushes int, topics []string, others ...string) (spans []collector.Span) {
	t.Helper()
	must(t, c.Await(t.Context(), 60*time.Second, func() error {
		spans = c.Trace(of.trace)
		var errs []error
		want := func(name, by string, n int) {
			if have := len(find(spans, name, by)); have < n {
				errs = append(errs, fmt.Errorf("%d of %d %s by %s", have, n, name, by))
			}
		}
		for _, topic := range topics {
			want("publish "+topic, "backend-api", 1)
			want("process "+topic, "audit-service", 1)
			want("process "+topic, "websocket-service", 1)
		}
		for _, group := range others {
			want("process "+topics[0], group, 1)
		}
		want("publish task-updates", "websocket-service", len(topics))
		want("process task-updates", "websocket-service", len(topics))
		want("push task-updates", "websocket-service", pushes)
		known := map[string]bool{of.span: true}
		for _, span := range spans {
			known[span.ID] = true
		}
		for _, span := range spans {
			if !known[span.Parent] {
				errs = append(errs, fmt.Errorf("%s is below what has not come", span.Name))
			}
		}
		return errors.Join(errs...)
	}))
	return spans
}

func find(spans []collector.Span, name, by string) []collector.Span {
	return slices.DeleteFunc(slices.Clone(spans), func(s collector.Span) bool {
		return s.Name != name || by != "" && s.Attributes["tasktide.service"] != by
	})
}

// checkShape looks at who is below whom, and at what the spans say.
func checkShape(t *testing.T, s *system, spans []collector.Span, of request) {
	t.Helper()
	byID := map[string]collector.Span{}
	for _, span := range spans {
		byID[span.ID] = span
	}
	one := func(name, by string) collector.Span {
		t.Helper()
		found := find(spans, name, by)
		if len(found) == 0 {
			t.Fatalf("there is no %q by %q among %s", name, by, outline(spans))
		}
		return found[0]
	}
	below := func(child, parent collector.Span) {
		t.Helper()
		if child.Parent != parent.ID {
			t.Errorf("%q is below %q, not %q:\n%s", child.Name, byID[child.Parent].Name, parent.Name, outline(spans))
		}
	}
	web, above := one("PATCH /api/:user_id/tasks/:id/complete", ""), of.span
	if s.transport != "memory" {
		gateway := one("PATCH", "")
		if gateway.Service != "frontend" || gateway.Parent != of.span {
			t.Errorf("the gateway's span is %+v", gateway)
		}
		above = gateway.ID
	}
	if web.Parent != above || web.Kind != "SERVER" || web.Attributes["http.response.status_code"] != "200" {
		t.Errorf("the request's span is %+v", web)
	}
	published, handled := one("publish task-completed", "backend-api"), one("process task-completed", "recurring-service")
	below(published, web)
	below(handled, web)
	below(one("process task-completed", "audit-service"), web)
	below(one("process task-completed", "websocket-service"), web)
	below(one("publish task-created", "backend-api"), handled)
	below(one("process task-created", "audit-service"), handled)
	pushed := one("push task-updates", "websocket-service")
	if published.Kind != "PRODUCER" || handled.Kind != "CONSUMER" || published.Attributes["messaging.system"] != s.transport ||
		handled.Attributes["messaging.consumer.group.name"] != "recurring-service" || handled.Attributes["tasktide.outcome"] != "done" ||
		published.Attributes["messaging.message.id"] != handled.Attributes["messaging.message.id"] {
		t.Errorf("publish is %+v, process is %+v", published, handled)
	}
	if pushed.Attributes["messaging.system"] != "websocket" {
		t.Errorf("the write to the device is %+v", pushed)
	}
	for _, span := range find(spans, "publish task-updates", "websocket-service") {
		if parent := byID[span.Parent]; parent.Attributes["messaging.consumer.group.name"] != "websocket-service" {
			t.Errorf("a republication is below %q:\n%s", parent.Name, outline(spans))
		}
	}
	for _, parent := range []collector.Span{web, handled} {
		if !slices.ContainsFunc(spans, func(s collector.Span) bool { return s.Parent == parent.ID && s.Attributes["db.system.name"] != "" }) {
			t.Errorf("nothing of the database is below %q:\n%s", parent.Name, outline(spans))
		}
	}
	for _, span := range spans {
		if span.Failed {
			t.Errorf("%q failed: %+v", span.Name, span)
		}
	}
}

// outline is a line for each span, for who has to find out what is missing.
func outline(spans []collector.Span) string {
	var b strings.Builder
	for _, s := range spans {
		fmt.Fprintf(&b, "\n%s below %s: %s of %s (%s) %v", s.ID, s.Parent, s.Name, s.Service, s.Kind, s.Attributes)
	}
	return b.String()
}
