package dapr

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/dapr"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/cluster"
)

const appToken = "the-app-token"

// process is one instance of a service: our half, and the sidecar beside it.
type process struct {
	sub     ports.Subscription
	app     *app
	inbound *dapr.Subscriber
	appPort int
	options cluster.DaprdOptions
	daprd   *cluster.Daprd
	cancel  context.CancelFunc
	kill    context.CancelFunc
	ended   chan error
	settle  func() // ends the restarts of a sidecar that does not come up
}

func newProcess(t testing.TB, s ports.Subscription) *process {
	t.Helper()
	rendered := need(t, shared.rendered)
	free, err := cluster.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{sub: s, appPort: free[0]}
	p.options = cluster.DaprdOptions{
		AppID: s.Group, AppPort: p.appPort, Dir: shared.dir, Dapr: rendered,
		PodName: s.Group + "-" + uuid.NewString()[:8], AppToken: appToken, LogLevel: "warn",
	}
	if s.Mode == ports.Broadcast {
		p.options.AppID = string(domain.WebsocketService) // the broadcast component's scope
	}
	t.Cleanup(func() {
		p.Stop(t)
		if p.daprd != nil {
			_ = p.daprd.Kill()
		}
	})
	return p
}

// Start is transport.Instance.
func (p *process) Start(t testing.TB, h ports.Handler) {
	t.Helper()
	p.startApp(t, h)
	p.settle = func() {}
	p.startSidecar(t)
}

// startApp starts the half of the process that is ours.
func (p *process) startApp(t testing.TB, h ports.Handler) {
	t.Helper()
	cfg := dapr.DefaultConfig()
	cfg.AppToken = appToken
	durable, broadcast := p.sub.Topics, []domain.Topic(nil)
	if p.sub.Mode == ports.Broadcast {
		durable, broadcast = nil, p.sub.Topics
	}
	s := dapr.NewSubscriber(cfg, durable, broadcast)
	p.inbound = s
	p.app = serve(t, dapr.NewServer(cfg, s, slog.New(slog.DiscardHandler)), p.appPort)

	var ctx, life context.Context
	ctx, p.cancel = context.WithCancel(context.Background())
	life, p.kill = context.WithCancel(context.Background())
	p.ended = make(chan error, 1)
	go func(ended chan error) { ended <- s.Subscribe(ctx, p.sub, mortal(life, h)) }(p.ended)
}

// killApp ends our half alone: connections break, nobody listens where the sidecar delivers.
func (p *process) killApp(t testing.TB) {
	p.app.kill(t)
	p.kill()
	p.cancel()
	p.cancel = nil
	if err := <-p.ended; err != nil {
		t.Error(err)
	}
}

// startSidecar starts daprd and does for it what the kubelet does in a pod: when
// it ends by itself, as it does when the broker is away while it starts, it is
// started again, until settle.
func (p *process) startSidecar(t testing.TB) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	first, over := make(chan struct{}), make(chan struct{})
	p.settle = func() { stop(); <-over }
	go func() {
		defer close(over)
		p.startOnce(t)
		close(first)
		for p.daprd != nil {
			select {
			case <-p.daprd.Process().Done():
			case <-ctx.Done():
				return
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return
			}
			p.startOnce(t)
		}
	}()
	<-first
	if p.daprd == nil {
		t.FailNow()
	}
}

// startOnce returns when the sidecar is up or has ended.
func (p *process) startOnce(t testing.TB) {
	if p.daprd != nil {
		_ = p.daprd.Start(context.Background())
		return
	}
	d, err := cluster.NewDaprd(context.Background(), p.options)
	if d == nil {
		t.Error(err)
		return
	}
	p.daprd = d
}

// mortal is h in a process that may be killed: its context ends at once then,
// drain or no drain.
func mortal(life context.Context, h ports.Handler) ports.Handler {
	return func(ctx context.Context, m ports.Message) ports.Answer {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(life, cancel)()
		return h(ctx, m)
	}
}

// Stop is transport.Instance: the app drains while its sidecar still takes the
// answers, as block-shutdown-duration arranges it in a pod.
func (p *process) Stop(t testing.TB) {
	if p.cancel == nil {
		return
	}
	p.settle()
	p.cancel()
	p.cancel = nil
	if err := <-p.ended; err != nil {
		t.Errorf("Subscribe of %s: %v", p.sub.Group, err)
	}
	if err := p.daprd.Stop(); err != nil {
		t.Errorf("stop daprd of %s: %v", p.sub.Group, err)
	}
	p.kill()
	p.app.stop(t)
}

// Kill is transport.Instance.
func (p *process) Kill(t testing.TB) {
	if p.cancel == nil {
		return
	}
	p.settle()
	if err := p.daprd.Kill(); err != nil {
		t.Error(err)
	}
	p.kill()
	p.cancel()
	p.cancel = nil
	if err := <-p.ended; err != nil {
		t.Error(err)
	}
	p.app.stop(t)
}

// app is a dapr.Server that listens.
type app struct {
	server *dapr.Server
	ended  chan error
}

func serve(t testing.TB, s *dapr.Server, port int) *app {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	a := &app{server: s, ended: make(chan error, 1)}
	go func() { a.ended <- s.Serve(l) }()
	return a
}

func (a *app) stop(t testing.TB) { a.stopWithin(t, time.Second) }

// kill breaks off what is on its way.
func (a *app) kill(t testing.TB) { a.stopWithin(t, 0) }

func (a *app) stopWithin(t testing.TB, d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	a.server.Stop(ctx)
	if err := <-a.ended; err != nil {
		t.Error(err)
	}
}

// outbound is the sidecar through which all tests publish; it has no app.
var outbound = sync.OnceValues(func() (dapr.Config, error) {
	rendered, err := shared.rendered()
	if err != nil {
		return dapr.Config{}, err
	}
	return sidecar("publisher", rendered)
})

// sidecar starts one that only takes calls and returns how to reach it.
func sidecar(appID string, rendered cluster.RenderedDapr) (dapr.Config, error) {
	d, err := cluster.NewDaprd(context.Background(), cluster.DaprdOptions{
		AppID: appID, Dir: shared.dir, Dapr: rendered, LogLevel: "warn", APIToken: "the-api-token",
		Args: []string{"--app-port", "0"},
	})
	if err != nil {
		return dapr.Config{}, fmt.Errorf("sidecar %s: %w", appID, err)
	}
	shared.atEnd(d.Kill)
	cfg := dapr.DefaultConfig()
	cfg.HTTPPort, cfg.GRPCPort, cfg.DaprToken = d.HTTPPort, d.GRPCPort, "the-api-token"
	return cfg, cfg.Validate()
}

func client(t testing.TB, cfg dapr.Config) *dapr.Client {
	c := dapr.NewClient(cfg)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}
