package e2e

import (
	"bytes"
	"database/sql"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/test/cluster"
	"github.com/tasktide/tasktide/test/kubelet"
)

// fleet is a system as the chart deploys it: two pods of each service behind Services, on this machine.
type fleet struct {
	*cluster.Cluster
	sets        []string // the chart's values
	node        *kubelet.Node
	kubeConfig  string                      // the file by which sidecars find the API server
	services    map[string]*kubelet.Service // those that somebody connects to
	deployments map[string]*kubelet.Deployment
}

// private is the chart's value with which each service has a database role of its own.
const private = "global.secret.private=app-private"

// newFleet prepares what the chart makes with these values; without private, everybody is to connect as the owner of the database. No pod runs yet.
func newFleet(t *testing.T, sets ...string) (*system, *fleet) {
	t.Helper()
	oneCluster.Lock()
	t.Cleanup(oneCluster.Unlock)
	transport, roles := strings.TrimPrefix(sets[0], "global.transport="), slices.Contains(sets, private)
	c := cluster.Start(t, cluster.Options{Transport: transport, Dir: folder(t), Services: []string{}, OwnerOnly: !roles, Postgres: func(o *cluster.PostgresOptions) {
		o.Settings = map[string]string{"max_connections": "600"} // while all are replaced at once there are more than 20 pods (docs/scale.md)
	}})
	db, err := sql.Open("pgx", c.DatabaseURL()+"&application_name="+onlooker)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	f := &fleet{Cluster: c, services: map[string]*kubelet.Service{}, deployments: map[string]*kubelet.Deployment{}}
	for _, name := range []string{"frontend", "backend-api", "websocket-service"} {
		f.services[name], err = kubelet.NewService(t.Context(), freePort(t))
		must(t, err)
		t.Cleanup(func() { must(t, f.services[name].Close()) })
	}
	f.sets = append(f.values(), sets...)
	f.node = &kubelet.Node{
		Bin: filepath.Join(c.Dir, "bin"), Dir: filepath.Join(c.Dir, "pods"), Secrets: &kubelet.Secrets{}, Log: t.Logf,
		// kube-proxy gets the news by way of two controllers; preStop is there for that.
		News: func() time.Duration { return time.Duration(rand.Int64N(int64(2 * time.Second))) }, //nolint:gosec // no secret
	}
	api := httptest.NewServer(f.node.Secrets.APIServer())
	t.Cleanup(api.Close)
	f.kubeConfig = filepath.Join(c.Dir, "kubeconfig")
	must(t, kubelet.WriteKubeConfig(f.kubeConfig, api.URL))
	f.secrets(t, roles)
	f.node.Dapr = f.dapr(t, "dapr", roles)
	front := f.services["frontend"].URL()
	return &system{transport: transport, api: front, live: []string{front}, dir: c.Dir, env: c.Env(), db: db, brokers: c.Kafka.Brokers(), sent: make(chan struct{})}, f
}

// values are the addresses of this machine, and that the proxies in front have addresses of the loopback.
func (f *fleet) values() []string {
	backend := f.services["backend-api"].URL()
	return []string{
		"global.settings.PUBLIC_URL=" + f.services["frontend"].URL(), "global.kafka.brokers={" + strings.Join(f.Kafka.Brokers(), ",") + "}",
		"backend-api.settings.TRUSTED_PROXIES=loopback", "websocket-service.settings.TRUSTED_PROXIES=loopback", "websocket-service.settings.BETTER_AUTH_URL=" + backend,
		"frontend.settings.BACKEND_URL=" + backend, "frontend.settings.WEBSOCKET_URL=" + f.services["websocket-service"].URL(),
	}
}

// secrets are those that docs/deploy.md has people make.
func (f *fleet) secrets(t *testing.T, roles bool) {
	t.Helper()
	s := f.node.Secrets
	s.Set("app-secrets", map[string]string{"token": value(f.Env(), "APP_API_TOKEN")})
	if !roles {
		s.Set("app-secrets", map[string]string{"DATABASE_URL": f.DatabaseURL(), "JWT_SECRET": f.jwtSecret(t)})
		return
	}
	s.Set("app-secrets", f.address(sqlstore.StateStore))
	s.Set("app-private", f.privateSecret(t))
}

