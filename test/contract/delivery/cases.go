package delivery

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/contract/transport"
)

func cases() map[string]func(*lab) {
	return map[string]func(*lab){
		"an event that is published again has its effect once":                 republished,
		"instances of a group share the events and each has its effect once":   shared,
		"members come, go and are killed and nothing is lost or out of order":  churn,
		"a poison event between good ones is kept and the others go on":        poison,
		"a permanent error is a dead letter at once":                           permanent,
		"hostile records are dead letters and the next event is handled":       hostile,
		"a panic is counted and the event handled by the retry":                panics,
		"correlation and trace ids survive hops, retries and redrive":          ids,
		"a redrive runs the stored bytes again, for this group alone":          redrive,
		"a failing handler and a retry by another instance share one count":    sharedCount,
		"a stop gives the attempt back and the event is handled by the next":   stopped,
		"a good event of another user goes on while one is retried (per lane)": goesOn,
		"an event that a failing handler wrote is not published (its transaction was rolled back); one that a succeeding handler wrote is, though the process dies right after": written,
		"a completed task has one next occurrence, however often and by how many at once its event is handled":                                                                  oneNext,
	}
}

func republished(l *lab) {
	l.process(nil)
	e := event(l.users(1)[0], 1)
	for range 3 {
		l.relay([]domain.Event{e})()
	}
	last := event(e.UserID, 2) // behind the copies in the same lane
	l.relay([]domain.Event{last})
	l.awaitEffects([]domain.Event{e, last})
	if l.calls[e.ID] != 1 {
		l.Errorf("the handler was called %d times", l.calls[e.ID])
	}
}

func shared(l *lab) {
	for range 2 {
		l.process(nil)
	}
	streams := l.streams(20, 10)
	l.relay(streams...)
	l.awaitEffects(streams...)
	if n := len(l.letters()); n != 0 {
		l.Errorf("%d dead letters", n)
	}
}

func churn(l *lab) {
	l.process(nil)
	victim := l.process(nil)
	streams := l.streams(20, 15)
	wait := l.relay(streams...)
	l.await("some effects", func() bool { return len(l.effects) > 30 })
	victim.Kill(l.T)
	late := l.process(nil)
	l.await("more effects", func() bool { return len(l.effects) > 100 })
	late.Stop(l.T)
	wait()
	l.awaitEffects(streams...)
	if n := len(l.letters()); n != 0 {
		l.Errorf("%d dead letters", n)
	}
}

func poison(l *lab) {
	streams := l.streams(5, 9)
	bad := streams[0][4]
	l.process(func(_ context.Context, e domain.Event) error {
		if e.ID == bad.ID {
			return errors.New("poison")
		}
		return nil
	})
	l.relay(streams...)
	letter := l.awaitLetters(1)[0]
	good := append([]domain.Event{}, streams[0][:4]...)
	l.awaitEffects(append(streams[1:], append(good, streams[0][5:]...))...)
	if l.calls[bad.ID] != 8 || letter.Attempts != 8 || letter.Reason != domain.ReasonExhausted || letter.EventID != bad.ID.String() || letter.UserID != bad.UserID {
		l.Errorf("%d attempts, letter %+v", l.calls[bad.ID], letter)
	}
}

func permanent(l *lab) {
	own := l.streams(1, 2)[0]
	l.process(func(_ context.Context, e domain.Event) error {
		if e.ID == own[0].ID {
			return domain.Permanent(errors.New("never"))
		}
		return nil
	})
	l.relay(own)
	if letter := l.awaitLetters(1)[0]; letter.Attempts != 1 || letter.Reason != domain.ReasonPermanent {
		l.Errorf("letter %+v", letter)
	}
	l.awaitEffects(own[1:])
}

func hostile(l *lab) {
	l.process(nil)
	e := event(l.users(1)[0], 1)
	body, err := domain.EncodeEvent(e)
	if err != nil {
		l.Fatal(err)
	}
	edit := func(old, now string) []byte { return []byte(strings.Replace(string(body), old, now, 1)) }
	records := [][]byte{
		nil, []byte("no JSON"), []byte("\x00\x01\xff\xfe"), []byte(`{"traceparent":5}`), []byte(`[]`), []byte(`"text"`),
		edit(`"specversion":"1.0"`, `"specversion":1`), edit(`"type":"task.created.v1"`, `"type":"task.created.v9"`),
		edit(`"type":"task.created.v1"`, `"type":["a"]`), edit(`"data":{`, `"expiration":"2001-01-01T00:00:00Z","data":5,"x":{`),
		edit(`"id":"`, "\"id\":\"line\\nbreak"), []byte(strings.Repeat("x", l.m.Transport.MaxBody-1024)),
	}
	foreign := l.m.Transport.Foreign(l.T)
	for _, r := range records {
		l.publish(foreign, ports.Record{Topic: l.topic, Key: e.UserID, Body: r})
	}
	l.publish(foreign, ports.Record{Topic: l.topic, Key: "mallory", Body: body})
	l.relay([]domain.Event{e})
	l.awaitEffects([]domain.Event{e})
	for _, letter := range l.awaitLetters(len(records) + 1) {
		if letter.Reason != domain.ReasonMalformed || letter.Error == "" {
			l.Errorf("letter %+v", letter)
		}
	}
}

