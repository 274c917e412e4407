package kubelet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

// Node is where pods run.
type Node struct {
	Bin     string // folder of programs
	Dir     string // logs
	Dapr    cluster.RenderedDapr
	Secrets *Secrets             // nil: there are none
	News    func() time.Duration // how long it takes until a Service knows that a pod comes or goes
	Log     func(format string, args ...any)
}

// Pod is an application, with its sidecar if it has one.
type Pod struct {
	Name     string
	node     *Node
	manifest *Manifest
	service  *Service // nil: nobody connects
	address  string   // of the application's HTTP port
	app      *cluster.Process
	daprd    *cluster.Daprd
	asked    context.CancelFunc // ends the probes

	began  time.Time
	start  sync.WaitGroup // of the sidecar
	probes sync.WaitGroup

	mu      sync.Mutex
	well    map[string]bool // containers that are ready
	ready   bool
	ending  bool
	unready int           // how often it became that before its end
	first   chan struct{} // closed: it was ready once
	broken  chan error    // why it can't go on; it holds one
}

// Start starts a pod of the manifest.
func (n *Node) Start(ctx context.Context, name string, m *Manifest, s *Service) (*Pod, error) {
	ports, err := cluster.FreePorts(4)
	if err != nil {
		return nil, err
	}
	probing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &Pod{Name: name, node: n, manifest: m, service: s, asked: cancel, address: address(ports[0]), began: time.Now(),
		well: map[string]bool{}, first: make(chan struct{}), broken: make(chan error, 1)}
	environment, err := p.environment(ports)
	if err != nil {
		return nil, err
	}
	p.app, err = cluster.StartProcess(cluster.Command{Name: name, Path: filepath.Join(n.Bin, m.Name), Env: environment, Dir: n.Dir, Log: filepath.Join(n.Dir, name+".log")})
	if err != nil {
		return nil, err
	}
	p.keep(probing, &m.App, p.address, p.app.Done())
	if m.Sidecar == nil {
		return p, nil
	}
	o, err := p.sidecar(ports)
	if err != nil {
		return p, err
	}
	gone := make(chan struct{})
	p.keep(probing, m.Sidecar, address(o.HTTPPort), gone)
	p.start.Go(func() {
		if p.daprd, err = cluster.NewDaprd(ctx, o); err != nil {
			p.breaks(err)
			close(gone)
			return
		}
		p.probes.Go(func() { <-p.daprd.Process().Done(); close(gone) })
	})
	return p, nil
}

// environment is the application's: the manifest's, with what is another on this machine.
func (p *Pod) environment(ports []int) ([]string, error) {
	env, err := p.node.environment(&p.manifest.App)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	// PGAPPNAME is how its connections are called in pg_stat_activity.
	env = append(env, "API_HOST=127.0.0.1", "API_PORT="+strconv.Itoa(ports[0]), "POD_NAME="+p.Name, "PGAPPNAME="+p.Name)
	if p.manifest.Sidecar != nil {
		env = append(env, "DAPR_HOST=127.0.0.1", "DAPR_APP_PORT="+strconv.Itoa(ports[1]), "DAPR_HTTP_PORT="+strconv.Itoa(ports[2]), "DAPR_GRPC_PORT="+strconv.Itoa(ports[3]))
	}
	return env, nil
}

// environment is what the manifest gives a container that starts now.
func (n *Node) environment(c *Container) ([]string, error) {
	env := cluster.BaseEnv()
	for name, value := range c.Env {
		env = append(env, name+"="+value)
	}
	for name, from := range c.Secrets {
		switch value, err := n.Secrets.get(from); {
		case err == nil:
			env = append(env, name+"="+value)
		case !from.Optional:
			return nil, err
		}
	}
	return env, nil
}

// sidecar are daprd's options, its times and probes those of the container that Dapr's injector makes.
func (p *Pod) sidecar(ports []int) (o cluster.DaprdOptions, err error) {
	c := p.manifest.Sidecar
	var errs []error
	number := func(flag string) int {
		text, err := c.Arg(flag)
		n, wrong := strconv.Atoi(text)
		errs = append(errs, err, wrong)
		return n
	}
	token := ""
	if from, has := c.Secrets["APP_API_TOKEN"]; has {
		token, err = p.node.Secrets.get(from)
		errs = append(errs, err)
	}
	o = cluster.DaprdOptions{AppID: p.manifest.Name, Instance: p.Name, PodName: p.Name, AppPort: ports[1], HTTPPort: ports[2], GRPCPort: ports[3],
		Dir: p.node.Dir, Dapr: p.node.Dapr, AppToken: token, GracefulShutdown: seconds(number("--dapr-graceful-shutdown-seconds")),
		AppHealth: &cluster.AppHealth{ProbeInterval: seconds(number("--app-health-probe-interval")),
			ProbeTimeout: time.Duration(number("--app-health-probe-timeout")) * time.Millisecond, Threshold: number("--app-health-threshold")}}
	if text, err := c.Arg("--dapr-block-shutdown-duration"); err == nil {
		o.BlockShutdown, err = time.ParseDuration(text)
		errs = append(errs, err)
	}
	return o, errors.Join(errs...)
}