// privateSecret is what is in the second secret: everything but what sidecars read.
func (f *fleet) privateSecret(t *testing.T) map[string]string {
	t.Helper()
	keys := map[string]string{"DATABASE_URL": f.DatabaseURL(), "JWT_SECRET": f.jwtSecret(t)}
	for _, part := range sqlstore.Parts() {
		if part != sqlstore.StateStore && part != sqlstore.Operator {
			maps.Copy(keys, f.address(part))
		}
	}
	return keys
}

// address is the key with the address of a part's role.
func (f *fleet) address(part string) map[string]string {
	return map[string]string{"DATABASE_URL_" + strings.ToUpper(strings.ReplaceAll(part, "-", "_")): f.RoleURL(part)}
}

func (f *fleet) jwtSecret(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(f.JWTSecretFile)
	must(t, err)
	return string(b)
}

// dapr writes Dapr's files into a folder of that name: those of deploy/dapr, or of deploy/dapr-roles. Their secrets are the cluster's.
func (f *fleet) dapr(t *testing.T, name string, roles bool) cluster.RenderedDapr {
	t.Helper()
	r, err := cluster.RenderDapr(filepath.Join(f.Dir, name), cluster.Addresses{Brokers: f.Kafka.Brokers(), KubeConfig: f.kubeConfig, OwnRole: roles})
	must(t, err)
	return r
}

// render is the chart with the fleet's values and these over them.
func (f *fleet) render(t *testing.T, sets ...string) *kubelet.Chart {
	t.Helper()
	chart, err := kubelet.Render(t.Context(), slices.Concat(f.sets, sets)...)
	must(t, err)
	if len(chart.Deployments) != len(inOrder) {
		t.Fatalf("the chart has %d Deployments, %d are known here", len(chart.Deployments), len(inOrder))
	}
	return chart
}

// start starts backend-api first, then the others.
func (f *fleet) start(t *testing.T) {
	t.Helper()
	manifests := f.render(t).Deployments
	for _, name := range inOrder {
		d := f.node.NewDeployment(manifests[name], f.services[name])
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
// gone, and calls the answer that it waits for an error; there is no other that it may report. A native one is told
// only when its application has gone, and may have asked just before.
func failures(log []byte) (out []string) {
	var told time.Time
	for line := range bytes.Lines(log) {
		if bytes.Contains(line, []byte(`msg="Received signal 'terminated'; beginning shutdown"`)) {
			told = loggedAt(line)
		}
	}
	for line := range bytes.Lines(log) {
		gone := bytes.Contains(line, []byte(`level=error msg="App health probe could not complete with error: `)) && bytes.Contains(line, []byte("connect: connection refused"))
		if at := loggedAt(line); isError.Match(line) && (!gone || told.IsZero() || told.Sub(at) > 2*time.Second) {
			out = append(out, string(line))
		}
	}
	return out
}

// loggedAt is the time of a sidecar's line.
func loggedAt(line []byte) (at time.Time) {
	if _, after, found := bytes.Cut(line, []byte(`time="`)); found {
		text, _, _ := bytes.Cut(after, []byte(`"`))
		at, _ = time.Parse(time.RFC3339Nano, string(text))
	}
	return at
}

func TestErrorsInLogsAreFound(t *testing.T) {
	t.Parallel()
	const (
		asked = `time="2026-11-30T10:00:05.5Z" level=info msg="Received signal 'terminated'; beginning shutdown" scope=dapr.signals` + "\n"
		said  = `" level=error msg="App health probe could not complete with error: dial tcp 127.0.0.1:1: connect: connection refused" scope=dapr.apphealth` + "\n"
		gone  = `time="2026-11-30T10:00:06Z` + said
		just  = `time="2026-11-30T10:00:04Z` + said
		early = `time="2026-11-30T10:00:03Z` + said
		other = `time="x" level=error msg="error processing Kafka message" scope=dapr.contrib` + "\n"
		fatal = `time="x" level=fatal msg="Fatal error from runtime" scope=dapr.runtime` + "\n"
		ours  = `{"level":"ERROR","msg":"x"}` + "\n"
	)
	for log, want := range map[string]int{asked + gone + gone: 0, just + asked: 0, early + asked: 1, gone: 1, asked + other + gone: 1, fatal: 1, ours + asked: 1, `{"level":"WARN","msg":"x"}`: 0} {
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
		apps, err := filepath.Glob(filepath.Join(f.node.Dir, name+"-*.log"))
		must(t, err)
		sidecars, err := filepath.Glob(filepath.Join(f.node.Dir, "daprd-"+name+"-*.log"))
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
