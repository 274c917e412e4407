package boot

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const (
	sampleStore  = 10 * time.Second
	sampleBroker = 30 * time.Second // each time over a connection of its own
)

// watch adds what read finds to the metrics.
func (r runtime) watch(name string, every time.Duration, descs []*prometheus.Desc, read func(context.Context) ([]prometheus.Metric, error)) {
	s := &sample{name: name, every: every, clock: r.Clock, log: r.Log, descs: descs, read: read}
	r.Registry.MustRegister(s)
	r.append(background(r.Log, "figures: "+name, s.run))
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

// watchOutbox shows what publisher has stored and not yet published.
func (r runtime) watchOutbox(publisher domain.Service) {
	labels := prometheus.Labels{"publisher": string(publisher)}
	pending := prometheus.NewDesc("tasktide_outbox_pending", "Events that are stored and not yet published.", nil, labels)
	oldest := prometheus.NewDesc("tasktide_outbox_oldest_seconds", "How long the oldest of them has waited; 0 when none does.", nil, labels)
	var monitor ports.OutboxMonitor = sqlstore.NewOutbox(r.DB, publisher)
	r.watch("outbox of "+string(publisher), sampleStore, []*prometheus.Desc{pending, oldest}, func(ctx context.Context) ([]prometheus.Metric, error) {
		all, err := monitor.Backlog(ctx)
		var n int64
		var age time.Duration
		for _, b := range all {
			if b.Publisher == publisher {
				n, age = n+b.Pending, max(age, b.Age)
			}
		}
		return []prometheus.Metric{gauge(pending, float64(n)), gauge(oldest, age.Seconds())}, err
	})
}

// watchLetters shows how many dead letters of group wait for an operator.
func (r runtime) watchLetters(group domain.Service) {
	kept := prometheus.NewDesc("tasktide_dead_letters_kept", "Dead letters that are there, of all instances of the group.", nil, prometheus.Labels{"group": string(group)})
	var letters ports.DeadLetterAdmin = sqlstore.NewDeadLetters(r.DB)
	r.watch("dead letters of "+string(group), sampleStore, []*prometheus.Desc{kept}, func(ctx context.Context) ([]prometheus.Metric, error) {
		n, err := letters.Count(ctx, domain.DeadLetterQuery{Group: string(group)})
		return []prometheus.Metric{gauge(kept, float64(n))}, err
	})
}

// watchLag shows how far every group is behind, where that can be known. It is not
// the group's own process that says so: that may be what is down.
func (r runtime) watchLag() {
	if r.Transport.lag == nil {
		return
	}
	behind := prometheus.NewDesc("tasktide_consumer_lag", "Events of a topic that a group has not handled.", []string{"group", "topic"}, nil)
	r.watch("consumer lag", sampleBroker, []*prometheus.Desc{behind}, func(ctx context.Context) ([]prometheus.Metric, error) {
		all, err := r.Transport.lag.Lag(ctx)
		var out []prometheus.Metric
		for _, l := range all {
			out = append(out, gauge(behind, float64(l.Behind), string(l.Group), string(l.Topic)))
		}
		return out, err
	})
}
