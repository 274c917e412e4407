package dapr

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const topic = domain.TaskCreated

// rig is a Server that is called as the sidecar would.
type rig struct {
	testing.TB
	sub    *Subscriber
	server *Server
	conn   *grpc.ClientConn
	api    runtimev1.AppCallbackClient
}

func newRig(t testing.TB, token string) *rig {
	return newRigWith(t, token, []domain.Topic{topic}, []domain.Topic{domain.TaskUpdates})
}

func newRigWith(t testing.TB, token string, durable, broadcast []domain.Topic) *rig {
	t.Helper()
	cfg := DefaultConfig()
	cfg.AppToken = token
	sub := NewSubscriber(cfg, durable, broadcast)
	r := &rig{TB: t, sub: sub, server: NewServer(cfg, sub, slog.New(slog.DiscardHandler))}
	r.serve()
	return r
}

// serve starts the server; OnTick has to come before, so some tests do it themselves.
func (r *rig) serve() {
	l := bufconn.Listen(1 << 20)
	ended := make(chan error, 1)
	go func() { ended <- r.server.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///app", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		r.Fatal(err)
	}
	r.conn, r.api = conn, runtimev1.NewAppCallbackClient(conn)
	r.Cleanup(func() {
		_ = conn.Close()
		r.server.Stop(context.Background())
		if err := <-ended; err != nil {
			r.Error(err)
		}
	})
}

// subscribe runs h until stop, which returns what Subscribe returned.
func (r *rig) subscribe(s ports.Subscription, h ports.Handler) (stop func() error) {
	r.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.sub.Subscribe(ctx, s, h) }()
	g := &r.sub.durable
	if s.Mode == ports.Broadcast {
		g = &r.sub.broadcast
	}
	for open := false; !open; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		open = g.run != nil && !g.run.stopped
		g.mu.Unlock()
	}
	return func() error { cancel(); return <-ended }
}

func durable() ports.Subscription {
	return ports.Subscription{Group: "audit-service", Topics: []domain.Topic{topic}, Drain: time.Second}
}

// deliver returns the answer's status, or the code of the error. meta are pairs.
func (r *rig) deliver(component string, t domain.Topic, data []byte, meta ...string) string {
	r.Helper()
	ctx := metadata.AppendToOutgoingContext(r.Context(), meta...)
	res, err := r.api.OnTopicEvent(ctx, &runtimev1.TopicEventRequest{PubsubName: component, Topic: string(t), Data: data})
	if err != nil {
		return status.Code(err).String()
	}
	return res.GetStatus().String()
}
