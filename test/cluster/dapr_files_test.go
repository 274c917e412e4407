package cluster

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type component struct {
	Metadata struct{ Name, Namespace string }
	Spec     struct {
		Type     string
		Version  string
		Metadata []struct {
			Name         string
			Value        string
			SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
		}
	}
	Auth   struct{ SecretStore string } `yaml:"auth"`
	Scopes []string
}

func deployed(t *testing.T) map[string]component {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "deploy", "dapr", "*", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]component{}
	for _, f := range files {
		if filepath.Base(filepath.Dir(f)) == "config" {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var c component
		d := yaml.NewDecoder(bytes.NewReader(b))
		if err := d.Decode(&c); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all[c.Metadata.Name] = c
	}
	return all
}

// known reads testdata/keys/<type>.txt: a name a line, # comments.
func known(t *testing.T, kind string) []string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "keys", kind+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var names []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, _, _ := strings.Cut(lines.Text(), "#"); strings.TrimSpace(name) != "" {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

func TestEveryMetadataKeyIsOneThatTheComponentReads(t *testing.T) {
	t.Parallel()
	all := deployed(t)
	if len(all) != 5 {
		t.Fatalf("%d components, want 5", len(all))
	}
	for name, c := range all {
		names := known(t, c.Spec.Type)
		seen := map[string]bool{}
		for _, m := range c.Spec.Metadata {
			if !slices.Contains(names, m.Name) {
				t.Errorf("%s: daprd would ignore %q", name, m.Name)
			}
			if seen[m.Name] {
				t.Errorf("%s: %q is there twice", name, m.Name)
			}
			seen[m.Name] = true
		}
	}
}

func TestComponentsAreScopedAndGroupedAsTheRoutingNeeds(t *testing.T) {
	t.Parallel()
	all := deployed(t)
	for name, want := range map[string]struct {
		group, offset string
		scopes        []string
	}{
		"pubsub":           {"{appID}", "oldest", nil},
		"pubsub-broadcast": {"{podName}", "newest", []string{"websocket-service"}},
	} {
		got := map[string]string{}
		for _, m := range all[name].Spec.Metadata {
			got[m.Name] = m.Value
		}
		if got["consumerID"] != want.group || got["initialOffset"] != want.offset || !slices.Equal(all[name].Scopes, want.scopes) {
			t.Errorf("%s: group %q, offset %q, scopes %v", name, got["consumerID"], got["initialOffset"], all[name].Scopes)
		}
	}
	if s := all["reminder-check-cron"].Scopes; !slices.Equal(s, []string{"notification-service"}) {
		t.Errorf("cron is scoped to %v", s)
	}
}

func TestRenderedFilesDifferInAddressesOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, err := RenderDapr(dir, Addresses{Brokers: []string{"a:1", "b:2"}, DatabaseURL: "postgres://x"})
	if err != nil {
		t.Fatal(err)
	}
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"components/pubsub.yaml", "components/pubsub-broadcast.yaml", "components/statestore.yaml", "bindings/cron-binding.yaml"} {
		want, err := os.ReadFile(filepath.Join(root, "deploy", "dapr", f))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(r.Resources, filepath.Base(f)))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != strings.ReplaceAll(string(want), deployedBrokers, `"a:1,b:2"`) {
			t.Errorf("%s differs in more than addresses", f)
		}
	}
	secrets, err := os.Stat(filepath.Join(dir, "secrets.json"))
	if err != nil || secrets.Mode().Perm() != 0o600 {
		t.Errorf("secrets: %v, %v", secrets.Mode(), err)
	}
}
