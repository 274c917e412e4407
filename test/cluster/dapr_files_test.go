package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
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
	Auth struct {
		SecretStore string `yaml:"secretStore"`
	} `yaml:"auth"`
	Scopes []string
}

func deployed(t *testing.T) map[string]component {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]component{}
	for _, folder := range []string{"components", "bindings"} {
		files, err := filepath.Glob(filepath.Join(root, "deploy", "dapr", folder, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			c := read[component](t, f)
			all[c.Metadata.Name] = c
		}
	}
	return all
}

func read[T any](t *testing.T, file string) (v T) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return v
}

// contrib is the source of the components that the built daprd has.
var contrib = sync.OnceValues(func() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "mod", "download", "-json", "github.com/dapr/components-contrib")
	cmd.Dir = filepath.Join(root, "tools", "daprd")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: the source of Dapr's components: %w", ErrMissing, err)
	}
	var module struct{ Dir string }
	err = json.Unmarshal(out, &module)
	return module.Dir, err
})

// listed is what a component's own metadata.yaml has.
type listed struct {
	Type, Name, Version           string
	Metadata                      []listedKey
	AuthenticationProfiles        []struct{ Metadata []listedKey } `yaml:"authenticationProfiles"`
	BuiltinAuthenticationProfiles []struct{ Metadata []listedKey } `yaml:"builtinAuthenticationProfiles"`
}

type listedKey struct {
	Name      string
	Sensitive bool
}

// elsewhere are keys that are read by the runtime or by shared code, and are hence not in the component's own list.
var elsewhere = map[string][]string{
	"pubsub.kafka": {
		"consumerID",                                                                 // the runtime's, of every pub/sub
		"allowedTopics", "protectedTopics", "publishingScopes", "subscriptionScopes", // pkg/scopes
		// The retry code: backOffDuration is the wait of the policy "constant", the next three are of "exponential".
		"backOffPolicy", "backOffDuration", "backOffInitialInterval", "backOffMaxInterval", "backOffMaxElapsedTime", "backOffMaxRetries",
	},
	"state.postgresql": {"keyPrefix"}, // the runtime's, of every state store
	"bindings.cron":    {"direction"}, // the runtime's, of every binding
}

// known are the keys of a component's metadata that daprd reads.
func known(t *testing.T, kind, version string) []string {
	t.Helper()
	names := slices.Clone(elsewhere[kind])
	for _, k := range keysOf(t, kind, version) {
		names = append(names, k.Name)
	}
	return names
}

func keysOf(t *testing.T, kind, version string) []listedKey {
	t.Helper()
	dir, err := contrib()
	must(t, err)
	family, name, _ := strings.Cut(kind, ".")
	file := filepath.Join(dir, family, name, "metadata.yaml")
	if _, err := os.Stat(file); err != nil { // several versions
		file = filepath.Join(dir, family, name, version, "metadata.yaml")
	}
	l := read[listed](t, file)
	if l.Version != version {
		t.Fatalf("%s is of version %s, deployed is %s", file, l.Version, version)
	}
	keys := slices.Clone(l.Metadata)
	for _, p := range append(l.AuthenticationProfiles, l.BuiltinAuthenticationProfiles...) {
		keys = append(keys, p.Metadata...)
	}
	return keys
}

// TestWhatComponentsKeepSecretIsAReference: what the component's own list calls sensitive comes from the secret store.
func TestWhatComponentsKeepSecretIsAReference(t *testing.T) {
	t.Parallel()
	references := 0
	for name, c := range deployed(t) {
		for _, m := range c.Spec.Metadata {
			if m.SecretKeyRef.Name != "" {
				references++
				if m.SecretKeyRef.Name != "app-secrets" || c.Auth.SecretStore != "secretstore" {
					t.Errorf("%s: %s comes from %s of the store %q", name, m.Name, m.SecretKeyRef.Name, c.Auth.SecretStore)
				}
			} else if slices.Contains(keysOf(t, c.Spec.Type, c.Spec.Version), listedKey{m.Name, true}) {
				t.Errorf("%s: %s is in the file", name, m.Name)
			}
		}
	}
	if references == 0 {
		t.Error("no component has a secret: nothing was looked at")
	}
}

