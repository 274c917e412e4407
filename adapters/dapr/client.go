package dapr

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/dapr/go-sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/tasktide/tasktide/core/domain"
)

const (
	tokenHeader = "dapr-api-token" //nolint:gosec // the header's name, no token
	dependency  = "dapr"

	// callTimeout bounds each call: daprd has no time limit of its own on a state
	// write (components-contrib, common/component/postgresql/v1, doSet).
	callTimeout = 10 * time.Second
	// maxAnswer is the largest answer we take: a bulk get of many values.
	maxAnswer = 64 << 20
)

// What to do when the sidecar is not there, or does not take our token.
const (
	noSidecar = "no sidecar answers on %s: in Kubernetes the pod must have dapr.io/enabled and be made while Dapr's injector runs " +
		"(then make it anew: kubectl rollout restart); elsewhere start daprd, or correct DAPR_HOST and DAPR_HTTP_PORT"
	wrongAPIToken = "the sidecar refuses our DAPR_API_TOKEN: both must have the same one, in Kubernetes the key token of the secret that dapr.io/api-token-secret names; restart the pod after a change" //nolint:gosec // a sentence
)

var errClosed = errors.New("the client is closed")

// Client is the connection to the sidecar, shared by Publisher, State and
// Secrets. It may be used concurrently.
type Client struct {
	cfg  Config
	http http.Client

	mu     sync.Mutex
	conn   *grpc.ClientConn
	api    client.Client
	closed bool
}

// NewClient returns a client that connects when it is first used. cfg must be
// valid. The go-sdk gets a connection of ours: its own constructor blocks until the
// sidecar answers and fails when that comes up later than we do.
func NewClient(cfg Config) *Client {
	return &Client{cfg: cfg, http: http.Client{
		Transport: &http.Transport{DisableKeepAlives: true}, // no idle goroutines for a probe every few seconds
		Timeout:   callTimeout,
	}}
}

// Close ends the connection; calls under way fail with domain.ErrUnavailable, and
// so do all later ones. It may be called more than once.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.conn == nil {
		return nil
	}
	conn := c.conn
	c.conn, c.api = nil, nil
	return conn.Close()
}

// Health is nil when the sidecar can be used for outbound calls: its components
// are loaded, whether or not our own port is open yet
// (https://docs.dapr.io/reference/api/health_api/). Else domain.ErrUnavailable.
func (c *Client) Health(ctx context.Context) error {
	url := "http://" + c.cfg.httpAddress() + "/v1.0/healthz/outbound"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return domain.Unavailable(dependency, err)
	}
	if c.cfg.DaprToken != "" {
		req.Header.Set(tokenHeader, c.cfg.DaprToken)
	}
	res, err := c.http.Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return domain.Misconfigured(dependency, fmt.Sprintf(noSidecar, c.cfg.httpAddress()), err)
	}
	if err != nil {
		return domain.Unavailable(dependency, err)
	}
	_ = res.Body.Close()
	if res.StatusCode/100 != 2 {
		return domain.Unavailable(dependency, fmt.Errorf("%s answered %s", url, res.Status))
	}
	return nil
}

// Subscribed is nil when the sidecar delivers every topic that s declares. It asks
// for them only when it first sees our port, and gives up after about two seconds: a
// process that dies just then would get nothing for as long as its sidecar lives, and
// the sidecar calls itself healthy (see "The sidecar's side" in the package comment).
func (c *Client) Subscribed(ctx context.Context, s *Subscriber) error {
	if s.none() {
		return nil // whatever becomes of the sidecar
	}
	api, err := c.dial()
	if err != nil {
		return err
	}
	m, err := api.GetMetadata(ctx)
	if err != nil {
		return refusal(err)
	}
	has := map[[2]string]bool{}
	for _, sub := range m.Subscriptions {
		has[[2]string{sub.PubsubName, sub.Topic}] = true
	}
	var missing []string
	look := func(component string, topics []domain.Topic) {
		for _, t := range topics {
			if !has[[2]string{component, string(t)}] {
				missing = append(missing, component+"/"+string(t))
			}
		}
	}
	look(c.cfg.PubSub, s.durable.topics)
	look(c.cfg.BroadcastPubSub, s.broadcast.topics)
	if len(missing) == 0 {
		return nil
	}
	return domain.Misconfigured(dependency, "the sidecar does not deliver "+strings.Join(missing, ", ")+": it asks for subscriptions only once; if this lasts, restart the sidecar", nil)
}

// dial opens the connection, without waiting for it, unless it is open.
func (c *Client) dial() (client.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, domain.Unavailable(dependency, errClosed)
	}
	if c.api != nil {
		return c.api, nil
	}
	conn, err := grpc.NewClient("passthrough:///"+c.cfg.grpcAddress(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithUnaryInterceptor(c.authorize),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer), grpc.MaxCallSendMsgSize(maxAnswer)),
		// gRPC's default backs off up to two minutes: too long after a sidecar's restart.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 2 * time.Second,
		}))
	if err != nil {
		return nil, domain.Unavailable(dependency, err)
	}
	c.conn, c.api = conn, client.NewClientWithConnection(conn)
	return c.api, nil
}

// authorize adds the token and the time limit to each call.
func (c *Client) authorize(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if c.cfg.DaprToken != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, tokenHeader, c.cfg.DaprToken)
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}
