package transport

import (
	"context"
	"slices"
	"time"

	"github.com/tasktide/tasktide/ports"
)

// stopping stops m beside the test; the channel gives how long Stop took.
func stopping(m *member) <-chan time.Duration {
	took := make(chan time.Duration, 1)
	began := time.Now()
	go func() {
		m.Stop(m.l.T)
		took <- time.Since(began)
	}()
	return took
}

func (l *lab) awaitStop(took <-chan time.Duration) time.Duration {
	l.Helper()
	select {
	case d := <-took:
		return d
	case <-time.After(l.h.Patience):
		l.Fatalf("Stop did not return within %s", l.h.Patience)
		return 0
	}
}

// A handler that needs a while longer than the stop is let finish, and its
// event is not delivered again.
func stopLetsFinish(l *lab) {
	const longer = 700 * time.Millisecond
	want := events(l.topics, l.users(1), 2)
	p := newTape()
	stop := make(chan struct{})
	m := l.member("stopped", durable(l, "a"), p, func(ctx context.Context, d *delivery, _ ports.Message) ports.Answer {
		<-stop
		select {
		case <-ctx.Done():
			l.Errorf("the handler's context was cancelled %s after an orderly stop with 5 s to drain", time.Since(d.at))
		case <-time.After(longer):
		}
		return ports.Answer{}
	}).start()
	l.publish(want[0])
	l.await(p, "the handler running", func() bool { return len(p.all) == 1 })
	took := stopping(m)
	close(stop)
	if d := l.awaitStop(took); d < longer*9/10 {
		l.Errorf("Stop returned after %s, before the running handler", d)
	}
	l.publish(want[1])
	l.member("next", durable(l, "a"), p, done).start()
	l.awaitAll(p, want)
	p.locked(func() {
		if n := p.tries[want[0]]; n != 1 {
			l.Errorf("an event that was done within the drain time was delivered %d times", n)
		}
	})
}

// At the deadline the handler's context ends, no further event is taken, and
// what was not done is delivered to the next instance.
func stopCancelsAtDeadline(l *lab) {
	const drain = time.Second
	want := events(l.topics, l.users(1), 5)
	p := newTape()
	s := durable(l, "a")
	s.Drain = drain
	m := l.member("stopped", s, p, func(ctx context.Context, _ *delivery, _ ports.Message) ports.Answer {
		<-ctx.Done()
		return ports.Answer{}
	}).start()
	l.publish(want...)
	l.await(p, "the handler running", func() bool { return len(p.all) == 1 })
	if d := l.awaitStop(stopping(m)); d < drain*9/10 || d > drain+8*time.Second {
		l.Errorf("with %s to drain, Stop returned after %s", drain, d)
	}
	p.locked(func() {
		if len(p.all) != 1 {
			l.Errorf("an instance that was stopping took %d more deliveries", len(p.all)-1)
		}
	})
	l.member("next", s, p, done).start()
	l.awaitAll(p, want)
}

// A stop does not wait for retries that are far away. The next instance may get
// them at once or when they are due.
func stopReleasesRetries(l *lab) {
	want := events(l.topics, l.users(1), 3)
	p := newTape()
	const after = 8 * time.Second
	again := func(context.Context, *delivery, ports.Message) ports.Answer {
		return ports.Answer{Again: true, After: after}
	}
	m := l.member("stopped", durable(l, "a"), p, again).start()
	l.publish(want...)
	l.await(p, "a retry asked for", func() bool { return len(p.all) == 1 && p.all[0].over })
	if d := l.awaitStop(stopping(m)); d > after/2 {
		l.Errorf("with no handler running, Stop took %s", d)
	}
	l.member("next", durable(l, "a"), p, done).start()
	l.awaitAll(p, want)
}

func stopTwiceStartAgain(l *lab) {
	users := l.users(3)
	want := events(l.topics, users, 9)
	p := newTape()
	m := l.member("m", durable(l, "a"), p, done)
	for i := range 3 {
		m.start()
		part := want[i*len(want)/3 : (i+1)*len(want)/3]
		l.publish(part...)
		l.awaitAll(p, part)
		m.Stop(l.T)
		m.Stop(l.T)
	}
	p.locked(func() { inOrder(l, p, users) })
}

// An event that is done does not count for one before it that is not: after a
// stop and after a kill the unfinished one comes again.
func unfinishedComesAgain(l *lab) {
	stuck := l.users(1)[0]
	mine := events(l.topics, []string{stuck}, 3)
	others := events(l.topics, []string{l.other(stuck)}, 30)
	p := newTape()
	refuse := func(_ context.Context, d *delivery, _ ports.Message) ports.Answer {
		return ports.Answer{Again: d.user == stuck, After: 50 * time.Millisecond}
	}
	first := l.member("stopped", durable(l, "a"), p, refuse).start()
	l.publish(mine...)
	l.await(p, "the stuck event refused", func() bool { return p.tries[mine[0]] > 0 })
	l.publish(others[:15]...)
	l.awaitAll(p, others[:15])
	first.Stop(l.T)
	second := l.member("killed", durable(l, "a"), p, refuse).start()
	l.publish(others[15:]...)
	l.awaitAll(p, others)
	l.await(p, "the stuck event refused again", func() bool {
		return slices.ContainsFunc(p.all, func(d *delivery) bool { return d.member == "killed" && d.event == mine[0] })
	})
	second.kill()
	l.member("last", durable(l, "a"), p, done).start()
	l.awaitAll(p, append(mine, others...))
	p.locked(func() { inOrder(l, p, []string{stuck}) })
}
