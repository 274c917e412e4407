package e2e

import (
	"bytes"
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
	"github.com/tasktide/tasktide/test/kubelet"
)

// fleet is a system as the chart deploys it: two pods of each service behind Services, on this machine.
type fleet struct {
	dir         string
	services    map[string]*kubelet.Service // those that somebody connects to
	deployments map[string]*kubelet.Deployment
}

// startFleet starts what the chart makes with these values.
func startFleet(t *testing.T, sets ...string) (*system, *fleet) {
	t.Helper()
	oneCluster.Lock()
	t.Cleanup(oneCluster.Unlock)
	transport := strings.TrimPrefix(sets[0], "global.transport=")
	c := cluster.Start(t, cluster.Options{Transport: transport, Dir: folder(t), Services: []string{}, Postgres: func(o *cluster.PostgresOptions) {
		o.Settings = map[string]string{"max_connections": "600"} // while all are replaced at once there are more than 20 pods (docs/scale.md)
	}})
	db, err := sql.Open("pgx", c.DatabaseURL())
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	f := &fleet{dir: filepath.Join(c.Dir, "pods"), services: map[string]*kubelet.Service{}, deployments: map[string]*kubelet.Deployment{}}
	for _, name := range []string{"frontend", "backend-api", "websocket-service"} {
		f.services[name], err = kubelet.NewService(t.Context(), freePort(t))
		must(t, err)
		t.Cleanup(func() { must(t, f.services[name].Close()) })
	}
	manifests, err := kubelet.Render(t.Context(), append(f.values(c), sets...)...)
	must(t, err)
	if len(manifests) != len(inOrder) {
		t.Fatalf("the chart has %d Deployments, %d are known here", len(manifests), len(inOrder))
	}
	f.start(t, c, manifests)
	front := f.services["frontend"].URL()
	return &system{transport: transport, api: front, live: []string{front}, dir: c.Dir, env: c.Env(), db: db, brokers: c.Kafka.Brokers(), sent: make(chan struct{})}, f
}

// values are the addresses of this machine, and that the proxies in front have addresses of the loopback.
func (f *fleet) values(c *cluster.Cluster) []string {
	backend := f.services["backend-api"].URL()
	return []string{
		"global.secret.private=app-private", "global.settings.PUBLIC_URL=" + f.services["frontend"].URL(), "global.kafka.brokers={" + strings.Join(c.Kafka.Brokers(), ",") + "}",
		"backend-api.settings.TRUSTED_PROXIES=loopback", "websocket-service.settings.TRUSTED_PROXIES=loopback", "websocket-service.settings.BETTER_AUTH_URL=" + backend,
		"frontend.settings.BACKEND_URL=" + backend, "frontend.settings.WEBSOCKET_URL=" + f.services["websocket-service"].URL(),
	}
}

func (f *fleet) node(t *testing.T, c *cluster.Cluster) *kubelet.Node {
	t.Helper()
	dapr, err := c.RenderDapr()
	must(t, err)
	return &kubelet.Node{
		Bin: filepath.Join(c.Dir, "bin"), Dir: f.dir, Dapr: dapr, AppToken: value(c.Env(), "APP_API_TOKEN"), Log: t.Logf,
		Env: []string{"JWT_SECRET_FILE=" + c.JWTSecretFile},
		// kube-proxy gets the news by way of two controllers; preStop is there for that.
		News: func() time.Duration { return time.Duration(rand.Int64N(int64(2 * time.Second))) }, //nolint:gosec // no secret
	}
}

// start starts backend-api first, then the others.
func (f *fleet) start(t *testing.T, c *cluster.Cluster, manifests map[string]*kubelet.Manifest) {
	t.Helper()
	node := f.node(t, c)
	for _, name := range inOrder {
		d := node.NewDeployment(manifests[name], f.services[name], "DATABASE_URL="+c.RoleURL(name))
		f.deployments[name] = d
		t.Cleanup(func() {
			if t.Failed() {
				for _, p := range d.Pods() {
					t.Logf("end of %s:\n%s", p.Log(), p.Tail(2000))
				}
			}
			must(t, d.Kill())
		})
		must(t, d.Start(t.Context()))
		d.Ended() // the first starts are not those of a roll-out
		t.Log(d.Manifest)
	}
	time.Sleep(2 * time.Second) // the news of the last
}

// isError is a line of an application's log, or of its sidecar's, that says that something failed.
//
//nolint:gochecknoglobals // a constant
var isError = regexp.MustCompile(`"level":"ERROR"| level=(error|fatal) `)

// failures are the lines of a log that say so. A sidecar that was told to end asks its application's health until that is
// gone, and calls the answer that it waits for an error; there is no other that it may report.
func failures(log []byte) (out []string) {
	ending := false
	for line := range bytes.Lines(log) {
		ending = ending || bytes.Contains(line, []byte(`msg="Received signal 'terminated'; beginning shutdown"`))
		gone := ending && bytes.Contains(line, []byte(`level=error msg="App health probe could not complete with error: `)) && bytes.Contains(line, []byte("connect: connection refused"))
		if isError.Match(line) && !gone {
			out = append(out, string(line))
		}
	}
	return out
}

func TestErrorsInLogsAreFound(t *testing.T) {
	t.Parallel()
	const (
		asked = `time="x" level=info msg="Received signal 'terminated'; beginning shutdown" scope=dapr.signals` + "\n"
		gone  = `time="x" level=error msg="App health probe could not complete with error: dial tcp 127.0.0.1:1: connect: connection refused" scope=dapr.apphealth` + "\n"
		other = `time="x" level=error msg="error processing Kafka message" scope=dapr.contrib` + "\n"
		fatal = `time="x" level=fatal msg="Fatal error from runtime" scope=dapr.runtime` + "\n"
		ours  = `{"level":"ERROR","msg":"x"}` + "\n"
	)
	for log, want := range map[string]int{asked + gone + gone: 0, gone + asked: 1, asked + other + gone: 1, fatal: 1, ours + asked: 1, `{"level":"WARN","msg":"x"}`: 0} {
		if got := failures([]byte(log)); len(got) != want {
			t.Errorf("%s: %q", log, got)
		}
	}
}

// logs are the files of all pods there were, sidecars included.
func (f *fleet) logs(t *testing.T) []string {
	t.Helper()
	var all []string
	for name, d := range f.deployments {
		apps, err := filepath.Glob(filepath.Join(f.dir, name+"-*.log"))
		must(t, err)
		sidecars, err := filepath.Glob(filepath.Join(f.dir, "daprd-"+name+"-*.log"))
		must(t, err)
		want := 0
		if d.Manifest.Sidecar != nil {
			want = len(apps)
		}
		if len(apps) < 3*d.Manifest.Replicas || len(sidecars) != want { // it was replaced twice
			t.Errorf("%s: %d logs, %d of sidecars", name, len(apps), len(sidecars))
		}
		all = append(all, slices.Concat(apps, sidecars)...)
	}
	return all
}