// keep asks a container's probes, and sees when it ends.
func (p *Pod) keep(ctx context.Context, c *Container, at string, gone <-chan struct{}) {
	p.probes.Go(func() {
		if !p.startup(ctx, c, at) {
			return
		}
		if c.Readiness == nil {
			p.says(c.Name, true, nil)
		}
		p.probes.Go(func() { c.Readiness.watch(ctx, at, false, func(well bool, why error) { p.says(c.Name, well, why) }) })
		p.probes.Go(func() {
			c.Liveness.watch(ctx, at, true, func(_ bool, why error) { p.breaks(fmt.Errorf("%s of %s is not alive: %w", c.Name, p.Name, why)) })
		})
	})
	p.probes.Go(func() {
		<-gone
		p.mu.Lock()
		ending := p.ending
		p.mu.Unlock()
		if !ending {
			p.breaks(fmt.Errorf("%s of %s ended by itself", c.Name, p.Name))
		}
	})
}

func (p *Pod) startup(ctx context.Context, c *Container, at string) bool {
	if c.Startup == nil {
		return true
	}
	if !wait(ctx, c.Startup.InitialDelay) {
		return false
	}
	for tries := 1; ; tries++ {
		err := c.Startup.ask(ctx, at)
		switch {
		case ctx.Err() != nil:
			return false
		case err == nil:
			return true
		case tries == c.Startup.FailuresToFail:
			p.breaks(fmt.Errorf("%s of %s does not start: %w", c.Name, p.Name, err))
			return false
		}
		if !wait(ctx, c.Startup.Period) {
			return false
		}
	}
}

// says notes what a container's readiness probe says.
func (p *Pod) says(container string, well bool, why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.well[container] = well
	ready := p.well[p.manifest.App.Name] && (p.manifest.Sidecar == nil || p.well[p.manifest.Sidecar.Name])
	if ready == p.ready || p.ending {
		return
	}
	p.ready = ready
	if !ready {
		p.unready++
		p.node.Log("%s is not ready any more: %s: %v", p.Name, container, why)
	}
	p.tell()
	select {
	case <-p.first:
	default:
		close(p.first)
	}
}

// tell brings the news of the present state to the Service, after a while.
func (p *Pod) tell() {
	if p.service == nil {
		return
	}
	p.service.hear(p.node.News(), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.ready && !p.ending {
			p.service.set(p.Name, p.address)
		} else {
			p.service.remove(p.Name)
		}
	})
}

func (p *Pod) breaks(err error) {
	select {
	case p.broken <- err:
	default:
	}
}

// Ready waits until the pod is ready.
func (p *Pod) Ready(ctx context.Context) (took time.Duration, err error) {
	select {
	case <-p.first:
		return time.Since(p.began), nil
	case err := <-p.broken:
		return 0, errors.Join(err, p.app.Exited())
	case <-ctx.Done():
		return 0, fmt.Errorf("%s is not ready: %w; end of its log:\n%s", p.Name, ctx.Err(), p.app.Tail(2000))
	}
}

// Trouble is what went wrong with a pod that was started: nil, or why it would have been restarted.
func (p *Pod) Trouble() error {
	select {
	case err := <-p.broken:
		return err
	default:
		return nil
	}
}

// Unready is how often the pod was ready and then was not, before its end.
func (p *Pod) Unready() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unready
}

// Log is the file of the application's log.
func (p *Pod) Log() string { return filepath.Join(p.node.Dir, p.Name+".log") }

// PIDs are the processes' ids, 0 for a sidecar that is not there.
func (p *Pod) PIDs() (app, sidecar int) {
	p.start.Wait()
	if p.daprd != nil {
		sidecar = p.daprd.Process().PID()
	}
	return p.app.PID(), sidecar
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Tail is the end of the application's log.
func (p *Pod) Tail(max int64) string { return p.app.Tail(max) }
