package cluster

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func call(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("dapr-api-token", token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var b bytes.Buffer
	_, _ = b.ReadFrom(response.Body)
	return response.StatusCode, b.String()
}

func want(t *testing.T, what string, status int) func(int, string) {
	return func(got int, body string) {
		t.Helper()
		if got != status {
			t.Errorf("%s: status %d, want %d: %s", what, got, status, body)
		}
	}
}

// TestSidecarsRunOnTheDeployedComponents drives the files of deploy/dapr with a real daprd, Kafka and PostgreSQL.
func TestSidecarsRunOnTheDeployedComponents(t *testing.T) {
	t.Parallel()
	pg, k := StartPostgres(t, PostgresOptions{Fast: true}), StartKafka(t, KafkaOptions{})
	must(t, pg.CreateDatabase(t.Context(), Database))
	must(t, k.CreateTopics(t.Context(), 2, "task-created", "task-updates"))
	files, err := RenderDapr(t.TempDir(), Addresses{Brokers: k.Brokers(), DatabaseURL: pg.URL(Database)})
	must(t, err)
	ports, err := FreePorts(1)
	must(t, err)

	app := &testApp{token: "to-the-app", again: 3, sub: [][2]string{{"pubsub", "task-created"}, {"pubsub-broadcast", "task-updates"}}}
	began := time.Now()
	d := StartDaprd(t, DaprdOptions{AppID: "websocket-service", AppPort: ports[0], Dapr: files, AppToken: "to-the-app", APIToken: "to-dapr"})
	t.Logf("API open in %s, before the application listens", time.Since(began))
	app.serve(t, ports[0])
	must(t, d.Connected(t.Context()))
	t.Logf("connected in %s", time.Since(began))

	publish := func(component, topic, body string, status int) {
		t.Helper()
		want(t, "publish "+topic+" on "+component, status)(call(t, "POST",
			fmt.Sprintf("%s/v1.0/publish/%s/%s?metadata.rawPayload=true&metadata.partitionKey=alice", d.URL(), component, topic), "to-dapr", body))
	}
	produce(t, k, "task-created", `{"b":1,"a":2}`)
	waitUntil(t, "the event is delivered, after three times again", func() bool { return app.got(`{"b":1,"a":2}`) })
	publish("pubsub", "task-created", "backend-api's alone", http.StatusForbidden)
	publish("pubsub", "task-of-others", "no topic of ours", http.StatusForbidden)
	publish("pubsub-broadcast", "task-updates", "not on this component", http.StatusForbidden)

	if err := d.Kill(); err != nil {
		t.Fatal(err)
	}
	produce(t, k, "task-created", "not json, while the sidecar is dead")
	began = time.Now()
	must(t, d.Start(t.Context()))
	must(t, d.Connected(t.Context()))
	t.Logf("connected in %s after a kill", time.Since(began))
	deadline := time.Now().Add(20 * time.Second) // the broker waits for the dead member's session first
	for !app.got("not json, while the sidecar is dead") && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	if !app.got("not json, while the sidecar is dead") {
		t.Error("the event that was published meanwhile is lost")
	}
	publish("pubsub", "task-updates", `{"n":1}`, http.StatusNoContent)
	waitUntil(t, "the broadcast is delivered", func() bool { return app.got(`{"n":1}`) })

	state := d.URL() + "/v1.0/state/statestore"
	want(t, "put", http.StatusNoContent)(call(t, "POST", state, "to-dapr",
		`[{"key":"processed-1-audit","value":{"state":"done"},"metadata":{"ttlInSeconds":"60"},"options":{"concurrency":"first-write"}}]`))
	want(t, "put of what exists", http.StatusInternalServerError)(call(t, "POST", state, "to-dapr",
		`[{"key":"processed-1-audit","value":{"state":"x"},"options":{"concurrency":"first-write"}}]`))
	want(t, "call without the sidecar's token", http.StatusUnauthorized)(call(t, "GET", state+"/processed-1-audit", "", ""))
	c, err := pgxConnect(t, pg.URL(Database))
	must(t, err)
	var key string
	must(t, c.QueryRow(t.Context(), "select key from dapr_state").Scan(&key))
	if key != "processed-1-audit" {
		t.Errorf("the key is stored as %q", key)
	}

	began = time.Now()
	must(t, d.Stop())
	t.Logf("stopped in %s", time.Since(began))
	if app.denied != 0 {
		t.Errorf("%d calls to the application came without its token", app.denied)
	}
}

// TestASidecarKeepsTheComponentsItStartedWith: with daprd's default one that is changed is closed and started anew, and where that
// fails, as for a role that nobody has made yet, the sidecar ends. The deployed configuration forbids it.
func TestASidecarKeepsTheComponentsItStartedWith(t *testing.T) {
	t.Parallel()
	pg := StartPostgres(t, PostgresOptions{Fast: true})
	must(t, pg.CreateDatabase(t.Context(), Database))
	files, err := RenderDapr(t.TempDir(), Addresses{Brokers: []string{"127.0.0.1:1"}, DatabaseURL: pg.URL(Database)})
	must(t, err)
	for _, f := range []string{"pubsub.yaml", "pubsub-broadcast.yaml"} { // no broker is needed
		must(t, os.Remove(filepath.Join(files.Resources, f)))
	}
	open := files
	open.Config = filepath.Join(t.TempDir(), "open.yaml")
	must(t, os.WriteFile(open.Config, []byte("apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: appconfig}\nspec: {}\n"), 0o600))
	kept := StartDaprd(t, DaprdOptions{AppID: "audit-service", Dapr: files, LogLevel: "debug"})
	reloading := StartDaprd(t, DaprdOptions{AppID: "audit-service", Dapr: open, LogLevel: "debug"})
	says := func(d *Daprd, line string) bool {
		log, err := os.ReadFile(d.LogFile())
		must(t, err)
		return strings.Contains(string(log), line)
	}
	waitUntil(t, "the configuration is read", func() bool { return says(kept, "Hot reloading disabled") })
	waitUntil(t, "components are watched", func() bool { return says(reloading, "Starting to watch Component updates") })

	file := filepath.Join(files.Resources, "statestore.yaml")
	b, err := os.ReadFile(file)
	must(t, err)
	changed := strings.Replace(string(b), "    - name: tableName\n", "    - name: metadataTableName\n      value: nowhere.dapr_metadata\n    - name: tableName\n", 1)
	if changed == string(b) {
		t.Fatal("the component is not what this test was written for")
	}
	must(t, os.WriteFile(file, []byte(changed), 0o600))
	select {
	case <-reloading.Process().Done():
	case <-time.After(30 * time.Second):
		t.Error("daprd's default has changed: a sidecar without our configuration goes on")
	}
	if !kept.Running() {
		t.Fatalf("the deployed configuration does not keep it: %v", kept.Process().Exited())
	}
	want(t, "state after the change", http.StatusNoContent)(call(t, "POST", kept.URL()+"/v1.0/state/statestore", "", `[{"key":"processed-1-audit","value":"done"}]`))
}
