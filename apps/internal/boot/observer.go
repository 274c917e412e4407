package boot

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/adapters/telemetry"
	"github.com/tasktide/tasktide/ports"
)

// observer measures every step of every event and, where there are traces, has it traced.
type observer struct {
	clock  ports.Clock
	traces ports.Observer // nil: nothing is traced

	publish, handle, delay, published, pushed *prometheus.HistogramVec
}

var _ ports.Observer = (*observer)(nil)

func newObserver(reg *prometheus.Registry, clock ports.Clock, tracing *telemetry.Tracing) *observer {
	vec := func(name, help string, labels ...string) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: name, Help: help,
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300},
		}, labels)
		reg.MustRegister(v)
		return v
	}
	o := &observer{
		clock:     clock,
		publish:   vec("tasktide_publish_duration_seconds", "How long the transport took to acknowledge an event.", "publisher", "topic"),
		published: vec("tasktide_publish_delay_seconds", "From a change until the transport had its event.", "publisher", "topic"),
		handle:    vec("tasktide_handle_duration_seconds", "How long one delivery to a group took, by how it came out.", "group", "topic", "outcome"),
		delay:     vec("tasktide_handle_delay_seconds", "From a change until a group had handled its event.", "group", "topic"),
		pushed:    vec("tasktide_live_delay_seconds", "From a change until it was written to a live connection that waited for it."),
	}
	if tracing != nil {
		o.traces = tracing.Steps()
	}
	return o
}

// Begin implements ports.Observer.
func (o *observer) Begin(ctx context.Context, s ports.Step) context.Context {
	if o.traces == nil {
		return ctx
	}
	return o.traces.Begin(ctx, s)
}

// End implements ports.Observer.
func (o *observer) End(ctx context.Context, s ports.Step, outcome ports.Outcome, err error) {
	o.measure(s, outcome)
	if o.traces != nil {
		o.traces.End(ctx, s, outcome, err)
	}
}

func (o *observer) measure(s ports.Step, outcome ports.Outcome) {
	now := o.clock.Now()
	took, since := now.Sub(s.Began).Seconds(), max(0, now.Sub(s.Made).Seconds()) // clocks of two machines may differ
	done := outcome == ports.Done && !s.Made.IsZero()
	by, topic := string(s.Service), string(s.Topic)
	switch s.Kind {
	case ports.StepPublish:
		o.publish.WithLabelValues(by, topic).Observe(took)
		if done {
			o.published.WithLabelValues(by, topic).Observe(since)
		}
	case ports.StepProcess:
		o.handle.WithLabelValues(by, topic, string(outcome)).Observe(took)
		if done {
			o.delay.WithLabelValues(by, topic).Observe(since)
		}
	case ports.StepPush:
		if done {
			o.pushed.WithLabelValues().Observe(since)
		}
	}
}
