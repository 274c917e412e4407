package transport

import (
	"context"
	"errors"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func outages(h Harness) []outageCase {
	return []outageCase{
		{"an_outage_of_the_broker_loses_nothing", h.Outage, outageLosesNothing},
		{"instances_started_in_an_outage_begin_when_it_ends", h.Outage, startInOutage},
		{"a_frozen_broker_loses_nothing", h.Freeze, outageLosesNothing},
	}
}

type outageCase struct {
	name   string
	outage Outage
	run    func(*lab, Outage)
}

// While the broker is away, Publish waits or answers Unavailable; afterwards
// everybody goes on by himself, and a broadcast has missed nothing either.
func outageLosesNothing(l *lab, o Outage) {
	users := l.users(8)
	want := events(l.topics, users, 40)
	p, q := newTape(), newTape()
	slowly := func(ctx context.Context, _ *delivery, _ ports.Message) ports.Answer {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
		}
		return ports.Answer{}
	}
	l.member("m", durable(l, "a"), p, slowly).start()
	listener := l.member("b", broadcast(l, "all"), q, done).start()
	l.listen(q, listener)
	if i, ok := listener.Instance.(Placed); ok {
		i.AwaitPlace(l.T)
	}
	l.publish(want[:len(want)/2]...)
	l.await(p, "a quarter handled", func() bool { return len(p.ended) > len(want)/4 })
	o.Stop(l.T)
	ctx, cancel := context.WithTimeout(l.Context(), 2*time.Second)
	err := l.pub.Publish(ctx, ports.Record{Topic: l.topics[0], Key: users[0], Body: encode(event{l.topics[0], users[0], 9999})})
	cancel()
	if err == nil || !errors.Is(err, domain.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
		l.Errorf("without a broker Publish must wait or answer Unavailable, got %v", err)
	}
	l.publish(want[len(want)/2:]...)
	o.Start(l.T)
	l.awaitAll(p, want)
	l.await(q, "the broadcast complete", func() bool { return q.missing(want) == 0 })
}

func startInOutage(l *lab, o Outage) {
	want := events(l.topics, l.users(4), 5)
	l.publish(want[:10]...)()
	o.Stop(l.T)
	p := newTape()
	l.member("m", durable(l, "a"), p, done).start()
	l.publish(want[10:]...)
	o.Start(l.T)
	l.awaitAll(p, want)
}
