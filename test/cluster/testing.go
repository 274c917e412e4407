package cluster

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
)

// RequireServers is the environment variable that turns "skipped, because a program is missing" into a failure.
const RequireServers = "TASKTIDE_REQUIRE_SERVERS"

// StartPostgres starts a PostgreSQL server for the test and stops it after it. An empty Dir is a temporary one.
func StartPostgres(tb testing.TB, o PostgresOptions) *Postgres {
	tb.Helper()
	if o.Dir == "" {
		o.Dir = tempDir(tb)
	}
	p, err := NewPostgres(tb.Context(), o)
	must(tb, err)
	tb.Cleanup(func() { cleanup(tb, p.Server) })
	return p
}

// StartKafka starts a Kafka cluster for the test and ends it after it. An empty Dir is a temporary one.
func StartKafka(tb testing.TB, o KafkaOptions) *Kafka {
	tb.Helper()
	if o.Dir == "" {
		o.Dir = tempDir(tb)
	}
	k, err := NewKafka(tb.Context(), o)
	must(tb, err)
	tb.Cleanup(func() {
		for _, b := range k.brokers {
			cleanup(tb, b.Server)
		}
	})
	return k
}

// StartPgBouncer starts a pooler for the test and ends it after it. An empty dir is a temporary one.
func StartPgBouncer(tb testing.TB, dir string, addresses ...string) *PgBouncer {
	tb.Helper()
	if dir == "" {
		dir = tempDir(tb)
	}
	b, err := NewPgBouncer(tb.Context(), dir, addresses...)
	must(tb, err)
	tb.Cleanup(func() { cleanup(tb, b.Server) })
	return b
}

// StartDaprd starts a sidecar for the test and ends it after it. An empty Dir is a temporary one.
func StartDaprd(tb testing.TB, o DaprdOptions) *Daprd {
	tb.Helper()
	if o.Dir == "" {
		o.Dir = tempDir(tb)
	}
	d, err := NewDaprd(tb.Context(), o)
	must(tb, err)
	tb.Cleanup(func() { cleanup(tb, d.Server) })
	return d
}

// Start brings a whole system up for the test and takes it down after it. An empty Dir is a temporary one.
func Start(tb testing.TB, o Options) *Cluster {
	tb.Helper()
	if o.Dir == "" {
		o.Dir = tempDir(tb)
	}
	if o.Log == nil {
		o.Log = tb.Logf
	}
	ctx, cancel := context.WithTimeout(tb.Context(), 5*time.Minute)
	defer cancel()
	c, err := Up(ctx, o)
	must(tb, err)
	tb.Cleanup(func() {
		if tb.Failed() {
			for _, s := range c.Servers() {
				logTail(tb, s)
			}
		}
		if err := c.Stop(); err != nil {
			tb.Errorf("stop the cluster: %v", err)
		}
		for _, line := range refusals(c.Postgres) {
			tb.Errorf("a role lacks a right: %s", line)
		}
	})
	return c
}

// refusals are what the server has refused to somebody's role, each with its statement.
func refusals(p *Postgres) (out []string) {
	b, err := os.ReadFile(p.LogFile())
	if err != nil {
		return []string{err.Error()}
	}
	lines := strings.Split(string(b), "\n")
	for i, line := range lines {
		if strings.Contains(line, "permission denied") || strings.Contains(line, "must be owner") {
			out = append(out, strings.Join(lines[i:min(len(lines), i+4)], "\n"))
		}
	}
	return out[:min(len(out), 5)]
}

// tempDir is a folder that the user of the database server may enter too; a test's own TempDir is closed to others.
func tempDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "cluster-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("%v", err)
		}
	})
	return dir
}

// must skips the test when a program is missing, unless this machine is said to have them all.
func must(tb testing.TB, err error) {
	tb.Helper()
	switch {
	case err == nil:
	case errors.Is(err, ErrMissing) && os.Getenv(RequireServers) == "":
		tb.Skipf("%v (with %s=1 this is a failure)", err, RequireServers)
	default:
		tb.Fatal(err)
	}
}

// cleanup kills rather than stops: the directory is thrown away.
func cleanup(tb testing.TB, s *Server) {
	if tb.Failed() {
		logTail(tb, s)
	}
	if err := s.Kill(); err != nil {
		tb.Errorf("%v", err)
	}
}

func logTail(tb testing.TB, s *Server) {
	if p := s.Process(); p != nil {
		tb.Logf("end of %s:\n%s", s.LogFile(), p.Tail(3000))
	}
}

// StartProgram starts a server that is installed on this machine, waits until it is ready, and ends it after the test.
func StartProgram(tb testing.TB, c Command, ready func(context.Context) error) *Server {
	tb.Helper()
	path, err := exec.LookPath(c.Path)
	if err != nil { // servers are where only root's PATH leads
		path, err = exec.LookPath(filepath.Join("/usr/sbin", c.Path))
	}
	if err != nil {
		must(tb, fmt.Errorf("%s: %w", c.Path, ErrMissing))
	}
	c.Path = path
	s := &Server{command: c, ready: ready, within: 30 * time.Second}
	must(tb, s.Start(tb.Context()))
	tb.Cleanup(func() { cleanup(tb, s) })
	return s
}
