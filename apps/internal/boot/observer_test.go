package boot

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func step(kind ports.StepKind, by domain.Service, topic domain.Topic) ports.Step {
	now := time.Now()
	return ports.Step{
		Kind: kind, Service: by, Topic: topic, Event: uuid.New(), Type: domain.TaskCreatedV1, Made: now.Add(-time.Second), Began: now,
		TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
}

func TestWithoutTracesAStepAllocatesNothing(t *testing.T) {
	o := newObserver(prometheus.NewRegistry(), memory.Clock{}, nil)
	for _, s := range []ports.Step{
		step(ports.StepPublish, domain.BackendAPI, domain.TaskCreated), step(ports.StepProcess, domain.AuditService, domain.TaskCreated),
		step(ports.StepPush, domain.WebsocketService, domain.TaskUpdates),
	} {
		ctx := t.Context()
		if n := testing.AllocsPerRun(100, func() { o.End(o.Begin(ctx, s), s, ports.Done, nil) }); n != 0 {
			t.Errorf("a step of kind %d allocates %v times", s.Kind, n)
		}
	}
}

func TestDelaysAreThoseOfWhatWasDone(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	o := newObserver(reg, memory.Clock{}, nil)
	end := func(s ports.Step, outcomes ...ports.Outcome) {
		for _, outcome := range outcomes {
			o.End(o.Begin(t.Context(), s), s, outcome, nil)
		}
	}
	end(step(ports.StepPublish, domain.BackendAPI, domain.TaskCreated), ports.Again, ports.Again, ports.Done)
	end(step(ports.StepProcess, domain.AuditService, domain.TaskCreated), ports.Again, ports.Done, ports.Duplicate, ports.GaveUp)
	end(step(ports.StepPush, domain.WebsocketService, domain.TaskUpdates), ports.Done, ports.GaveUp)
	caughtUp, ahead := step(ports.StepPush, domain.WebsocketService, domain.TaskUpdates), step(ports.StepPush, domain.WebsocketService, domain.TaskUpdates)
	caughtUp.Made, ahead.Made = time.Time{}, time.Now().Add(time.Hour) // a clock that is ahead
	end(caughtUp, ports.Done)
	end(ahead, ports.Done)
	counts := strings.Join([]string{
		`tasktide_publish_duration_seconds_count{publisher="backend-api",topic="task-created"} 3`,
		`tasktide_publish_delay_seconds_count{publisher="backend-api",topic="task-created"} 1`,
		`tasktide_handle_duration_seconds_count{group="audit-service",outcome="again",topic="task-created"} 1`,
		`tasktide_handle_duration_seconds_count{group="audit-service",outcome="dead_letter",topic="task-created"} 1`,
		`tasktide_handle_duration_seconds_count{group="audit-service",outcome="done",topic="task-created"} 1`,
		`tasktide_handle_duration_seconds_count{group="audit-service",outcome="duplicate",topic="task-created"} 1`,
		`tasktide_handle_delay_seconds_count{group="audit-service",topic="task-created"} 1`,
		`tasktide_live_delay_seconds_count 2`,
	}, "\n")
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, family := range all {
		_, _ = expfmt.MetricFamilyToText(&out, family)
	}
	text := out.String()
	for want := range strings.Lines(counts) {
		if !strings.Contains(text, strings.TrimSpace(want)+"\n") {
			t.Errorf("%s is not among\n%s", want, text)
		}
	}
	if !strings.Contains(text, `tasktide_live_delay_seconds_bucket{le="0.001"} 1`) {
		t.Error("what was made in the future took no time")
	}
}
