package dapr

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"testing"
	"time"

	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const healthCheck = "/dapr.proto.runtime.v1.AppCallbackHealthCheck/HealthCheck"

// Every method of the API that daprd may call, and two that do not exist: daprd
// drops a record for the code Unimplemented.
func TestNothingIsEverAnsweredWithUnimplemented(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	methods := []string{healthCheck, "/dapr.proto.runtime.v1.AppCallback/OnWhatever", "/dapr.proto.runtime.v1.AppCallbackAlpha/OnBulkTopicEventAlpha1"}
	for _, m := range runtimev1.AppCallback_ServiceDesc.Methods {
		methods = append(methods, "/"+runtimev1.AppCallback_ServiceDesc.ServiceName+"/"+m.MethodName)
	}
	if len(methods) < 10 {
		t.Fatalf("only %q", methods)
	}
	for _, m := range methods {
		err := r.conn.Invoke(t.Context(), m, &emptypb.Empty{}, &emptypb.Empty{})
		if status.Code(err) == codes.Unimplemented {
			t.Errorf("%s: %v", m, err)
		}
	}
}

func TestWhatIsNotForUsIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	stop := r.subscribe(durable(), func(context.Context, ports.Message) ports.Answer { return ports.Answer{} })
	defer func() { _ = stop() }()
	_, err := r.api.OnInvoke(t.Context(), nil)
	if status.Code(err) != codes.PermissionDenied {
		t.Errorf("an invocation: %v", err)
	}
	_, err = r.api.OnJobEvent(t.Context(), &runtimev1.JobEventRequest{Name: "x"})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("a job: %v", err)
	}
	_, err = r.api.OnBulkTopicEvent(t.Context(), &runtimev1.TopicEventBulkRequest{Topic: string(topic), PubsubName: "pubsub"})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("a bulk delivery: %v", err)
	}
}

