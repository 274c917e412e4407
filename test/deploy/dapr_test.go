package deploy

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	components "github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	configuration "github.com/dapr/dapr/pkg/apis/configuration/v1alpha1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kustomize does what kubectl apply -k would send.
func kustomize(t *testing.T, folder string) []meta.Object {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	all, err := decode(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// metadata is a component's, secrets as "secret/key".
func metadata(c *components.Component) map[string]string {
	out := map[string]string{}
	for _, m := range c.Spec.Metadata {
		value := m.Value.String()
		if m.SecretKeyRef.Name != "" {
			value = m.SecretKeyRef.Name + "/" + m.SecretKeyRef.Key
		}
		out[m.Name] = value
	}
	return out
}

func TestEveryComponentIsApplied(t *testing.T) {
	t.Parallel()
	for folder, namespace := range map[string]string{"deploy/dapr": "default", "deploy/dapr-production": "default", "deploy/dapr-roles": "default", "deploy/kind": "todo"} {
		all := kustomize(t, filepath.Join(root, folder))
		var names []string
		for _, o := range all {
			names = append(names, o.GetName())
			if o.GetNamespace() != namespace {
				t.Errorf("%s: %s is in %s", folder, o.GetName(), o.GetNamespace())
			}
		}
		if slices.Sort(names); !slices.Equal(names, []string{"appconfig", "pubsub", "pubsub-broadcast", "reminder-check-cron", "secretstore", "statestore"}) {
			t.Errorf("%s applies %v", folder, names)
		}
		config := one[*configuration.Configuration](t, all, "appconfig")
		if a := config.Spec.AccessControlSpec; a.DefaultAction != "deny" || len(a.AppPolicies) != 0 {
			t.Errorf("%s: access control %+v", folder, a)
		}
		if f := config.Spec.Features; len(f) != 1 || f[0].Name != "HotReload" || f[0].Enabled == nil || *f[0].Enabled {
			t.Errorf("%s: a sidecar that runs reads components anew: %+v", folder, f)
		}
		if s := config.Spec.Secrets; s == nil || len(s.Scopes) != 1 || s.Scopes[0].StoreName != "secretstore" || s.Scopes[0].DefaultAccess != "deny" || len(s.Scopes[0].AllowedSecrets) != 0 {
			t.Errorf("%s: an application reads secrets through its sidecar: %+v", folder, s)
		}
	}
	files, err := filepath.Glob(root + "/deploy/dapr/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	applied, err := os.ReadFile(root + "/deploy/dapr/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimPrefix(filepath.ToSlash(f), root+"/deploy/dapr/")
		if !strings.Contains(string(applied), "- "+name+"\n") {
			t.Errorf("kubectl apply -k leaves out %s", name)
		}
	}
}

// TestProductionDiffersInHowTheBrokerIsReached and in nothing else.
func TestProductionDiffersInHowTheBrokerIsReached(t *testing.T) {
	t.Parallel()
	plain, production := kustomize(t, root+"/deploy/dapr"), kustomize(t, root+"/deploy/dapr-production")
	for _, name := range []string{"pubsub", "pubsub-broadcast", "statestore", "secretstore", "reminder-check-cron"} {
		want, got := metadata(one[*components.Component](t, plain, name)), metadata(one[*components.Component](t, production, name))
		if strings.HasPrefix(name, "pubsub") {
			for key, value := range map[string]string{
				"brokers": "broker.example.org:9093", "authType": "password", "disableTls": "false", "saslMechanism": "SHA-512",
				"saslUsername": "app-secrets/KAFKA_SASL_USER", "saslPassword": "app-secrets/KAFKA_SASL_PASSWORD",
			} {
				want[key] = value
			}
		}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s: %s is %q, want %q", name, key, got[key], value)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestOwnRolesDifferInTheStateStore and in nothing else.
func TestOwnRolesDifferInTheStateStore(t *testing.T) {
	t.Parallel()
	plain, roles := kustomize(t, root+"/deploy/dapr"), kustomize(t, root+"/deploy/dapr-roles")
	for _, name := range []string{"pubsub", "pubsub-broadcast", "statestore", "secretstore", "reminder-check-cron"} {
		want, got := metadata(one[*components.Component](t, plain, name)), metadata(one[*components.Component](t, roles, name))
		if name == "statestore" {
			want["connectionString"], want["metadataTableName"] = "app-secrets/DATABASE_URL_STATE_STORE", "tasktide_dapr.dapr_metadata"
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
