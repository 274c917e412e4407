package transport

import (
	"fmt"
	"testing"
)

// RunRolling takes the brokers of one cluster away one after the other, each
// while events are published and handled, and gives each back: as an upgrade of
// the cluster does. Topics of h must have a replica on every broker.
func RunRolling(t *testing.T, h Harness, brokers []Outage) {
	t.Helper()
	l := newLab(t, h.withDefaults(), 1)
	users, parts := l.users(12), len(brokers)
	want := events(l.topics, users, 30*parts)
	share := len(want) / parts
	p := newTape()
	l.member("m0", durable(l, "a"), p, done).start()
	l.member("m1", durable(l, "a"), p, done).start()
	for i, b := range brokers {
		wait := l.publish(want[i*share : i*share+share/2]...)
		b.Stop(t)
		l.await(p, fmt.Sprintf("events handled while broker %d is away", i+1), func() bool { return p.missing(want[i*share:i*share+share/2]) == 0 })
		wait()
		wait = l.publish(want[i*share+share/2 : (i+1)*share]...)
		b.Start(t)
		wait()
	}
	l.awaitAll(p, want)
	p.locked(func() { inOrder(l, p, users) })
}
