package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/tasktide/tasktide/test/cluster"
)

// system is one running Tasktide.
type system struct {
	transport string
	api       string // address of the REST API; in a cluster the gateway's
	dir       string
	env       []string // of the command line
	db        *sql.DB  // for what can't be asked for over REST
	services  []string // those that run, by instance
	live      []string // addresses for live connections
	all       []string // addresses of every process of ours
	processes []process
	brokers   []string // of Kafka; nil without
	firstRun  string   // the link for the first operator
	sent      chan struct{}
}

// process is one that can be killed and started again.
type process struct {
	name string
	server
	kills  int           // how often the crash test kills it
	gap    time.Duration // the longest time between its start and its next kill,
	long   time.Duration // sometimes after this
	starts time.Duration // about how long it takes to start

	fragile bool // it may end by itself
}

// server is what *cluster.Server is, and node below.
type server interface {
	Start(context.Context) error // until it is ready; when it does not get ready, it is killed
	Kill() error
	Stop() error
	Running() bool
	Process() *cluster.Process
}

// command runs the operator's command line.
func (s *system) command(ctx context.Context, args ...string) (stdout string, err error) {
	out, stderr, err := tasktide(ctx, s.dir, s.env, args...)
	if err != nil {
		err = fmt.Errorf("tasktide %s: %w\n%s%s", strings.Join(args, " "), err, out, stderr)
	}
	return out, err
}

// tasktide runs the program to its end.
func tasktide(ctx context.Context, dir string, env []string, args ...string) (stdout, stderr string, err error) {
	cmd := exec.CommandContext(ctx, filepath.Join(programs, "tasktide"), args...)
	cmd.Dir, cmd.Env = dir, append(cluster.BaseEnv(), env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// oneCluster is held by the test that has a cluster: one at a time keeps a small machine busy, and what runs in one
// process runs beside it.
//
//nolint:gochecknoglobals // for the whole package
var oneCluster sync.Mutex

// startCluster brings up all services, with PostgreSQL and a broker, when no other test has a cluster.
func startCluster(t *testing.T, o cluster.Options) *system {
	t.Helper()
	oneCluster.Lock()
	t.Cleanup(oneCluster.Unlock)
	o.Dir = folder(t)
	c := cluster.Start(t, o)
	db, err := sql.Open("pgx", c.DatabaseURL())
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	s := &system{
		transport: o.Transport, api: c.PublicURL(), live: []string{c.PublicURL()}, firstRun: c.FirstRun(), dir: c.Dir, env: c.Env(), db: db, brokers: c.Kafka.Brokers(),
		processes: []process{
			{name: "kafka", server: c.Kafka.Broker(0).Server, kills: 2, gap: 15 * time.Second, starts: 3 * time.Second},
			{name: "postgres", server: c.Postgres.Server, kills: 3, gap: 12 * time.Second, starts: 300 * time.Millisecond},
		},
		sent: make(chan struct{}),
	}
	if c.PgBouncer != nil {
		s.processes = append(s.processes, process{name: "pgbouncer", server: c.PgBouncer.Server, kills: 3, gap: 12 * time.Second, starts: 300 * time.Millisecond})
	}
	for name, service := range c.Services {
		p := process{name: name, server: service.Server, kills: 6, gap: 6 * time.Second, starts: 150 * time.Millisecond}
		if name == "backend-api" {
			p.kills, p.gap, p.long = 7, 4*time.Second, 10*time.Second
		}
		if strings.HasPrefix(name, "websocket-service-") { // the first one is behind the gateway
			s.live = append(s.live, service.URL())
		}
		s.services = append(s.services, name)
		s.all = append(s.all, service.URL())
		s.processes = append(s.processes, p)
	}
	for name, d := range c.Sidecars {
		s.processes = append(s.processes, process{name: "daprd of " + name, server: d.Server, kills: 3, gap: 10 * time.Second, starts: time.Second, fragile: true})
	}
	slices.SortFunc(s.processes, func(a, b process) int { return strings.Compare(a.name, b.name) })
	return s
}

// startSingle brings up all of it in one process, with SQLite.
func startSingle(t *testing.T, env ...string) *system {
	t.Helper()
	dir := t.TempDir()
	n := newNode(t, dir)
	n.more = env
	must(t, n.Start(t.Context()))
	s := &system{transport: "memory", api: n.url(), dir: dir, env: n.env(), db: openSQLite(t, n.data()), live: []string{n.url()}, all: []string{n.url()}, sent: make(chan struct{})}
	s.firstRun = cluster.FirstRun(n.Process())
	s.processes = []process{{name: "tasktide", server: n, kills: 40, gap: 700 * time.Millisecond, starts: 50 * time.Millisecond}}
	return s
}

func openSQLite(t *testing.T, data string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "tasktide.db")+"?_pragma=busy_timeout(10000)")
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// node is "tasktide serve" with a directory of its own.
type node struct {
	dir     string
	port    string
	more    []string // of its environment
	mu      sync.Mutex
	process *cluster.Process
}

// newNode prepares a process and ends it after the test.
func newNode(t *testing.T, dir string) *node {
	t.Helper()
	ports, err := cluster.FreePorts(1)
	must(t, err)
	n := &node{dir: dir, port: strconv.Itoa(ports[0])}
	t.Cleanup(func() {
		if p := n.Process(); t.Failed() && p != nil {
			t.Logf("end of the log of tasktide:\n%s", p.Tail(5000))
		}
		if err := n.Kill(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func (n *node) data() string  { return filepath.Join(n.dir, "data") }
func (n *node) url() string   { return "http://127.0.0.1:" + n.port }
func (n *node) env() []string { return []string{"DATA_DIR=" + n.data(), "API_PORT=" + n.port} }

func (n *node) launch() (*cluster.Process, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p, err := cluster.StartProcess(cluster.Command{
		Name: "tasktide", Path: filepath.Join(programs, "tasktide"), Args: []string{"serve"},
		// One user often writes here as fast as it goes; the limit has tests of its own, and clusters have it.
		Env: append(append(cluster.BaseEnv("WRITE_RATE=0"), n.env()...), n.more...), Dir: n.dir, Log: filepath.Join(n.dir, "tasktide.log"),
	})
	if err == nil {
		n.process = p
	}
	return p, err
}

// Start starts it and waits until it is ready.
func (n *node) Start(ctx context.Context) error {
	p, err := n.launch()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	c := newClient(n.url(), "", "")
	for {
		status, _, err := c.once(ctx, "GET", "/ready", nil, "")
		if err == nil && status == 200 {
			return nil
		}
		select {
		case <-p.Done():
			return p.Exited()
		case <-ctx.Done():
			return fmt.Errorf("tasktide is not ready: %d, %w; %w", status, err, p.Kill())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Kill ends it with SIGKILL.
func (n *node) Kill() error {
	if p := n.Process(); p != nil {
		return p.Kill()
	}
	return nil
}

// Stop ends it with SIGTERM.
func (n *node) Stop() error {
	if p := n.Process(); p != nil {
		return p.Stop()
	}
	return nil
}

// Process is the present one, nil before the first start.
func (n *node) Process() *cluster.Process {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.process
}

// Running says whether it is there.
func (n *node) Running() bool {
	p := n.Process()
	return p != nil && p.Exited() == nil
}
