package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

// Addresses are the only things in which local Dapr files differ from the deployed ones.
type Addresses struct {
	Brokers     []string
	DatabaseURL string

	// OwnRole says that DatabaseURL is that of the state store's own role, as deploy/dapr-roles has it.
	OwnRole bool

	// KubeConfig is a file that leads to an API server, of which the deployed component reads the secrets; DatabaseURL is not needed then.
	KubeConfig string

	// AnyNames lets apps and topics of other names than the system's in, and lets them read secrets, for tests that make up their own.
	AnyNames bool
}

// RenderedDapr is what a sidecar is started with.
type RenderedDapr struct {
	Resources string // folder of components
	Config    string // file
}

// deployedBrokers is the address that deploy/dapr/ contains.
const deployedBrokers = `"redpanda.default.svc.cluster.local:9093"`

// RenderDapr copies the files of deploy/dapr into dir: brokers replaced, and instead of the Kubernetes secret store a
// file with the same secrets, under the same component name, unless there is an API server.
func RenderDapr(dir string, a Addresses) (RenderedDapr, error) {
	root, err := Root()
	if err != nil {
		return RenderedDapr{}, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return RenderedDapr{}, err
	}
	r := RenderedDapr{Resources: filepath.Join(dir, "resources"), Config: filepath.Join(dir, "appconfig.yaml")}
	if err := os.MkdirAll(r.Resources, 0o700); err != nil {
		return r, err
	}
	source := filepath.Join(root, "deploy", "dapr")
	for _, folder := range []string{"components", "bindings"} {
		files, err := filepath.Glob(filepath.Join(source, folder, "*.yaml"))
		if err != nil {
			return r, err
		}
		for _, f := range files {
			if err := renderComponent(f, r.Resources, a); err != nil {
				return r, fmt.Errorf("render %s: %w", f, err)
			}
		}
	}
	if a.KubeConfig == "" {
		if err := localSecrets(r.Resources, filepath.Join(dir, "secrets.json"), a); err != nil {
			return r, err
		}
	}
	config, err := os.ReadFile(filepath.Join(source, "config", "appconfig.yaml"))
	if err != nil {
		return r, err
	}
	if a.AnyNames { // and secrets are read through the sidecar
		kept, _, found := bytes.Cut(config, []byte("\n  # Secrets reach"))
		if !found {
			return r, errors.New("config/appconfig.yaml does not end with the scopes of secrets")
		}
		config = append(kept, '\n')
	}
	return r, os.WriteFile(r.Config, config, 0o600)
}

func renderComponent(file, into string, a Addresses) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text := string(b)
	if strings.Contains(text, "type: secretstores.kubernetes") {
		if a.KubeConfig == "" { // localSecrets replaces it
			return nil
		}
		const inside = "  metadata: []\n"
		if strings.Count(text, inside) != 1 {
			return errors.New("the component has metadata")
		}
		text = strings.Replace(text, inside, fmt.Sprintf("  metadata:\n    - name: kubeconfigPath\n      value: %q\n", a.KubeConfig), 1)
	}
	if strings.Contains(text, "type: pubsub.kafka") {
		if strings.Count(text, deployedBrokers) != 1 {
			return fmt.Errorf("the address %s is not there once", deployedBrokers)
		}
		text = strings.Replace(text, deployedBrokers, fmt.Sprintf("%q", strings.Join(a.Brokers, ",")), 1)
	}
	if strings.Contains(text, "type: state.postgresql") && a.OwnRole {
		if text, err = withOwnRole(text); err != nil {
			return err
		}
	}
	if a.AnyNames {
		text = withoutNames(text)
	}
	return os.WriteFile(filepath.Join(into, filepath.Base(file)), []byte(text), 0o600)
}

// stateStoreKey is the secret's key for the state store's own role.
const stateStoreKey = "DATABASE_URL_STATE_STORE"

// withOwnRole is what the patch in deploy/dapr-roles does; a test compares.
func withOwnRole(text string) (string, error) {
	const key, table = "        key: DATABASE_URL\n", "    - name: tableName\n"
	if strings.Count(text, key) != 1 || strings.Count(text, table) != 1 {
		return "", errors.New("the component is not what deploy/dapr-roles was written for")
	}
	text = strings.Replace(text, key, "        key: "+stateStoreKey+"\n", 1)
	return strings.Replace(text, table, "    - name: metadataTableName\n      value: \""+sqlstore.DaprMetadata+"\"\n"+table, 1), nil
}

// topicKeys are the metadata that say who may publish and subscribe what.
var topicKeys = []string{"allowedTopics", "protectedTopics", "publishingScopes", "subscriptionScopes"}

// withoutNames removes from a component what names topics, and the scopes of the components that several services share.
func withoutNames(text string) string {
	if rest, scopes, found := strings.Cut(text, "\nscopes:\n"); found && strings.Count(scopes, "  - ") > 1 {
		text = rest + "\n"
	}
	for _, key := range topicKeys {
		if before, after, found := strings.Cut(text, "    - name: "+key+"\n"); found {
			_, after, _ = strings.Cut(after, "\n") // its value
			text = before + after
		}
	}
	return text
}

// localSecrets replaces components/secrets.yaml.
func localSecrets(resources, file string, a Addresses) error {
	key := "DATABASE_URL"
	if a.OwnRole {
		key = stateStoreKey
	}
	secrets, err := json.Marshal(map[string]map[string]string{"app-secrets": {key: a.DatabaseURL}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, secrets, 0o600); err != nil {
		return err
	}
	scopes, err := secretScopes(a)
	if err != nil {
		return err
	}
	component := fmt.Sprintf(`apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: secretstore
  namespace: default
spec:
  type: secretstores.local.file
  version: v1
  metadata:
    - name: secretsFile
      value: %q
    - name: multiValued
      value: "true"
%s`, file, scopes)
	return os.WriteFile(filepath.Join(resources, "secrets.yaml"), []byte(component), 0o600)
}

// secretScopes are those of the component that is replaced.
func secretScopes(a Addresses) (string, error) {
	root, err := Root()
	if err != nil || a.AnyNames {
		return "", err
	}
	deployed, err := os.ReadFile(filepath.Join(root, "deploy", "dapr", "components", "secrets.yaml"))
	_, scopes, found := strings.Cut(string(deployed), "\nscopes:")
	if err == nil && !found {
		err = fmt.Errorf("components/secrets.yaml has no scopes")
	}
	return "scopes:" + scopes, err
}
