package transport

import (
	"context"
	"fmt"
	"time"

	"github.com/tasktide/tasktide/ports"
)

// Members come, go and are killed while events flow: every event is handled at
// least once and each user's events for the first time in order.
func membersComeAndGo(l *lab) {
	users := l.users(24)
	want := events(l.topics, users, 30)
	p := newTape()
	work := func(ctx context.Context, d *delivery, _ ports.Message) ports.Answer {
		if d.n%10 == 0 && d.try == 1 {
			return ports.Answer{Again: true, After: 10 * time.Millisecond}
		}
		select { // long enough that every step happens in the middle of the work
		case <-time.After(2 * time.Millisecond):
			return ports.Answer{}
		case <-ctx.Done():
			return ports.Answer{Again: true}
		}
	}
	n := 0
	enter := func() *member {
		n++
		return l.member(fmt.Sprintf("m%d", n), durable(l, "a"), p, work).start()
	}
	reached := func(percent int) {
		l.await(p, fmt.Sprintf("%d%% handled", percent), func() bool { return len(p.handled())*100 >= percent*len(want) })
	}
	a := enter()
	wait := l.publish(want...)
	reached(10)
	b := enter()
	reached(25)
	a.kill()
	c := enter()
	reached(45)
	b.Stop(l.T)
	reached(60)
	d := enter()
	c.kill() // perhaps in the middle of the rebalance that d brought about
	reached(80)
	enter()
	d.Stop(l.T)
	l.awaitAll(p, want)
	wait()
	p.locked(func() { inOrder(l, p, users) })
}
