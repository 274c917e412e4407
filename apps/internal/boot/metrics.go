package boot

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/outbox"
)

func countDeliveries(reg *prometheus.Registry, group domain.Service, c *delivery.Consumer) {
	counter := func(name, help string, read func(delivery.Stats) int64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: name, Help: help, ConstLabels: prometheus.Labels{"group": string(group)},
		}, func() float64 { return float64(read(c.Stats())) }))
	}
	counter("tasktide_events_handled_total", "Events that a handler has done.", func(s delivery.Stats) int64 { return s.Handled })
	counter("tasktide_events_duplicate_total", "Deliveries of events that were done before.", func(s delivery.Stats) int64 { return s.Duplicates })
	counter("tasktide_event_failures_total", "Counted attempts that failed and are tried again.", func(s delivery.Stats) int64 { return s.Failures })
	counter("tasktide_dead_letters_total", "Events that were kept as dead letters.", func(s delivery.Stats) int64 { return s.DeadLetters })
}

func countRelay(reg *prometheus.Registry, publisher domain.Service, r *outbox.Relay) {
	counter := func(name, help string, read func(outbox.Stats) int64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: name, Help: help, ConstLabels: prometheus.Labels{"publisher": string(publisher)},
		}, func() float64 { return float64(read(r.Stats())) }))
	}
	counter("tasktide_events_published_total", "Events acknowledged by the transport.", func(s outbox.Stats) int64 { return s.Published })
	counter("tasktide_publish_failures_total", "Publishes and outbox reads that failed and are tried again.", func(s outbox.Stats) int64 { return s.Failures })
}
