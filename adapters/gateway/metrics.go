package gateway

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Why a service gave no answer.
const (
	unreachable = "unreachable"
	timeout     = "timeout"
)

// meter counts what the gateway does.
type meter struct {
	took   *prometheus.HistogramVec
	failed *prometheus.CounterVec
}

func newMeter(reg *prometheus.Registry, l *live) *meter {
	m := &meter{
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "How long HTTP requests took to answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"route", "method", "status"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tasktide_gateway_upstream_errors_total", Help: "Requests for which a service behind the gateway gave no answer.",
		}, []string{"upstream", "reason"}),
	}
	reg.MustRegister(m.took, m.failed)
	for _, kind := range []string{webSocket, eventStream} {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tasktide_gateway_live_connections", Help: "Open connections that last, which the gateway passes on.", ConstLabels: prometheus.Labels{"kind": kind},
		}, func() float64 { return float64(l.count(kind)) }))
	}
	return m
}

func (m *meter) observe(route, method string, status int, took time.Duration) {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
	default:
		method = "other" // a client may invent any number
	}
	m.took.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// show makes the counters of an upstream there before anything fails: a counter that comes into being with its first
// failure hides it from a rate.
func (m *meter) show(upstream string) {
	for _, reason := range []string{unreachable, timeout} {
		m.failed.WithLabelValues(upstream, reason)
	}
}

func (m *meter) failure(upstream, reason string) { m.failed.WithLabelValues(upstream, reason).Inc() }
