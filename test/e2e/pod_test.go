package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/test/cluster"
)

// TestAPodSaysWhatItLacks: a service as it starts in a pod where something was forgotten. It ends at once, or is not ready, and its log
// has one sentence that says what to do.
func TestAPodSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	pg := cluster.StartPostgres(t, cluster.PostgresOptions{Dir: filepath.Join(dir, "postgres"), Fast: true})
	for _, name := range []string{"empty", "migrated"} {
		must(t, pg.CreateDatabase(t.Context(), name))
	}
	_, said, err := tasktide(t.Context(), dir, []string{"DATABASE_URL=" + pg.URL("migrated")}, "migrate", "up")
	if err != nil {
		t.Fatal(said, err)
	}
	env := func(database string) []string {
		return append(cluster.BaseEnv(), "TRANSPORT=dapr", "DATABASE_URL="+pg.URL(database), "API_PORT="+freePort(t), "DAPR_APP_PORT="+freePort(t), "DAPR_HTTP_PORT="+freePort(t), "DAPR_GRPC_PORT="+freePort(t))
	}
	for _, c := range []struct{ name, database, says string }{
		{"an image without its migration", "empty", "the database has schema version 0, this binary needs"},
		{"no database of that name", "other", "no database of the name in DATABASE_URL: create it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ends(t, "audit-service", env(c.database), c.says)
		})
	}
	t.Run("no sidecar was injected", func(t *testing.T) {
		t.Parallel()
		env := append(env("migrated"), "LOG_FORMAT=json")
		p, err := cluster.StartProcess(cluster.Command{Name: "audit-service", Path: filepath.Join(programs, "audit-service"), Env: env, Dir: dir, Log: filepath.Join(dir, "audit.log")})
		must(t, err)
		t.Cleanup(func() { _ = p.Kill() })
		port := value(env, "API_PORT")
		eventually(t, 30*time.Second, func() error {
			r, err := http.Get("http://127.0.0.1:" + port + "/ready")
			if err != nil {
				return err
			}
			defer r.Body.Close()
			body, _ := io.ReadAll(r.Body)
			if r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "dapr: no sidecar answers on 127.0.0.1:"+value(env, "DAPR_HTTP_PORT")) || !strings.Contains(string(body), "dapr.io/enabled") {
				return fmt.Errorf("%s %s", r.Status, body)
			}
			return nil
		})
		contains(t, p.Tail(4000), "no sidecar answers on")
		r, err := http.Get("http://127.0.0.1:" + port + "/health") // it is not restarted for that
		must(t, err)
		_ = r.Body.Close()
		if r.StatusCode != http.StatusOK || !p.Running() {
			t.Errorf("its health is %s", r.Status)
		}
	})
}

// TestAPodWithAnotherServicesSecretEndsAtOnce: before it takes a partition of a group, or requests, from the pods that work; with
// its own it is ready.
func TestAPodWithAnotherServicesSecretEndsAtOnce(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	pg := cluster.StartPostgres(t, cluster.PostgresOptions{Dir: filepath.Join(dir, "postgres"), Fast: true})
	must(t, pg.CreateDatabase(t.Context(), "shared"))
	var topics, addresses []string
	for _, topic := range domain.Topics() {
		topics = append(topics, string(topic))
	}
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topics...))
	must(t, err)
	t.Cleanup(broker.Close)
	of := map[string]string{}
	for _, part := range sqlstore.Parts() {
		address, err := url.Parse(pg.URL("shared"))
		must(t, err)
		address.User = url.UserPassword(part, "0123456789-"+part)
		of[part] = address.String()
		addresses = append(addresses, "DATABASE_URL_"+strings.ToUpper(strings.ReplaceAll(part, "-", "_"))+"="+of[part])
	}
	for _, step := range [][]string{{"migrate", "up"}, {"roles", "apply"}} {
		_, said, err := tasktide(t.Context(), dir, append(addresses, "DATABASE_URL="+pg.URL("shared")), step...)
		if err != nil {
			t.Fatal(step, said, err)
		}
	}
	for service, another := range map[string]string{
		"audit-service": "websocket-service", "backend-api": "audit-service", "notification-service": "audit-service",
		"recurring-service": "notification-service", "websocket-service": "audit-service",
	} {
		env := func(secret string) []string {
			return append(cluster.BaseEnv(), "TRANSPORT=kafka", "KAFKA_BROKERS="+strings.Join(broker.ListenAddrs(), ","), "DATABASE_URL="+of[secret], "API_PORT="+freePort(t), "JWT_SECRET="+strings.Repeat("0123456789", 4))
		}
		t.Run(service+" with its own", func(t *testing.T) {
			t.Parallel()
			env := env(service)
			p, err := cluster.StartProcess(cluster.Command{Name: service, Path: filepath.Join(programs, service), Env: env, Dir: dir, Log: filepath.Join(dir, service+".log")})
			must(t, err)
			t.Cleanup(func() { _ = p.Kill() })
			eventually(t, 30*time.Second, func() error {
				r, err := http.Get("http://127.0.0.1:" + value(env, "API_PORT") + "/ready")
				if err != nil {
					return err
				}
				defer r.Body.Close()
				body, _ := io.ReadAll(r.Body)
				if r.StatusCode != http.StatusOK || !strings.Contains(string(body), `"status":"ready"`) {
					return fmt.Errorf("%s %s", r.Status, body)
				}
				return nil
			})
		})
		t.Run(service+" with that of "+another, func(t *testing.T) {
			t.Parallel()
			ends(t, service, env(another), fmt.Sprintf("the role in DATABASE_URL, %q, lacks rights of %s", another, service), "run tasktide roles apply")
		})
	}
}

// ends runs a service that can't start: it ends at once, and its last line, which kubectl describe pod shows, says why.
func ends(t *testing.T, service string, env []string, says ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second) // far less than the 20 s of a database that does not answer
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(programs, service))
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ended with %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	contains(t, lines[len(lines)-1], append(says, "can't start: ")...)
}

// value is a variable's.
func value(env []string, name string) string {
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v
		}
	}
	return ""
}
