package kubelet

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAContainerGetsTheKeysOfItsManifest as they are when it starts, and does not start without one that must be there.
func TestAContainerGetsTheKeysOfItsManifest(t *testing.T) {
	t.Parallel()
	c := &Container{Name: "app", Env: map[string]string{"PLAIN": "1"}, Secrets: map[string]SecretKey{
		"DATABASE_URL": {Name: "app-private", Key: "DATABASE_URL_APP"}, "JWT_SECRET": {Name: "app-private", Key: "JWT_SECRET", Optional: true}}}
	n := &Node{}
	const missing = "couldn't find key DATABASE_URL_APP in Secret default/app-private"
	if _, err := n.environment(c); err == nil || err.Error() != missing {
		t.Errorf("without secrets: %v", err)
	}
	n.Secrets = &Secrets{}
	n.Secrets.Set("app-private", map[string]string{"DATABASE_URL_APP": "one"})
	n.Secrets.Set("app-private", map[string]string{"OTHER": "two"})
	env, err := n.environment(c)
	if err != nil || !slices.Contains(env, "DATABASE_URL=one") || !slices.Contains(env, "PLAIN=1") || strings.Contains(strings.Join(env, " "), "JWT_SECRET") {
		t.Errorf("%v, %v", env, err)
	}
	n.Secrets.Remove("app-private", "DATABASE_URL_APP")
	if _, err := n.Start(t.Context(), "app-1", &Manifest{Name: "app", App: *c}, nil); err == nil || err.Error() != "app-1: "+missing {
		t.Errorf("a key that was removed: %v", err)
	}
}

func TestTheAPIServerGivesASecretAsItIsNow(t *testing.T) {
	t.Parallel()
	s := &Secrets{}
	api := httptest.NewServer(s.APIServer())
	t.Cleanup(api.Close)
	get := func() (int, string) {
		r, err := http.Get(api.URL + "/api/v1/namespaces/default/secrets/app-secrets")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Body.Close() }()
		var secret struct{ Data map[string][]byte }
		_ = json.NewDecoder(r.Body).Decode(&secret)
		return r.StatusCode, string(secret.Data["DATABASE_URL"])
	}
	if status, _ := get(); status != http.StatusNotFound {
		t.Errorf("no secret: %d", status)
	}
	s.Set("app-secrets", map[string]string{"DATABASE_URL": "postgres://x"})
	if status, value := get(); status != http.StatusOK || value != "postgres://x" {
		t.Errorf("%d %q", status, value)
	}
}

// TestAJobRunsItsContainersInOrder and ends at the first that fails.
func TestAJobRunsItsContainersInOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := &Node{Bin: dir, Dir: dir, Log: t.Logf}
	const script = "#!/bin/sh\necho \"$STEP $*\" >>ran; [ \"$1\" != fail ]\n"
	if err := os.WriteFile(filepath.Join(dir, "tasktide"), []byte(script), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	step := func(name string, args ...string) *Container {
		return &Container{Name: name, Args: args, Env: map[string]string{"STEP": name}}
	}
	err := n.Run(t.Context(), &Job{Name: "setup", Containers: []*Container{step("a", "migrate", "up"), step("b", "fail"), step("c", "never")}})
	if err == nil || !strings.HasPrefix(err.Error(), "b of the Job setup: exit status 1") {
		t.Errorf("%v", err)
	}
	if ran, err := os.ReadFile(filepath.Join(dir, "ran")); err != nil || string(ran) != "a migrate up\nb fail\n" {
		t.Errorf("%q, %v", ran, err)
	}
}
