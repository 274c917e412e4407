package dapr

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func TestSubscriptionsAreAnsweredFromTheStart(t *testing.T) {
	t.Parallel()
	got, err := newRig(t, "").api.ListTopicSubscriptions(t.Context(), &emptypb.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	want := [][2]string{{"pubsub", "task-created"}, {"pubsub-broadcast", "task-updates"}}
	if len(got.GetSubscriptions()) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i, s := range got.GetSubscriptions() {
		if s.GetPubsubName() != want[i][0] || s.GetTopic() != want[i][1] || s.GetMetadata()["rawPayload"] != "true" || s.GetBulkSubscribe().GetEnabled() || s.GetDeadLetterTopic() != "" {
			t.Errorf("subscription %d is %v", i, s)
		}
	}
	none, err := newRigWith(t, "", nil, nil).api.ListTopicSubscriptions(t.Context(), &emptypb.Empty{})
	if err != nil || len(none.GetSubscriptions()) != 0 {
		t.Errorf("a service that consumes nothing answers %v, %v", none, err)
	}
}

func TestADeliveryThatNobodyIsSubscribedToComesAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	refused := func(component string, of domain.Topic) {
		t.Helper()
		if got := r.deliver(component, of, []byte("x")); got != codes.Unavailable.String() {
			t.Errorf("%s of %s: %s, want Unavailable", of, component, got)
		}
	}
	refused("pubsub", topic)
	refused("pubsub-broadcast", domain.TaskUpdates)
	stop := r.subscribe(durable(), func(context.Context, ports.Message) ports.Answer { return ports.Answer{} })
	defer func() { _ = stop() }()
	refused("pubsub", domain.TaskUpdates)
	refused("pubsub", "unknown")
	refused("pubsub", "")
	refused("pubsub-broadcast", topic)
	refused("another", topic)
	refused("", topic)
	if got := r.deliver("pubsub", topic, []byte("x")); got != "SUCCESS" {
		t.Errorf("what is subscribed: %s", got)
	}
}

func TestAHandlerGetsTopicKeyAndBody(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	var got ports.Message
	stop := r.subscribe(durable(), func(_ context.Context, m ports.Message) ports.Answer { got = m; return ports.Answer{} })
	defer func() { _ = stop() }()
	r.deliver("pubsub", topic, []byte("body\x00\xff"), "__key", "a+b%2B%C3%BC%0A%00")
	if got.Topic != topic || got.Key != "a b+ü\n\x00" || !bytes.Equal(got.Body, []byte("body\x00\xff")) {
		t.Errorf("got %q", got)
	}
	r.deliver("pubsub", topic, []byte("body"))
	if got.Key != "" {
		t.Errorf("a record without a key came with %q", got.Key)
	}
	r.deliver("pubsub", topic, []byte("body"), "__key", "100%")
	if got.Key != "100%" {
		t.Errorf("a key that is not escaped came as %q", got.Key)
	}
	for sent, want := range map[string]string{"": "", "null": "", "Null": "Null", "null ": "null ", `{"a":1}`: `{"a":1}`} {
		r.deliver("pubsub", topic, []byte(sent))
		if string(got.Body) != want {
			t.Errorf("%q came as %q, want %q", sent, got.Body, want)
		}
	}
}

func TestAgainIsHeldBackAndReleasedByAStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &run{stopping: make(chan struct{})}
		for after, want := range map[time.Duration]time.Duration{-1: 0, 0: 0, 700 * time.Millisecond: 700 * time.Millisecond, time.Hour: maxHold} {
			began := time.Now()
			r.hold(after)
			if got := time.Since(began); got != want {
				t.Errorf("asked for %s, held %s, want %s", after, got, want)
			}
		}
		began := time.Now()
		time.AfterFunc(time.Second, func() { close(r.stopping) })
		r.hold(time.Hour)
		if got := time.Since(began); got != time.Second {
			t.Errorf("a stop after 1s let the answer go after %s", got)
		}
	})
}

func TestABroadcastIsNotRepeated(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	stop := r.subscribe(ports.Subscription{Group: "pod", Topics: []domain.Topic{domain.TaskUpdates}, Mode: ports.Broadcast},
		func(context.Context, ports.Message) ports.Answer { return ports.Answer{Again: true, After: time.Hour} })
	defer func() { _ = stop() }()
	if got := r.deliver("pubsub-broadcast", domain.TaskUpdates, []byte("x")); got != "SUCCESS" {
		t.Errorf("got %s", got)
	}
}

func TestAgainIsAnsweredWithRetry(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	stop := r.subscribe(durable(), func(context.Context, ports.Message) ports.Answer {
		return ports.Answer{Again: true, After: time.Millisecond}
	})
	defer func() { _ = stop() }()
	if got := r.deliver("pubsub", topic, []byte("x")); got != "RETRY" {
		t.Errorf("got %s", got)
	}
}

func TestAStopDrainsThenCancelsAndCanBeFollowedByAStart(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	for range 2 {
		running, cancelled := make(chan struct{}), make(chan struct{})
		s := durable()
		s.Drain = 50 * time.Millisecond
		stop := r.subscribe(s, func(ctx context.Context, _ ports.Message) ports.Answer {
			close(running)
			<-ctx.Done()
			close(cancelled)
			return ports.Answer{Again: true, After: time.Hour}
		})
		if err := r.sub.Subscribe(t.Context(), s, nil); err == nil {
			t.Error("two subscriptions of one mode at the same time")
		}
		answered := make(chan string, 1)
		go func() { answered <- r.deliver("pubsub", topic, []byte("x")) }()
		<-running
		began := time.Now()
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-cancelled:
		default:
			t.Error("Subscribe returned before its handler")
		}
		if d := time.Since(began); d < s.Drain {
			t.Errorf("the handler was cancelled after %s, before the drain was over", d)
		}
		if got := <-answered; got != "RETRY" {
			t.Errorf("the cancelled handler's answer became %s", got)
		}
		if got := r.deliver("pubsub", topic, []byte("x")); got != codes.Unavailable.String() {
			t.Errorf("a stopped subscription answers %s, want Unavailable", got)
		}
	}
}

func TestATopicThatWasNotDeclaredIsAnError(t *testing.T) {
	t.Parallel()
	s := durable()
	s.Topics = []domain.Topic{domain.TaskDeleted}
	if err := newRig(t, "").sub.Subscribe(t.Context(), s, nil); err == nil {
		t.Error("no error")
	}
}
