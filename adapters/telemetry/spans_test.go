package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/tasktide/tasktide/core/coalesce"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const (
	theTrace   = "0af7651916cd43dd8448eb211c80319c"
	theirSpan  = "b7ad6b7169203331"
	fromClient = "00-" + theTrace + "-" + theirSpan + "-01"
)

var errDown = errors.New("the broker is down")

// traced is a Tracing that keeps its spans.
func traced(t *testing.T) (*Tracing, *tracetest.SpanRecorder) {
	t.Helper()
	tracing, err := New(Settings{}, Process{Service: "audit-service", Transport: "kafka", Database: "postgresql"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	kept := tracetest.NewSpanRecorder()
	tracing.provider.RegisterSpanProcessor(kept)
	return tracing, kept
}

func step(kind ports.StepKind) ports.Step {
	return ports.Step{
		Kind: kind, Service: domain.AuditService, Topic: domain.TaskCreated, Event: uuid.New(), Type: domain.TaskCreatedV1,
		Made: time.Now(), TraceParent: fromClient, Began: time.Now(),
	}
}

func named(t *testing.T, kept *tracetest.SpanRecorder, name string) sdktrace.ReadOnlySpan {
	t.Helper()
	all := kept.Ended()
	i := slices.IndexFunc(all, func(s sdktrace.ReadOnlySpan) bool { return s.Name() == name })
	if i < 0 {
		t.Fatalf("no span %q among %d", name, len(all))
	}
	return all[i]
}

func TestAStepIsBelowTheEventsSpanAndEventsMadeInItAreBelowTheStep(t *testing.T) {
	t.Parallel()
	tracing, kept := traced(t)
	steps, s := tracing.Steps(), step(ports.StepProcess)
	ctx := steps.Begin(domain.WithRequest(t.Context(), "the request", fromClient), s)
	made := domain.TraceParentFrom(ctx)
	steps.End(ctx, s, ports.Done, nil)
	span := named(t, kept, "process task-created")
	if got := span.SpanContext(); got.TraceID().String() != theTrace || span.Parent().SpanID().String() != theirSpan || !span.Parent().IsRemote() {
		t.Errorf("it is %v below %v", got, span.Parent())
	}
	if want := "00-" + theTrace + "-" + span.SpanContext().SpanID().String() + "-01"; made != want {
		t.Errorf("events are made below %q, want %q", made, want)
	}
	if domain.CorrelationIDFrom(ctx) != "the request" {
		t.Error("the correlation id is lost")
	}
	if span.SpanKind() != trace.SpanKindConsumer || !span.StartTime().Equal(s.Began) {
		t.Errorf("kind %v, began %v", span.SpanKind(), span.StartTime())
	}
}

func TestAStepInsideAnotherIsBelowThatOne(t *testing.T) {
	t.Parallel()
	tracing, kept := traced(t)
	steps := tracing.Steps()
	outer, inner := step(ports.StepProcess), step(ports.StepPublish)
	ctx := steps.Begin(t.Context(), outer)
	within := steps.Begin(ctx, inner)
	steps.End(within, inner, ports.Again, errDown)
	steps.End(ctx, outer, ports.Again, errDown)
	published := named(t, kept, "publish task-created")
	if published.Parent().SpanID() != named(t, kept, "process task-created").SpanContext().SpanID() {
		t.Errorf("the publish is below %v", published.Parent().SpanID())
	}
	if published.Status().Code != codes.Error || published.Status().Description != errDown.Error() {
		t.Errorf("its status is %+v", published.Status())
	}
}

func TestWhatIsNoTraceContextBeginsATrace(t *testing.T) {
	t.Parallel()
	for _, parent := range []string{"", "5", "00-zz-b7ad6b7169203331-01", strings.Repeat("0", 55)} {
		tracing, kept := traced(t)
		s := step(ports.StepPublish)
		s.TraceParent = parent
		tracing.Steps().End(tracing.Steps().Begin(t.Context(), s), s, ports.Done, nil)
		if span := named(t, kept, "publish task-created"); span.Parent().IsValid() || !span.SpanContext().IsValid() {
			t.Errorf("%q: below %v", parent, span.Parent())
		}
	}
}

func TestATraceThatIsNotSampledIsPassedOnAndNotKept(t *testing.T) {
	t.Parallel()
	tracing, kept := traced(t)
	s := step(ports.StepProcess)
	s.TraceParent = "00-" + theTrace + "-" + theirSpan + "-00"
	ctx := tracing.Steps().Begin(t.Context(), s)
	if got := domain.TraceParentFrom(ctx); !strings.Contains(got, theTrace) || !strings.HasSuffix(got, "-00") {
		t.Errorf("passed on is %q", got)
	}
	tracing.Steps().End(ctx, s, ports.Done, nil)
	if n := len(kept.Ended()); n != 0 {
		t.Errorf("%d spans were kept", n)
	}
}

func TestAnEventThatAConnectionCatchesUpWithIsNoSpan(t *testing.T) {
	t.Parallel()
	tracing, kept := traced(t)
	s := step(ports.StepPush)
	s.Made = time.Time{}
	tracing.Steps().End(tracing.Steps().Begin(t.Context(), s), s, ports.Done, nil)
	if n := len(kept.Ended()); n != 0 {
		t.Errorf("%d spans", n)
	}
}

func TestARequestHasItsRouteAndOnlyOurFailuresAreFailures(t *testing.T) {
	t.Parallel()
	for status, failed := range map[int]bool{200: false, 404: false, 422: false, 503: true} {
		tracing, kept := traced(t)
		ctx, ended := tracing.Request(domain.WithRequest(t.Context(), "r", fromClient), "GET", "/api/alice/tasks", "http")
		if !strings.Contains(domain.TraceParentFrom(ctx), theTrace) {
			t.Errorf("the events of the request are of %q", domain.TraceParentFrom(ctx))
		}
		ended("/api/:user_id/tasks", status, errDown)
		span := named(t, kept, "GET /api/:user_id/tasks")
		if span.Parent().SpanID().String() != theirSpan || (span.Status().Code == codes.Error) != failed {
			t.Errorf("%d: below %v, status %v", status, span.Parent().SpanID(), span.Status())
		}
	}
}

// together makes calls that are one batch and returns when they are done.
func together(t *testing.T, tracing *Tracing, contexts ...context.Context) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		open := make(chan struct{})
		g := coalesce.New(func(ctx context.Context, batch []int) []coalesce.Result[int] {
			if batch[0] == 0 { // the others gather behind it
				<-open
				return make([]coalesce.Result[int], len(batch))
			}
			_, span := tracing.tracer.Start(ctx, "the statement")
			span.End()
			return make([]coalesce.Result[int], len(batch))
		}, coalesce.Options{Watch: tracing.Watch("INSERT", "tasks")})
		var calls sync.WaitGroup
		call := func(ctx context.Context, n int) {
			calls.Go(func() { _, _ = g.Do(context.WithoutCancel(ctx), n) })
			synctest.Wait() // it is in the queue
		}
		call(context.Background(), 0)
		for i, ctx := range contexts {
			call(ctx, i+1)
		}
		close(open)
		calls.Wait()
	})
}

