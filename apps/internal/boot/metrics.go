package boot

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/outbox"
	"github.com/tasktide/tasktide/core/realtime"
	"github.com/tasktide/tasktide/core/reminders"
)

func countDeliveries(reg *prometheus.Registry, group domain.Service, c *delivery.Consumer) {
	counter := func(name, help string, read func(delivery.Stats) int64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: name, Help: help, ConstLabels: prometheus.Labels{"group": string(group)},
		}, func() float64 { return float64(read(c.Stats())) }))
	}
	counter("tasktide_event_attempts_total", "Attempts that a handler was given, the first of an event included.", func(s delivery.Stats) int64 { return s.Attempts })
	counter("tasktide_events_handled_total", "Events that a handler has done.", func(s delivery.Stats) int64 { return s.Handled })
	counter("tasktide_events_duplicate_total", "Deliveries of events that were done before.", func(s delivery.Stats) int64 { return s.Duplicates })
	counter("tasktide_event_failures_total", "Counted attempts that failed and are tried again.", func(s delivery.Stats) int64 { return s.Failures })
	counter("tasktide_dead_letters_total", "Events that were kept as dead letters.", func(s delivery.Stats) int64 { return s.DeadLetters })
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tasktide_group_waiting", Help: "1 while the group takes nothing because a dependency is down, else 0.",
		ConstLabels: prometheus.Labels{"group": string(group)},
	}, func() float64 {
		if c.Ready(context.Background()) != nil {
			return 1
		}
		return 0
	}))
}

func countRelay(reg *prometheus.Registry, publisher domain.Service, r *outbox.Relay) {
	counter := func(name, help string, read func(outbox.Stats) int64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: name, Help: help, ConstLabels: prometheus.Labels{"publisher": string(publisher)},
		}, func() float64 { return float64(read(r.Stats())) }))
	}
	counter("tasktide_events_published_total", "Events acknowledged by the transport.", func(s outbox.Stats) int64 { return s.Published })
	counter("tasktide_publish_failures_total", "Publishes, reads of the outbox and removals from it that failed and are tried again.", func(s outbox.Stats) int64 { return s.Failures })
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tasktide_relay_refused", Help: "1 while the database refuses the relay leases, reads of the outbox or the removal of what was published, else 0.",
		ConstLabels: prometheus.Labels{"publisher": string(publisher)},
	}, func() float64 {
		if r.Ready(context.Background()) != nil {
			return 1
		}
		return 0
	}))
}

func countLive(reg *prometheus.Registry, h *realtime.Hub) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tasktide_live_connections", Help: "Live connections of this process.",
	}, func() float64 { return float64(h.Stats().Connections) }))
	counter := func(name, help string, read func(realtime.Stats) int64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(read(h.Stats())) }))
	}
	counter("tasktide_live_deliveries_total", "Events given to a live connection.", func(s realtime.Stats) int64 { return s.Delivered })
	counter("tasktide_live_reads_total", "Reads of a stream because the broadcast was not enough.", func(s realtime.Stats) int64 { return s.Reads })
	counter("tasktide_live_resyncs_total", "Clients that were told to load anew.", func(s realtime.Stats) int64 { return s.Resyncs })
	reg.MustRegister(closes{h, prometheus.NewDesc("tasktide_live_closes_total", "Live connections that were closed or refused, by the close code.", []string{"code"}, nil)})
}

// closes collects the counters of close codes, those that are 0 too: a counter that comes
// into being with its first event hides that event from a rate.
type closes struct {
	hub  *realtime.Hub
	desc *prometheus.Desc
}

// Describe is prometheus.Collector.
func (c closes) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

// Collect is prometheus.Collector.
func (c closes) Collect(ch chan<- prometheus.Metric) {
	closed := c.hub.Stats().Closes
	for _, code := range realtime.Codes() {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.CounterValue, float64(closed[code]), strconv.Itoa(int(code)))
	}
}

func countReminders(reg *prometheus.Registry, s *reminders.Service) {
	counter := func(name, help string, read func(reminders.Stats) int64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(read(s.Stats())) }))
	}
	counter("tasktide_reminders_sent_total", "Reminders that became a notification and an event.", func(s reminders.Stats) int64 { return s.Sent })
	counter("tasktide_reminder_failures_total", "Looks for what is due, and reminders, that failed and are tried again.", func(s reminders.Stats) int64 { return s.Failures })
	counted := func(name, help string, read func(reminders.Stats) float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return read(s.Stats()) }))
	}
	counted("tasktide_reminders_held", "Reminders that could not be sent and wait for another try.", func(s reminders.Stats) float64 { return float64(s.Held) })
	counted("tasktide_reminders_looked_timestamp_seconds", "When what is due was last looked for with success, in Unix seconds; 0 before the first time.", func(s reminders.Stats) float64 {
		if s.Looked.IsZero() {
			return 0
		}
		return float64(s.Looked.UnixMilli()) / 1000
	})
}

// lateness measures how long after their time reminders are sent.
func lateness(reg *prometheus.Registry) func(time.Duration) {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "tasktide_reminder_lateness_seconds", Help: "How long after its time a reminder was sent.",
		Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 86400},
	})
	reg.MustRegister(h)
	return func(late time.Duration) { h.Observe(max(0, late.Seconds())) }
}