func panics(l *lab) {
	var once atomic.Bool
	l.process(func(context.Context, domain.Event) error {
		if once.CompareAndSwap(false, true) {
			panic("boom")
		}
		return nil
	})
	own := l.streams(1, 3)[0]
	l.relay(own)
	l.awaitEffects(own)
	if l.calls[own[0].ID] != 2 {
		l.Errorf("%d attempts", l.calls[own[0].ID])
	}
}

func ids(l *lab) {
	var fail atomic.Bool
	fail.Store(true)
	own := l.streams(1, 1)[0]
	p := l.process(func(ctx context.Context, e domain.Event) error {
		if e.CorrelationID != own[0].CorrelationID || e.TraceParent != own[0].TraceParent || domain.CorrelationIDFrom(ctx) != e.CorrelationID {
			l.Errorf("ids are %q, %q", e.CorrelationID, e.TraceParent)
		}
		if fail.Load() {
			return errors.New("not yet")
		}
		return nil
	})
	l.relay(own)
	l.awaitLetters(1)
	fail.Store(false)
	l.redriver(p)
	if n, err := l.m.Letters.Redrive(l.Context(), domain.DeadLetterQuery{Group: l.group}); n != 1 || err != nil {
		l.Fatalf("marked %d, %v", n, err)
	}
	l.awaitEffects(own)
}

// redriver runs the group's redriver until the subtest ends.
func (l *lab) redriver(p *process) {
	ctx, cancel := context.WithCancel(l.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		delivery.NewRedriver(p.Consumer, 200*time.Millisecond).Run(ctx)
	}()
	l.Cleanup(func() { cancel(); <-ended })
}

func redrive(l *lab) {
	var fail atomic.Bool
	fail.Store(true)
	own := l.streams(1, 3)[0]
	p := l.process(func(_ context.Context, e domain.Event) error {
		if e.ID == own[0].ID && fail.Load() {
			return errors.New("not yet")
		}
		return nil
	})
	l.relay(own)
	l.awaitLetters(1)
	l.awaitEffects(own[1:])
	l.redriver(p)
	mark := func() {
		if n, err := l.m.Letters.Redrive(l.Context(), domain.DeadLetterQuery{Group: l.group}); n != 1 || err != nil {
			l.Fatalf("marked %d, %v", n, err)
		}
	}
	mark()
	l.await("all attempts were made again", func() bool { return l.calls[own[0].ID] == 16 })
	l.poll("it is the same letter with more attempts", func() bool {
		f := l.letters()
		return len(f) == 1 && f[0].Attempts == 16 && f[0].RedriveAt == nil
	})
	fail.Store(false)
	mark()
	l.await("the redriven event had its effect", func() bool { return l.done[own[0].ID] })
	l.poll("the letter is gone", func() bool { return len(l.letters()) == 0 })
}

func sharedCount(l *lab) {
	own := l.streams(1, 1)[0]
	h := func(context.Context, domain.Event) error { return errors.New("boom") }
	first := l.process(h)
	l.relay(own)
	l.await("three attempts", func() bool { return l.calls[own[0].ID] >= 3 })
	first.Stop(l.T)
	l.process(h)
	letter := l.awaitLetters(1)[0]
	// A stop may cut an attempt off: that one is given back and made again.
	if n := l.calls[own[0].ID]; letter.Attempts != 8 || n < 8 || n > 9 {
		l.Errorf("%d calls, letter with %d attempts, want 8 in both instances together", n, letter.Attempts)
	}
}

func stopped(l *lab) {
	own := l.streams(1, 1)[0]
	inside := make(chan struct{})
	var first atomic.Bool
	first.Store(true)
	h := func(ctx context.Context, _ domain.Event) error {
		if first.CompareAndSwap(true, false) {
			close(inside)
			<-ctx.Done() // longer than the drain: cut off
			return ctx.Err()
		}
		return nil
	}
	p := l.process(h)
	l.relay(own)
	<-inside
	p.Stop(l.T)
	l.process(h)
	l.awaitEffects(own)
	if n := len(l.letters()); n != 0 {
		l.Errorf("%d dead letters", n)
	}
}

func goesOn(l *lab) {
	if l.m.Transport.ByPartition {
		l.Log("this transport orders by partition: another user of the same partition waits; users of others are tested by the transport suite")
	}
	streams := l.streams(8, 5)
	release := make(chan struct{})
	stuck := streams[0][0]
	l.process(func(ctx context.Context, e domain.Event) error {
		if e.ID != stuck.ID {
			return nil
		}
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	l.relay(streams...)
	if !l.m.Transport.ByPartition {
		l.awaitEffects(streams[1:]...)
	}
	close(release)
	l.awaitEffects(streams...)
}

// outlast breaks a dependency under load for longer than all attempts take.
func outlast(l *lab, o transport.Outage) {
	p := l.process(nil)
	streams := l.streams(10, 40)
	wait := l.relay(streams...)
	l.await("some effects", func() bool { return len(l.effects) > 20 })
	o.Stop(l.T)
	_ = memory.Clock{}.Wait(l.Context(), 5*time.Second) // the length of the outage; all attempts take under 0.3 s
	o.Start(l.T)
	wait()
	l.awaitEffects(streams...)
	if found := l.letters(); len(found) != 0 {
		l.Errorf("%d dead letters: %+v", len(found), found)
	}
	l.poll("the group is ready again", func() bool { return p.Ready(l.Context()) == nil })
}
