package cluster

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// BuildApps builds all our programs into dir.
func BuildApps(ctx context.Context, dir string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), "./apps/...")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build ./apps/...: %w\n%s", err, out)
	}
	return nil
}

// ServiceOptions says which of our programs runs, and how.
type ServiceOptions struct {
	Name     string // the program's
	Instance string // the log file's name; default: the program's
	Bin      string // folder of programs
	Dir      string // working folder and log
	Port     int    // 0: a free one
	Env      []string
	Args     []string

	Alive bool // enough to be of use: it need not be ready, which would be to wait for others
}

// Service is one of our programs. Kill and Start restart it on the same port.
type Service struct {
	*Server
	Name string
	Port int
}

// NewService starts a program and waits until it is healthy (GET /health) and, unless that is enough, ready (GET /ready).
func NewService(ctx context.Context, o ServiceOptions) (*Service, error) {
	if o.Port == 0 {
		ports, err := FreePorts(1)
		if err != nil {
			return nil, err
		}
		o.Port = ports[0]
	}
	if o.Instance == "" {
		o.Instance = o.Name
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	bin, err := filepath.Abs(o.Bin)
	if err != nil {
		return nil, err
	}
	s := &Service{Name: o.Instance, Port: o.Port}
	healthy, ready := answers(s.URL()+"/health"), answers(s.URL()+"/ready")
	s.Server = &Server{within: 30 * time.Second, command: Command{
		Name: o.Instance, Path: filepath.Join(bin, o.Name), Args: o.Args, Dir: dir, Log: filepath.Join(dir, o.Instance+".log"),
		Env: append(BaseEnv("API_HOST=127.0.0.1", "API_PORT="+strconv.Itoa(o.Port)), o.Env...), StopWithin: 25 * time.Second,
	}, ready: func(ctx context.Context) error {
		if err := healthy(ctx); err != nil || o.Alive {
			return err
		}
		return ready(ctx)
	}}
	return s, s.Start(ctx)
}

// URL is the address of the service.
func (s *Service) URL() string { return "http://" + loopback(s.Port) }
