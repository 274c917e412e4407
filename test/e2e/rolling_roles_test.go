package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/test/cluster"
)

// onlooker is what the test's own connections to the database are called.
const onlooker = "onlooker"

// step is one command of docs/deploy.md, and what stands for it here.
type step struct {
	command string // its beginning
	do      func()
}

// TestRollingUpdateToARoleForEachService: an installation in which everybody connects as the owner gets a role for each service, by
// the commands of docs/deploy.md in their order, while users write and devices look on. No command waits for the pods that it has
// replaced, so the next one is given while some are those of before, whose sidecars read a component anew that changes.
func TestRollingUpdateToARoleForEachService(t *testing.T) {
	s, f := newFleet(t, "global.transport=dapr")
	latest := f.older(t)
	f.start(t)
	roles, chart := f.dapr(t, "dapr-roles", true), f.render(t, private)
	f.underLoad(t, s, func(seen *seen) {
		phase := func(what string, do func()) { f.phase(t, seen, what, do) }
		phase("as the owner", func() { f.connected(t, s, nil, nil) })
		f.documented(t, []step{
			{"kubectl apply -f deploy/dapr/config/appconfig.yaml", func() { must(t, os.Rename(latest, f.node.Dapr.Config)) }},
			{"kubectl patch secret app-secrets -p", func() { f.node.Secrets.Set("app-secrets", f.address(sqlstore.StateStore)) }},
			{"kubectl create secret generic app-private", func() { f.node.Secrets.Set("app-private", f.privateSecret(t)) }},
			{"helm upgrade tasktide deploy/helm/tasktide --reuse-values --set " + private, func() {
				phase("the Job", func() { must(t, f.node.Run(t.Context(), chart.Setup)) })
				for name, d := range f.deployments {
					d.Manifest = chart.Deployments[name]
				}
				phase("the first", func() { f.roll(t, early...) })
				phase("service with role", func() { f.connected(t, s, early, nil) })
			}},
			{"kubectl apply -k deploy/dapr-roles", func() {
				f.apply(t, roles)
				// Sidecars of before take it at once; those that started since the first command, when they start anew.
				phase("sidecar with role", func() { f.connected(t, s, early, late) })
				phase("the others", func() { f.roll(t, late...) })
				phase("all services", func() { f.connected(t, s, inOrder, late) })
			}},
			{"kubectl rollout restart deployment", func() {
				phase("the first again", func() { f.roll(t, early...) })
				phase("all sidecars", func() { f.connected(t, s, inOrder, inOrder) })
			}},
			{`kubectl patch secret app-secrets --type json -p '[{"op": "remove", "path": "/data/DATABASE_URL"}]'`, func() {
				f.node.Secrets.Remove("app-secrets", "DATABASE_URL")
				f.node.Secrets.Remove("app-secrets", "JWT_SECRET")
				phase("the others again", func() { f.roll(t, late...) })
			}},
		})
		phase("afterwards", func() { f.roll(t, inOrder...) })
		phase("nobody as the owner", func() { f.connected(t, s, inOrder, inOrder) })
	})
}

// The Deployments whose pods are replaced first, and those whose are late.
//
//nolint:gochecknoglobals // tables
var early, late = []string{"backend-api", "audit-service", "frontend"}, []string{"recurring-service", "notification-service", "websocket-service"}

// older takes from Dapr's configuration what the first command brings, and returns the file with it.
func (f *fleet) older(t *testing.T) (latest string) {
	t.Helper()
	live := f.node.Dapr.Config
	b, err := os.ReadFile(live)
	must(t, err)
	before, after, found := strings.Cut(string(b), "  # daprd would close a component")
	_, after, more := strings.Cut(after, "      enabled: false\n")
	if !found || !more || strings.Contains(before+after, "HotReload") {
		t.Fatalf("%s has nothing about components that change", live)
	}
	latest = live + ".latest"
	must(t, os.Rename(live, latest))
	must(t, os.WriteFile(live, []byte(before+after), 0o600))
	return latest
}

