package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const frontend = "frontend"

// defaultPort is where a service listens unless told otherwise.
func defaultPort(service string) int {
	return map[string]int{"backend-api": 8000, "websocket-service": 8001, "notification-service": 8002,
		"audit-service": 8003, "recurring-service": 8004, frontend: 3000}[service]
}

// ports chooses one port for each service, all at once, so that no two get the same.
func (c *Cluster) ports() (map[string]int, error) {
	free, err := FreePorts(len(c.options.Services))
	if err != nil {
		return nil, err
	}
	ports := map[string]int{}
	for i, name := range c.options.Services {
		ports[name] = free[i]
		if known := defaultPort(name); c.options.KnownPorts && known != 0 && portFree(known) {
			ports[name] = known
		}
	}
	return ports, nil
}

// startServices starts the services together, and then the gateway, which passes requests to them.
func (c *Cluster) startServices(ctx context.Context) error {
	ports, err := c.ports()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	all := &group{}
	for name, port := range ports {
		if name == frontend {
			continue
		}
		all.do(func() error {
			s, d, err := c.startService(ctx, name, port)
			mu.Lock()
			defer mu.Unlock()
			if s != nil {
				c.Services[name] = s
			}
			if d != nil {
				c.Sidecars[name] = d
			}
			return err
		})
	}
	if err := all.wait(); err != nil {
		return err
	}
	port, wanted := ports[frontend]
	if !wanted {
		return nil
	}
	s, err := NewService(ctx, c.service(frontend, port,
		"BACKEND_URL="+c.URL("backend-api"), "WEBSOCKET_URL="+c.URL("websocket-service")))
	if s != nil {
		c.Services[frontend] = s
	}
	return err
}

func (c *Cluster) service(name string, port int, env ...string) ServiceOptions {
	return ServiceOptions{Name: name, Bin: c.bin(), Dir: filepath.Join(c.Dir, "logs"), Port: port,
		Env: append(append(c.Env(), env...), c.options.Env...)}
}

// startService starts one service, with Dapr its sidecar first: the service is ready only when the sidecar answers.
func (c *Cluster) startService(ctx context.Context, name string, port int) (*Service, *Daprd, error) {
	if c.Transport != "dapr" {
		s, err := NewService(ctx, c.service(name, port))
		return s, nil, err
	}
	o := DaprdOptions{AppID: name, AppPort: port, Dir: filepath.Join(c.Dir, "logs"), Dapr: c.dapr, AppToken: c.appToken,
		// As deployed, only asked more often: a sidecar whose service has gone need not keep its API for it.
		BlockShutdown: 20 * time.Second,
		AppHealth:     &AppHealth{Path: "/health", ProbeInterval: time.Second, ProbeTimeout: 500 * time.Millisecond, Threshold: 3}}
	if c.options.Daprd != nil {
		c.options.Daprd(name, &o)
	}
	d, err := NewDaprd(ctx, o)
	if err != nil {
		return nil, d, err
	}
	s, err := NewService(ctx, c.service(name, port, "POD_NAME="+name+"-0", "DAPR_HOST=127.0.0.1",
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
