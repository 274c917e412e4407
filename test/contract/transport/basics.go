package transport

import (
	"context"
	"slices"
	"time"

	"github.com/tasktide/tasktide/ports"
)

func cases() []testCase {
	return []testCase{
		// Those that take longest begin first.
		{"members_come_go_and_are_killed_under_load", 1, membersComeAndGo},
		{"a_slow_handler_holds_back_the_queue_and_nobody_else", 1, backPressure},
		{"what_is_not_done_comes_again_though_later_events_are", 1, unfinishedComesAgain},
		{"at_least_once_with_restarts_in_between", 2, atLeastOnce},
		{"a_retry_keeps_the_order_of_its_user", 1, orderWithRetries},
		{"others_go_on_while_one_user_waits", 1, othersGoOn},
		{"instances_of_a_group_compete_and_groups_do_not", 1, groupsCompete},
		{"a_broadcast_reaches_every_instance", 1, broadcastReachesAll},
		{"a_new_durable_group_starts_at_the_oldest_event", 1, startsAtOldest},
		{"a_broadcast_starts_at_the_newest_event", 1, broadcastStartsAtNewest},
		{"again_is_redelivered_after_about_the_wait", 1, againAfter},
		{"a_handler_owns_its_body", 1, handlerOwnsBody},
		{"a_stop_lets_running_handlers_finish", 1, stopLetsFinish},
		{"a_stop_cancels_handlers_at_the_deadline_and_takes_no_more", 1, stopCancelsAtDeadline},
		{"a_stop_does_not_wait_for_retries", 1, stopReleasesRetries},
		{"stopped_twice_and_started_again", 1, stopTwiceStartAgain},
		{"hostile_bodies_arrive_byte_for_byte", 1, hostileArriveUntouched},
		{"hostile_keys_arrive", 1, hostileKeys},
	}
}

func durable(l *lab, group string) ports.Subscription {
	return ports.Subscription{Group: l.group(group), Mode: ports.Durable, Drain: 5 * time.Second}
}

func atLeastOnce(l *lab) {
	want := events(l.topics, l.users(10), 20)
	l.publish(want...)
	p := newTape()
	for round := range 4 {
		m := l.member("m", durable(l, "a"), p, done).start()
		part := len(want) * (round + 1) / 5
		l.await(p, "a part handled", func() bool { return len(p.handled()) >= part })
		m.Stop(l.T)
	}
	l.member("last", durable(l, "a"), p, done).start()
	l.awaitAll(p, want)
}

func orderWithRetries(l *lab) {
	users := l.users(8)
	want := events(l.topics, users, 15)
	l.publish(want...)
	p := newTape()
	l.member("m", durable(l, "a"), p, func(_ context.Context, d *delivery, _ ports.Message) ports.Answer {
		return ports.Answer{Again: d.n%4 == 0 && d.try <= 2, After: 5 * time.Millisecond}
	}).start()
	l.awaitAll(p, want)
	p.locked(func() {
		for _, u := range users {
			next := 1
			for _, d := range p.all {
				if d.user != u {
					continue
				}
				if d.n != next {
					l.Fatalf("user %s: event %d delivered while %d was not done", u, d.n, next)
				}
				if d.done {
					next++
				}
			}
		}
	})
}

func othersGoOn(l *lab) {
	stuck := l.users(1)[0]
	free := l.other(stuck)
	others := events(l.topics, []string{free}, 20)
	p := newTape()
	open := make(chan struct{})
	l.member("m", durable(l, "a"), p, func(_ context.Context, d *delivery, _ ports.Message) ports.Answer {
		select {
		case <-open:
			return ports.Answer{}
		default:
			return ports.Answer{Again: d.user == stuck, After: 20 * time.Millisecond}
		}
	}).start()
	mine := events(l.topics, []string{stuck}, 3)
	l.publish(mine...)
	l.await(p, "the stuck user refused once", func() bool { return p.tries[mine[0]] >= 1 })
	l.publish(others...)
	l.awaitAll(p, others)
	p.locked(func() {
		if n := p.tries[mine[1]]; n != 0 {
			l.Errorf("the stuck user's second event was delivered %d times before the first was done", n)
		}
	})
	close(open)
	l.awaitAll(p, mine)
}

func groupsCompete(l *lab) {
	want := events(l.topics, l.users(20), 10)
	a, b := newTape(), newTape()
	l.member("a1", durable(l, "a"), a, done).start()
	l.member("a2", durable(l, "a"), a, done).start()
	l.member("b", durable(l, "b"), b, done).start()
	l.publish(want...)
	l.awaitAll(a, want)
	l.awaitAll(b, want)
	a.locked(func() {
		if len(a.ended) >= 2*len(want) {
			l.Errorf("two instances of one group handled %d deliveries of %d events: they do not compete", len(a.ended), len(want))
		}
	})
}

func startsAtOldest(l *lab) {
	users := l.users(5)
	want := events(l.topics, users, 4)
	l.publish(want...)()
	p := newTape()
	l.member("m", durable(l, "late"), p, done).start()
	l.awaitAll(p, want)
	p.locked(func() { inOrder(l, p, users) })
}

// inOrder asserts that each user's events were first handled in order.
func inOrder(l *lab, p *tape, users []string) {
	l.Helper()
	for _, u := range users {
		seen := map[event]bool{}
		var first []int
		for _, d := range p.ended {
			if d.user == u && !seen[d.event] {
				seen[d.event] = true
				first = append(first, d.n)
			}
		}
		if !slices.IsSorted(first) {
			l.Errorf("user %s: first handled in the order %v", u, first)
		}
	}
}

func againAfter(l *lab) {
	const wait = 500 * time.Millisecond
	want := events(l.topics, l.users(1), 1)
	p := newTape()
	var answered time.Time
	l.member("m", durable(l, "a"), p, func(_ context.Context, d *delivery, _ ports.Message) ports.Answer {
		if d.try == 1 {
			p.locked(func() { answered = time.Now() })
			return ports.Answer{Again: true, After: wait}
		}
		return ports.Answer{}
	}).start()
	l.publish(want...)
	l.awaitAll(p, want)
	p.locked(func() {
		if got := p.all[1].at.Sub(answered); got < wait*9/10 || got > wait+3*time.Second {
			l.Errorf("asked for again after %s, delivered again after %s", wait, got)
		}
	})
}

func handlerOwnsBody(l *lab) {
	want := events(l.topics, l.users(5), 5)
	a, b := newTape(), newTape()
	scribble := func(_ context.Context, d *delivery, m ports.Message) ports.Answer {
		for i := range m.Body {
			m.Body[i] = '#'
		}
		_ = append(m.Body, "##########################################"...)
		return ports.Answer{Again: d.try < 3, After: time.Millisecond}
	}
	l.member("a", durable(l, "a"), a, scribble).start()
	l.member("b", durable(l, "b"), b, scribble).start()
	l.publish(want...)
	l.awaitAll(a, want)
	l.awaitAll(b, want)
}
