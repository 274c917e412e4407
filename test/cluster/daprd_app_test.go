package cluster

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"

	commonv1 "github.com/dapr/dapr/pkg/proto/common/v1"
	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// testApp is the least that a sidecar needs: it subscribes topics, raw, and remembers what arrives.
type testApp struct {
	runtimev1.UnimplementedAppCallbackServer
	token string
	sub   [][2]string // component and topic

	mu      sync.Mutex
	events  []string
	again   int // how many more deliveries are answered with "again"
	denied  int
	invoked int
}

func (a *testApp) ListTopicSubscriptions(context.Context, *emptypb.Empty) (*runtimev1.ListTopicSubscriptionsResponse, error) {
	out := &runtimev1.ListTopicSubscriptionsResponse{}
	for _, s := range a.sub {
		out.Subscriptions = append(out.Subscriptions, &runtimev1.TopicSubscription{PubsubName: s[0], Topic: s[1], Metadata: map[string]string{"rawPayload": "true"}})
	}
	return out, nil
}

func (a *testApp) OnTopicEvent(_ context.Context, e *runtimev1.TopicEventRequest) (*runtimev1.TopicEventResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.again > 0 {
		a.again--
		return &runtimev1.TopicEventResponse{Status: runtimev1.TopicEventResponse_RETRY}, nil
	}
	a.events = append(a.events, string(e.GetData()))
	return &runtimev1.TopicEventResponse{}, nil
}

func (a *testApp) OnInvoke(context.Context, *commonv1.InvokeRequest) (*commonv1.InvokeResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.invoked++
	return &commonv1.InvokeResponse{}, nil
}

func (a *testApp) got(event string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Contains(a.events, event)
}

// authorize counts and refuses what comes without the token: all but the question for the subscriptions should have it.
func (a *testApp) authorize(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if a.token != "" && info.FullMethod != runtimev1.AppCallback_ListTopicSubscriptions_FullMethodName &&
		!slices.Contains(metadata.ValueFromIncomingContext(ctx, "dapr-api-token"), a.token) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.denied++
		return nil, status.Error(codes.Unauthenticated, "no token")
	}
	return handle(ctx, req)
}

// serve listens; daprd waits for this port.
func (a *testApp) serve(t *testing.T, port int) {
	t.Helper()
	l, err := net.Listen("tcp", loopback(port))
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(grpc.UnaryInterceptor(a.authorize))
	runtimev1.RegisterAppCallbackServer(s, a)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