func TestEveryMetadataKeyIsOneThatTheComponentReads(t *testing.T) {
	t.Parallel()
	all := deployed(t)
	if len(all) != 5 {
		t.Fatalf("%d components, want 5", len(all))
	}
	for name, c := range all {
		names := known(t, c.Spec.Type, c.Spec.Version)
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
		"pubsub":           {"{appID}", "oldest", []string{"backend-api", "audit-service", "notification-service", "recurring-service", "websocket-service"}},
		"pubsub-broadcast": {"{podName}", "newest", []string{"websocket-service"}},
	} {
		got := values(all[name])
		if got["consumerID"] != want.group || got["initialOffset"] != want.offset || !slices.Equal(all[name].Scopes, want.scopes) {
			t.Errorf("%s: group %q, offset %q, scopes %v", name, got["consumerID"], got["initialOffset"], all[name].Scopes)
		}
	}
	if s := all["reminder-check-cron"].Scopes; !slices.Equal(s, []string{"notification-service"}) {
		t.Errorf("cron is scoped to %v", s)
	}
}

// TestTheComponentsPermitWhatTheRoutingTableHas: no more, so that nobody else's sidecar can publish an event, and no less.
func TestTheComponentsPermitWhatTheRoutingTableHas(t *testing.T) {
	t.Parallel()
	publish, consume, listen := map[string][]string{}, map[string][]string{}, map[string][]string{}
	for _, r := range domain.Routes() {
		publish[string(r.Publisher)] = append(publish[string(r.Publisher)], string(r.Topic))
		for _, c := range r.Consumers {
			if r.Broadcast {
				listen[string(c)] = append(listen[string(c)], string(r.Topic))
			} else {
				consume[string(c)] = append(consume[string(c)], string(r.Topic))
			}
		}
	}
	all := deployed(t)
	bus, broadcast := values(all["pubsub"]), values(all["pubsub-broadcast"])
	for key, want := range map[string]map[string][]string{"publishingScopes": publish, "subscriptionScopes": consume} {
		if got := grants(bus[key]); !reflect.DeepEqual(got, want) {
			t.Errorf("pubsub: %s are\n%v, by the routing table\n%v", key, got, want)
		}
	}
	if got := grants(broadcast["subscriptionScopes"]); !reflect.DeepEqual(got, listen) {
		t.Errorf("pubsub-broadcast: subscriptions are %v, by the routing table %v", got, listen)
	}
	if got := grants(broadcast["publishingScopes"]); len(got) != 0 {
		t.Errorf("pubsub-broadcast: published by %v", got)
	}
	topics := make([]string, 0, len(domain.Topics()))
	for _, topic := range domain.Topics() {
		topics = append(topics, string(topic))
	}
	for name, want := range map[string][2]string{"pubsub": {bus["allowedTopics"], bus["protectedTopics"]}, "pubsub-broadcast": {broadcast["allowedTopics"], broadcast["protectedTopics"]}} {
		if want[0] != want[1] {
			t.Errorf("%s: a topic that is allowed and not protected is anybody's: %v", name, want)
		}
	}
	if bus["allowedTopics"] != strings.Join(topics, ",") {
		t.Errorf("pubsub: allowed are %s", bus["allowedTopics"])
	}
	everyone := []string{"backend-api", "audit-service", "notification-service", "recurring-service", "websocket-service"}
	consumers := slices.Sorted(maps.Keys(consume))
	for name, want := range map[string][]string{"pubsub": everyone, "secretstore": everyone, "statestore": consumers} {
		if got := all[name].Scopes; !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
			t.Errorf("%s is for %v, want %v", name, got, want)
		}
	}
}

