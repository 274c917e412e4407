package dapr

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// A record that is refused for its size would be repeated for ever and block its
// partition: both limits are far above a broker's usual maximum of 1 MiB. A key is
// escaped, up to three times its length.
const (
	maxDelivery        = 16 << 20
	maxDeliveryHeaders = 16 << 20
)

// stopWithin is how long Stop waits for the sidecar to take the last answers.
const stopWithin = 5 * time.Second

var (
	errLater   = status.Error(codes.Unavailable, "this process takes no such delivery now")
	errUnknown = status.Error(codes.Unavailable, "this application has no such method")
	errToken   = status.Error(codes.Unauthenticated, "the dapr-api-token is missing or wrong: it must be the application's APP_API_TOKEN")
	errPanic   = status.Error(codes.Internal, "the delivery ended in a panic")
	errInvoke  = status.Error(codes.PermissionDenied, "nothing can be invoked here by way of the sidecar: call the application's HTTP port")
)

// Server is the gRPC server that the sidecar of this process calls, and nobody
// else. With an AppToken every other caller gets Unauthenticated, which daprd would
// retry as well, except to the questions what we want and how we are.
type Server struct {
	callbacks *callbacks
	grpc      *grpc.Server
	tokens    tokens
}

// tokens remembers what callers showed.
type tokens struct{ refused, accepted atomic.Bool }

// NewServer returns a server that delivers to sub.
func NewServer(cfg Config, sub *Subscriber, log *slog.Logger) *Server {
	s := &Server{callbacks: &callbacks{sub: sub, ticks: map[string]func(){}}}
	s.grpc = grpc.NewServer(
		grpc.ChainUnaryInterceptor(recovered(log), s.onlySidecar(cfg, log)),
		grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return errUnknown }), // not Unimplemented: that drops
		grpc.ConnectionTimeout(stopWithin),                                                   // a stop waits for who connected and says nothing
		grpc.MaxRecvMsgSize(maxDelivery), grpc.MaxHeaderListSize(maxDeliveryHeaders),
	)
	runtimev1.RegisterAppCallbackServer(s.grpc, s.callbacks)
	runtimev1.RegisterAppCallbackHealthCheckServer(s.grpc, s.callbacks)
	return s
}

// OnTick makes tick the handler of the cron binding with that component name; it
// must be called before Serve. daprd calls it in every replica and does nothing
// about the answer, so tick must not block and must not mind being called too often.
func (s *Server) OnTick(binding string, tick func()) { s.callbacks.ticks[binding] = tick }

// Serve answers on l until Stop.
func (s *Server) Serve(l net.Listener) error { return s.grpc.Serve(l) }

// Stop closes the port, lets answers that are on their way go, and returns when that
// is done, cut short after 5 s or with ctx: a sidecar that does not answer must not
// hold us. It comes after the subscriptions have been stopped.
func (s *Server) Stop(ctx context.Context) {
	done := make(chan struct{})
	go func() { defer close(done); s.grpc.GracefulStop() }()
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	select {
	case <-done:
	case <-ctx.Done():
		s.grpc.Stop()
		<-done
	}
}

// recovered makes an error of a panic: gRPC would let it end the process.
func recovered(log *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (res any, err error) {
		defer func() {
			if p := recover(); p != nil {
				log.ErrorContext(ctx, "a call of the sidecar panicked", "method", info.FullMethod, "panic", p, "stack", string(debug.Stack()))
				res, err = nil, errPanic
			}
		}()
		return handle(ctx, req)
	}
}

// question says which methods daprd calls without the token (the package comment says where). What
// they tell is in the source anyway.
func question(method string) bool {
	return slices.Contains([]string{
		runtimev1.AppCallbackHealthCheck_HealthCheck_FullMethodName,
		runtimev1.AppCallback_ListTopicSubscriptions_FullMethodName,
		runtimev1.AppCallback_ListInputBindings_FullMethodName,
	}, method)
}

// onlySidecar lets in who shows AppToken; everybody where there is none.
func (s *Server) onlySidecar(cfg Config, log *slog.Logger) grpc.UnaryServerInterceptor {
	var said sync.Once // daprd repeats what is refused, many times a second
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if cfg.AppToken == "" || question(info.FullMethod) {
			return handle(ctx, req)
		}
		if !shown(ctx, cfg.AppToken) {
			s.tokens.refused.Store(true)
			said.Do(func() {
				log.WarnContext(ctx, "calls without the right dapr-api-token are refused; sidecar and application need the same APP_API_TOKEN", "method", info.FullMethod)
			})
			return nil, errToken
		}
		s.tokens.accepted.Store(true)
		return handle(ctx, req)
	}
}

func shown(ctx context.Context, token string) bool {
	for _, v := range metadata.ValueFromIncomingContext(ctx, tokenHeader) {
		if subtle.ConstantTimeCompare([]byte(v), []byte(token)) == 1 {
			return true
		}
	}
	return false
}
