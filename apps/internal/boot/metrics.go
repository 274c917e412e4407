package boot

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/outbox"
	"github.com/tasktide/tasktide/core/realtime"
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

// closes collects the counters of close codes, which come into being one by one.
type closes struct {
	hub  *realtime.Hub
	desc *prometheus.Desc
}

// Describe is prometheus.Collector.
func (c closes) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

// Collect is prometheus.Collector.
func (c closes) Collect(ch chan<- prometheus.Metric) {
	for code, n := range c.hub.Stats().Closes {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.CounterValue, float64(n), strconv.Itoa(int(code)))
	}
}
