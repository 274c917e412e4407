package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	frontend = "frontend"
	backend  = "backend-api"
)

// defaultPort is where a service listens unless told otherwise.
func defaultPort(service string) int {
	return map[string]int{backend: 8000, "websocket-service": 8001, "notification-service": 8002,
		"audit-service": 8003, "recurring-service": 8004, frontend: 3000}[service]
}

// instance is one process of a service.
type instance struct {
	service   string
	number    int // 0 for the first
	transport string
}

// name is the service's, with a number from the second instance on.
func (i instance) name() string {
	if i.number == 0 {
		return i.service
	}
	return i.service + "-" + strconv.Itoa(i.number)
}

func (c *Cluster) instances() (all []instance) {
	for _, service := range c.options.Services {
		transport := c.transportOf(service)
		for n := range max(1, c.options.Replicas[service]) {
			all = append(all, instance{service: service, number: n, transport: transport})
		}
	}
	return all
}

// transportOf is that of a service; the gateway has none.
func (c *Cluster) transportOf(service string) string {
	if service == frontend {
		return ""
	}
	return cmp.Or(c.options.Mixed[service], c.Transport)
}

// ports are an instance's: for everybody, and for its sidecar.
type ports struct{ http, sidecar int }

// ports chooses those of each instance, all at once, so that no two get the same.
func (c *Cluster) ports() (map[instance]ports, error) {
	all := c.instances()
	free, err := FreePorts(2 * len(all))
	if err != nil {
		return nil, err
	}
	of := map[instance]ports{}
	for n, i := range all {
		p := ports{free[2*n], free[2*n+1]}
		if known := defaultPort(i.service); c.options.KnownPorts && i.number == 0 && known != 0 && portFree(known) {
			p.http = known
		}
		of[i] = p
	}
	return of, nil
}

// startServices starts the services together, and then the gateway, which passes requests to them.
func (c *Cluster) startServices(ctx context.Context) error {
	of, err := c.ports()
	if err != nil {
		return err
	}
	c.places = of
	var mu sync.Mutex
	all := &group{}
	for i, p := range of {
		if i.service == frontend {
			continue
		}
		all.do(func() error {
			s, d, err := c.startService(ctx, i, p)
			mu.Lock()
			defer mu.Unlock()
			if s != nil {
				c.Services[i.name()] = s
			}
			if d != nil {
				c.Sidecars[i.name()] = d
			}
			return err
		})
	}
	if err := all.wait(); err != nil {
		return err
	}
	for i, p := range of {
		if i.service != frontend {
			continue
		}
		o := c.service(i, p.http, "BACKEND_URL="+c.URL(backend), "WEBSOCKET_URL="+c.URL("websocket-service"))
		o.Alive = true // the services were ready; when they are killed it goes on
		s, err := NewService(ctx, o)
		if s != nil {
			c.Services[i.name()] = s
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) service(i instance, port int, env ...string) ServiceOptions {
	return ServiceOptions{Name: i.service, Instance: i.name(), Bin: c.bin(), Dir: filepath.Join(c.Dir, "logs"), Port: port,
		Env: slices.Concat(c.env(i.transport, c.served[i.service]), c.accounts(i.service), env, c.options.Env)}
}

// startService starts one service, with Dapr its sidecar first: the service is ready only when the sidecar answers.
func (c *Cluster) startService(ctx context.Context, i instance, p ports) (*Service, *Daprd, error) {
	if i.transport != "dapr" {
		s, err := NewService(ctx, c.service(i, p.http))
		return s, nil, err
	}
	pod := i.service + "-" + strconv.Itoa(i.number)
	o := DaprdOptions{AppID: i.service, Instance: i.name(), PodName: pod, AppPort: p.sidecar, Dir: filepath.Join(c.Dir, "logs"),
		Dapr: c.dapr, AppToken: c.appToken,
		// As deployed, only asked more often: a sidecar whose service has gone need not keep its API for it.
		BlockShutdown: 20 * time.Second,
		AppHealth:     &AppHealth{ProbeInterval: time.Second, ProbeTimeout: 500 * time.Millisecond, Threshold: 3}}
	if c.options.Daprd != nil {
		c.options.Daprd(i.service, &o)
	}
	d, err := NewDaprd(ctx, o)
	if err != nil {
		return nil, d, err
	}
	s, err := NewService(ctx, c.service(i, p.http, "POD_NAME="+pod, "DAPR_HOST=127.0.0.1", "DAPR_APP_PORT="+strconv.Itoa(p.sidecar),
		"DAPR_HTTP_PORT="+strconv.Itoa(d.HTTPPort), "DAPR_GRPC_PORT="+strconv.Itoa(d.GRPCPort)))
	if err != nil {
		return s, d, err
	}
	if err := d.Connected(ctx); err != nil {
		return s, d, fmt.Errorf("the sidecar does not reach its service: %w", err)
	}
	return s, d, nil
}

// group runs functions at the same time and joins their errors.
type group struct {
	mu   sync.Mutex
	errs []error
	all  sync.WaitGroup
}

func (g *group) do(f func() error) {
	g.all.Go(func() {
		err := f()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.errs = append(g.errs, err)
	})
}

func (g *group) wait() error {
	g.all.Wait()
	return errors.Join(g.errs...)
}