func TestOnlyTheSidecarsTokenIsLetIn(t *testing.T) {
	t.Parallel()
	r := newRig(t, "secret")
	calls := 0
	stop := r.subscribe(durable(), func(context.Context, ports.Message) ports.Answer { calls++; return ports.Answer{} })
	defer func() { _ = stop() }()
	for _, meta := range [][]string{nil, {tokenHeader, ""}, {tokenHeader, "Secret"}, {tokenHeader, "secret2"}, {tokenHeader, "secre"}, {tokenHeader, "a", tokenHeader, "b"}} {
		if got := r.deliver("pubsub", topic, nil, meta...); got != codes.Unauthenticated.String() {
			t.Errorf("metadata %q: %s", meta, got)
		}
		ctx := metadata.AppendToOutgoingContext(t.Context(), meta...)
		if _, err := r.api.OnInvoke(ctx, nil); status.Code(err) != codes.Unauthenticated {
			t.Errorf("metadata %q, invocation: %v", meta, err)
		}
		if _, err := r.api.OnBindingEvent(ctx, &runtimev1.BindingEventRequest{}); status.Code(err) != codes.Unauthenticated {
			t.Errorf("metadata %q, binding: %v", meta, err)
		}
	}
	if calls != 0 {
		t.Errorf("%d deliveries got in without the token", calls)
	}
	for _, meta := range [][]string{{"Dapr-Api-Token", "secret"}, {tokenHeader, "a record's own", tokenHeader, "secret"}} {
		if got := r.deliver("pubsub", topic, nil, meta...); got != "SUCCESS" {
			t.Errorf("metadata %q: %s", meta, got)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
	for _, question := range []string{healthCheck, runtimev1.AppCallback_ListTopicSubscriptions_FullMethodName, runtimev1.AppCallback_ListInputBindings_FullMethodName} {
		if err := r.conn.Invoke(t.Context(), question, &emptypb.Empty{}, &emptypb.Empty{}); err != nil {
			t.Errorf("%s, which daprd calls without the token: %v", question, err)
		}
	}
}

func TestAPanicIsAnErrorAndTheServerGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	stop := r.subscribe(durable(), func(_ context.Context, m ports.Message) ports.Answer {
		if string(m.Body) == "bad" {
			panic("on purpose")
		}
		return ports.Answer{}
	})
	if got := r.deliver("pubsub", topic, []byte("bad")); got != codes.Internal.String() {
		t.Errorf("a panic: %s", got)
	}
	if got := r.deliver("pubsub", topic, []byte("good")); got != "SUCCESS" {
		t.Errorf("after it: %s", got)
	}
	if err := stop(); err != nil { // waits for ever for a delivery that never left
		t.Error(err)
	}
}

func TestOnlyBindingsWithAHandlerAreAskedForAndTick(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	sub := NewSubscriber(cfg, nil, nil)
	r := &rig{TB: t, sub: sub, server: NewServer(cfg, sub, nil)}
	ticks := 0
	r.server.OnTick("reminder-check-cron", func() { ticks++ })
	r.serve()
	got, err := r.api.ListInputBindings(t.Context(), &emptypb.Empty{})
	if err != nil || !slices.Equal(got.GetBindings(), []string{"reminder-check-cron"}) {
		t.Errorf("bindings %q, %v", got.GetBindings(), err)
	}
	if _, err := r.api.OnBindingEvent(t.Context(), &runtimev1.BindingEventRequest{Name: "reminder-check-cron", Data: []byte("any")}); err != nil || ticks != 1 {
		t.Errorf("%d ticks, %v", ticks, err)
	}
	if _, err := r.api.OnBindingEvent(t.Context(), &runtimev1.BindingEventRequest{Name: "another"}); status.Code(err) != codes.Unavailable || ticks != 1 {
		t.Errorf("another binding: %d ticks, %v", ticks, err)
	}
}

func TestAStopLetsTheLastAnswerGo(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	running, goOn := make(chan struct{}), make(chan struct{})
	stop := r.subscribe(durable(), func(context.Context, ports.Message) ports.Answer {
		close(running)
		<-goOn
		return ports.Answer{}
	})
	answered := make(chan string, 1)
	go func() { answered <- r.deliver("pubsub", topic, nil) }()
	<-running
	stopped := make(chan struct{})
	go func() { defer close(stopped); r.server.Stop(context.Background()) }()
	close(goOn)
	if got := <-answered; got != "SUCCESS" {
		t.Errorf("the answer on its way became %s", got)
	}
	<-stopped
	if err := stop(); err != nil {
		t.Error(err)
	}
	if got := r.deliver("pubsub", topic, nil); got != codes.Unavailable.String() {
		t.Errorf("a stopped server answers %s", got)
	}
}

// A sidecar that is frozen keeps its connection and does not take the farewell.
func TestAStopDoesNotWaitForASidecarThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	s := NewServer(cfg, NewSubscriber(cfg, nil, nil), nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	// The preface of HTTP/2 and empty settings, then nothing more.
	if _, err := conn.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 9)); err != nil { // its settings: the connection is up
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	s.Stop(ctx)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	s.Stop(t.Context()) // twice is fine
}

// A record as large as a broker takes by default, nearly all of it key, escaped.
func TestALargeDeliveryIsTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	var got ports.Message
	stop := r.subscribe(durable(), func(_ context.Context, m ports.Message) ports.Answer { got = m; return ports.Answer{} })
	defer func() { _ = stop() }()
	escaped := make([]byte, 0, 3<<20)
	for range 1 << 20 {
		escaped = append(escaped, "%FF"...)
	}
	if answer := r.deliver("pubsub", topic, make([]byte, 12<<20), keyHeader, string(escaped)); answer != "SUCCESS" || len(got.Key) != 1<<20 || len(got.Body) != 12<<20 {
		t.Errorf("%s; %d bytes of key, %d of body", answer, len(got.Key), len(got.Body))
	}
}

// TestNothingToDeliverIsNoReasonToBeUnready: a service that only publishes is not judged by the sidecar's deliveries, nor by what
// strangers try at its port.
func TestNothingToDeliverIsNoReasonToBeUnready(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		topics []domain.Topic
		ready  bool
	}{"it publishes": {nil, true}, "it consumes": {[]domain.Topic{topic}, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := DefaultConfig()
			cfg.AppToken, cfg.HTTPPort, cfg.GRPCPort = "secret", 1, 1 // where nobody is
			sub := NewSubscriber(cfg, c.topics, nil)
			s := NewServer(cfg, sub, slog.New(slog.DiscardHandler))
			s.tokens.refused.Store(true)
			client := NewClient(cfg)
			t.Cleanup(func() { _ = client.Close() })
			for what, err := range map[string]error{"subscriptions": client.Subscribed(t.Context(), sub), "token": s.Known(t.Context())} {
				if (err == nil) != c.ready {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
}