func TestCallsThatShareAStatementAreLinkedToIt(t *testing.T) {
	t.Parallel()
	tracing, kept := traced(t)
	a, one := tracing.tracer.Start(t.Context(), "one")
	b, two := tracing.tracer.Start(t.Context(), "two")
	together(t, tracing, a, b, t.Context())
	one.End()
	two.End()
	batch := named(t, kept, "BATCH INSERT tasks")
	if len(batch.Links()) != 2 || batch.Parent().IsValid() {
		t.Fatalf("the batch has %d links and is below %v", len(batch.Links()), batch.Parent())
	}
	if named(t, kept, "the statement").Parent().SpanID() != batch.SpanContext().SpanID() {
		t.Error("the statement is not below the batch")
	}
	calls := 0
	for _, s := range kept.Ended() {
		if s.Name() != "INSERT tasks" {
			continue
		}
		calls++
		if len(s.Links()) != 1 || s.Links()[0].SpanContext.TraceID() != batch.SpanContext().TraceID() {
			t.Errorf("a call has the links %v", s.Links())
		}
	}
	if calls != 2 {
		t.Errorf("%d calls have spans; the third was no part of a trace", calls)
	}
}

func TestACallThatIsAloneHasItsStatementBelowIt(t *testing.T) {
	t.Parallel()
	tracing, kept := traced(t)
	ctx, span := tracing.tracer.Start(t.Context(), "one")
	together(t, tracing, ctx)
	span.End()
	call := named(t, kept, "INSERT tasks")
	if named(t, kept, "the statement").Parent().SpanID() != call.SpanContext().SpanID() || call.Parent().SpanID() != span.SpanContext().SpanID() {
		t.Error("the statement is not below its call, or the call not below who called")
	}
}

func TestAStatementsNameSaysWhatItDoesAndNothingThatAUserWrote(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`SELECT id FROM tasks WHERE title = 'Water the plants'`:                                               "SELECT tasks",
		`SELECT "a".* FROM "audit_logs" AS "a"`:                                                               "SELECT audit_logs",
		"WITH input AS (SELECT 1 FROM u), new AS (INSERT INTO tasks (a) SELECT 1 ON CONFLICT DO UPDATE SET x": "INSERT tasks",
		"WITH held AS (SELECT 1 FROM tasks FOR UPDATE SKIP LOCKED), m AS (UPDATE tasks AS t SET x = 1":        "UPDATE tasks",
		"DELETE FROM outbox AS o USING unnest":                                                                "DELETE outbox",
		"BEGIN IMMEDIATE":                                                                                     "BEGIN",
		"SELECT 1":                                                                                            "SELECT",
	} {
		if got := summary(query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}
