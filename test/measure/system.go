package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/tasktide/tasktide/test/cluster"
)

// system is one that runs.
type system struct {
	transport string
	api, live string
	db        *sql.DB
	token     func(ctx context.Context, user string) (string, error)
	servers   map[int]string // what the process with this id is
	end       []func() error
}

func start(ctx context.Context, transport string) (s *system, err error) {
	dir, err := os.MkdirTemp("", "tasktide-measure-")
	if err != nil {
		return nil, err
	}
	s = &system{transport: transport, servers: map[int]string{}, end: []func() error{func() error { return os.RemoveAll(dir) }}}
	if err = os.Chmod(dir, 0o755); err == nil { // the database server may run as another user
		if transport == "memory" {
			err = s.single(ctx, dir)
		} else {
			err = s.cluster(ctx, dir)
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *system) stop() error {
	var errs []error
	for i := len(s.end) - 1; i >= 0; i-- {
		errs = append(errs, s.end[i]())
	}
	return errors.Join(errs...)
}

func (s *system) cluster(ctx context.Context, dir string) error {
	c, err := cluster.Up(ctx, cluster.Options{Transport: s.transport, Dir: dir, Env: []string{"LOG_LEVEL=warn"}})
	if err != nil {
		return err
	}
	s.end = append(s.end, c.Stop)
	s.api, s.live, s.token = c.URL("backend-api"), c.URL("websocket-service"), c.Token
	for name, service := range c.Services {
		s.servers[service.Process().PID()] = name
	}
	for _, d := range c.Sidecars {
		s.servers[d.Process().PID()] = "daprd"
	}
	s.servers[c.Postgres.Process().PID()] = "PostgreSQL"
	s.servers[c.Kafka.Broker(0).Process().PID()] = "Kafka"
	return s.open("pgx", c.DatabaseURL())
}

func (s *system) open(driver, url string) (err error) {
	s.db, err = sql.Open(driver, url)
	if err == nil {
		s.end = append(s.end, s.db.Close)
	}
	return err
}

// single is all of it in one process.
func (s *system) single(ctx context.Context, dir string) error {
	bin, data := filepath.Join(dir, "bin"), filepath.Join(dir, "data")
	if err := cluster.BuildApps(ctx, bin); err != nil {
		return err
	}
	ports, err := cluster.FreePorts(1)
	if err != nil {
		return err
	}
	env := cluster.BaseEnv("DATA_DIR="+data, "API_PORT="+strconv.Itoa(ports[0]), "LOG_LEVEL=warn")
	p, err := cluster.StartProcess(cluster.Command{Name: "tasktide", Path: filepath.Join(bin, "tasktide"), Args: []string{"serve"},
		Env: env, Dir: dir, Log: filepath.Join(dir, "tasktide.log")})
	if err != nil {
		return err
	}
	s.end = append(s.end, p.Stop)
	s.servers[p.PID()] = "tasktide"
	s.api = fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	s.live = s.api
	s.token = func(ctx context.Context, user string) (string, error) {
		cmd := exec.CommandContext(ctx, filepath.Join(bin, "tasktide"), "token", "--user", user)
		cmd.Env, cmd.Dir = env, dir
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	if err := ready(ctx, p, s.api+"/ready"); err != nil {
		return err
	}
	return s.open("sqlite", "file:"+filepath.Join(data, "tasktide.db")+"?_pragma=busy_timeout(10000)")
}

func ready(ctx context.Context, p *cluster.Process, url string) error {
	for range 300 {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(r); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		if !p.Running() {
			return p.Exited()
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("not ready: %s", p.Tail(2000))
}