// TestChartsScaleByTheLagOfWhatIsConsumed, in the values of each service.
func TestChartsScaleByTheLagOfWhatIsConsumed(t *testing.T) {
	t.Parallel()
	root, err := Root()
	must(t, err)
	files, err := filepath.Glob(filepath.Join(root, "deploy", "helm", "service", "values", "*.yaml"))
	must(t, err)
	if len(files) != 6 {
		t.Errorf("%d values files", len(files))
	}
	for _, f := range files {
		v := read[struct {
			Name        domain.Service
			Autoscaling struct{ Topics []domain.Topic }
		}](t, f)
		if got, want := v.Autoscaling.Topics, domain.ConsumedBy(v.Name, false); !slices.Equal(got, want) {
			t.Errorf("%s is scaled by the lag of %v, it consumes %v", v.Name, got, want)
		}
	}
}

// values are a component's metadata.
func values(c component) map[string]string {
	out := map[string]string{}
	for _, m := range c.Spec.Metadata {
		out[m.Name] = m.Value
	}
	return out
}

// grants reads "app=topic,topic;app=topic".
func grants(s string) map[string][]string {
	out := map[string][]string{}
	for _, one := range strings.Split(s, ";") {
		if app, topics, ok := strings.Cut(one, "="); ok {
			out[app] = strings.Split(topics, ",")
		}
	}
	return out
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

// TestSecretsOfAnAPIServer are read by the component as it is deployed.
func TestSecretsOfAnAPIServer(t *testing.T) {
	t.Parallel()
	r, err := RenderDapr(t.TempDir(), Addresses{Brokers: []string{"a:1"}, KubeConfig: "/somewhere/config"})
	must(t, err)
	got, want := read[component](t, filepath.Join(r.Resources, "secrets.yaml")), deployed(t)["secretstore"]
	if all := values(got); got.Spec.Type != want.Spec.Type || !slices.Equal(got.Scopes, want.Scopes) || len(all) != 1 || all["kubeconfigPath"] != "/somewhere/config" {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestTheStateStoresOwnRole: a cluster on this machine has what the patch in deploy/dapr-roles makes of the component.
func TestTheStateStoresOwnRole(t *testing.T) {
	t.Parallel()
	r, err := RenderDapr(t.TempDir(), Addresses{Brokers: []string{"a:1"}, DatabaseURL: "postgres://x", OwnRole: true})
	must(t, err)
	root, err := Root()
	must(t, err)
	patch := read[[]struct {
		Op    string
		Path  string
		Value any
	}](t, filepath.Join(root, "deploy", "dapr-roles", "own-role.yaml"))
	got := read[component](t, filepath.Join(r.Resources, "statestore.yaml"))
	if len(patch) != 3 || patch[1].Value != got.Spec.Metadata[0].SecretKeyRef.Key {
		t.Errorf("the address is the key %q; the patch is %v", got.Spec.Metadata[0].SecretKeyRef.Key, patch)
	}
	added, _ := patch[2].Value.(map[string]any)
	if m := got.Spec.Metadata[1]; added["name"] != m.Name || added["value"] != m.Value || m.Value != sqlstore.DaprMetadata {
		t.Errorf("%v was added, the patch adds %v, roles apply prepares %s", m, added, sqlstore.DaprMetadata)
	}
}

func TestAnyNamesLeavesEverythingElse(t *testing.T) {
	t.Parallel()
	r, err := RenderDapr(t.TempDir(), Addresses{Brokers: []string{"a:1"}, DatabaseURL: "postgres://x", AnyNames: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range deployed(t) {
		if name == "secretstore" {
			continue
		}
		file := map[string]string{"reminder-check-cron": "cron-binding"}[name]
		if file == "" {
			file = name
		}
		got := read[component](t, filepath.Join(r.Resources, file+".yaml"))
		if single := len(want.Scopes) == 1; single != (len(got.Scopes) == 1) {
			t.Errorf("%s: scopes %v became %v", name, want.Scopes, got.Scopes)
		}
		left, all := values(got), values(want)
		for _, key := range topicKeys {
			delete(all, key)
		}
		if name != "statestore" && name != "reminder-check-cron" {
			all["brokers"] = "a:1"
		}
		if !maps.Equal(left, all) {
			t.Errorf("%s: %v, want %v", name, left, all)
		}
	}
}
