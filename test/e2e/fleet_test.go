package e2e

import (
	"database/sql"
	"math/rand/v2"
	"path/filepath"
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
	c := cluster.Start(t, cluster.Options{Transport: transport, Dir: folder(t), Services: []string{}})
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

// logs are the files of all pods there were.
func (f *fleet) logs(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(f.dir, "*.log"))
	must(t, err)
	if len(files) < 4*len(inOrder) {
		t.Errorf("%d logs", len(files))
	}
	return slices.DeleteFunc(files, func(f string) bool { return strings.HasPrefix(filepath.Base(f), "daprd-") })
}
