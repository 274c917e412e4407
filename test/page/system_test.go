package page

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

// Steps sign many accounts in within seconds, each from an address of its own, which is in X-Forwarded-For.
const forwarded = "TRUSTED_PROXIES=loopback"

// system is one set of servers that a browser can open.
type system struct {
	url      string
	firstRun string            // the link that makes the first operator's account
	servers  []*cluster.Server // our own processes
	driver   string            // of its database
	source   string
	program  string // the one binary, where it is this system's alone
	tasktide func(ctx context.Context, stdin string, args ...string) (string, error)
}

// down kills all of our processes: the machine lost its power, but for the disk.
func (s *system) down() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Kill())
	}
	return errors.Join(errs...)
}

// up starts them again, on the same ports with the same data.
func (s *system) up(ctx context.Context) error {
	done := make(chan error)
	for _, server := range s.servers {
		go func() { done <- server.Start(ctx) }()
	}
	var errs []error
	for range s.servers {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}

// startBinary starts the one binary on a port and a folder of its own.
func startBinary(t testing.TB, env ...string) (*system, error) {
	dir, err := os.MkdirTemp(filepath.Dir(programs), "binary-")
	if err != nil {
		return nil, err
	}
	bin := filepath.Join(dir, "bin")
	program := filepath.Join(bin, "tasktide")
	if err := errors.Join(os.Mkdir(bin, 0o755), os.Symlink(filepath.Join(programs, "tasktide"), program)); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	env = append([]string{"DATA_DIR=" + data, forwarded}, env...)
	s, err := cluster.NewService(t.Context(), cluster.ServiceOptions{Name: "tasktide", Bin: bin, Dir: dir, Args: []string{"serve"}, Env: env})
	if s != nil {
		t.Cleanup(func() { end(t, s.Server) })
	}
	if err != nil {
		return nil, err
	}
	return &system{url: s.URL(), firstRun: cluster.FirstRun(s.Process()), servers: []*cluster.Server{s.Server}, program: program,
		driver: "sqlite", source: "file:" + filepath.Join(data, "tasktide.db") + "?_pragma=busy_timeout(10000)",
		tasktide: func(ctx context.Context, stdin string, args ...string) (string, error) {
			return command(ctx, program, dir, append(env, "PUBLIC_URL="+s.URL()), stdin, args)
		}}, nil
}

// startCluster starts a whole system; the browser sees its gateway. What is killed is every process of ours, not the
// database, the broker and the sidecars.
func startCluster(t testing.TB, transport string) (*system, error) {
	dir, err := os.MkdirTemp(filepath.Dir(programs), transport+"-")
	if err != nil {
		return nil, err
	}
	// The user of the database server must be able to pass; the programs are built already.
	if err := errors.Join(os.Chmod(dir, 0o755), os.CopyFS(filepath.Join(dir, "bin"), os.DirFS(programs))); err != nil {
		return nil, err
	}
	c := cluster.Start(t, cluster.Options{Transport: transport, Dir: dir, Env: append(settings(), forwarded)})
	s := &system{url: c.PublicURL(), firstRun: c.FirstRun(), driver: "pgx", source: c.DatabaseURL(), tasktide: func(ctx context.Context, stdin string, args ...string) (string, error) {
		return command(ctx, filepath.Join(programs, "tasktide"), dir, c.Env(), stdin, args)
	}}
	for _, service := range c.Services {
		s.servers = append(s.servers, service.Server)
	}
	return s, nil
}

func command(ctx context.Context, path, dir string, env []string, stdin string, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, cluster.BaseEnv(env...), strings.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("tasktide %s: %w\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out), err
}

func end(t testing.TB, s *cluster.Server) {
	if p := s.Process(); t.Failed() && p != nil {
		t.Logf("end of %s:\n%s", s.LogFile(), p.Tail(4000))
	}
	if err := s.Kill(); err != nil {
		t.Error(err)
	}
}