// apply brings these components in place of those that sidecars read.
func (f *fleet) apply(t *testing.T, from cluster.RenderedDapr) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(from.Resources, "*.yaml"))
	must(t, err)
	for _, file := range files {
		must(t, os.Rename(file, filepath.Join(f.node.Dapr.Resources, filepath.Base(file))))
	}
}

// documented does the steps, which must be what docs/deploy.md has for an installation that runs.
func (f *fleet) documented(t *testing.T, steps []step) {
	t.Helper()
	root, err := cluster.Root()
	must(t, err)
	b, err := os.ReadFile(filepath.Join(root, "docs", "deploy.md"))
	must(t, err)
	_, after, _ := strings.Cut(string(b), "**An installation that runs**")
	_, after, _ = strings.Cut(after, "```sh\n")
	block, _, found := strings.Cut(after, "```")
	commands := strings.Split(strings.TrimSpace(block), "\n")
	if !found || len(commands) != len(steps) {
		t.Fatalf("docs/deploy.md has %d commands, %d are known here: %q", len(commands), len(steps), commands)
	}
	for i, s := range steps {
		if !strings.HasPrefix(commands[i], s.command) {
			t.Fatalf("docs/deploy.md has %q where %q is known here", commands[i], s.command)
		}
	}
	for _, s := range steps {
		t.Logf("$ %s", s.command)
		s.do()
	}
}

// connected waits until each pod of these services, and each sidecar of those, is connected as its own role and no other, and all others as the
// owner only, and then until every service has handled something like that.
func (f *fleet) connected(t *testing.T, s *system, services, sidecars []string) {
	t.Helper()
	want := map[string]string{}
	as := func(who, part string, own bool) {
		want[who] = roleOf(t, f.DatabaseURL())
		if own {
			want[who] = roleOf(t, f.RoleURL(part))
		}
	}
	for name, d := range f.deployments {
		for _, p := range d.Pods() {
			if name != "frontend" {
				as(p.Name, name, slices.Contains(services, name))
			}
			if slices.Contains(durable, name) {
				as("daprd-"+p.Name, sqlstore.StateStore, slices.Contains(sidecars, name))
			}
		}
	}
	eventually(t, 30*time.Second, func() error {
		got, err := s.sessions(t.Context())
		for who := range want {
			if err == nil && got[who] != want[who] {
				err = fmt.Errorf("%s is connected as %q, not as %s; all are %v", who, got[who], want[who], got)
			}
			delete(got, who)
		}
		if err == nil && len(got) > 0 {
			err = fmt.Errorf("nobody knows %v", got)
		}
		return err
	})
	s.goesOn(t)
}

// durable are the services whose sidecars have the state store.
//
//nolint:gochecknoglobals // a table
var durable = []string{"audit-service", "recurring-service", "websocket-service"}

// sessions are the users as whom somebody is connected to the database, by the name of the connection.
func (s *system) sessions(ctx context.Context) (map[string]string, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT application_name, string_agg(DISTINCT usename, ' and ') FROM pg_stat_activity
WHERE backend_type = 'client backend' AND datname = current_database() AND application_name <> $1 GROUP BY application_name`, onlooker)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[string]string{}
	for rows.Next() {
		var who, as string
		if err := rows.Scan(&who, &as); err != nil {
			return nil, err
		}
		out[who] = as
	}
	return out, rows.Err()
}

// goesOn waits until each service has done something more. What backend-api has done, the others have handled.
func (s *system) goesOn(t *testing.T) {
	t.Helper()
	done := func() map[string]int {
		out := map[string]int{}
		var err error
		out["notification-service"], err = count(t.Context(), s.db, "events WHERE event_type = 'reminder.due.v1'")
		must(t, err)
		for _, service := range durable {
			out[service], err = s.handled(t.Context(), service)
			must(t, err)
		}
		return out
	}
	before := done()
	eventually(t, time.Minute, func() error {
		now := done()
		for service, n := range now {
			if n < before[service]+10 {
				return fmt.Errorf("%s had done %d, and has done %d", service, before[service], n)
			}
		}
		t.Logf("handled before %v, now %v", before, now)
		return nil
	})
}

// roleOf is the user of an address.
func roleOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	return u.User.Username()
}
