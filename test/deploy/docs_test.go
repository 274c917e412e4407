package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheDocumentedCommandsWork: what docs/deploy.md has people type is rendered, or is there to be applied.
func TestTheDocumentedCommandsWork(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(root + "/docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	installs := regexp.MustCompile(`(?m)^helm install (\S+) (\S+)(.*)$`).FindAllStringSubmatch(string(b), -1)
	if len(installs) != 2 {
		t.Errorf("%d commands install something", len(installs))
	}
	for _, m := range installs {
		var files, sets []string
		args := strings.Fields(strings.NewReplacer("REGISTRY", "registry.example.org", "'", "").Replace(m[3]))
		for i := 0; i < len(args); i += 2 {
			switch args[i] {
			case "-f":
				files = append(files, filepath.Join(root, args[i+1]))
			case "--set":
				sets = append(sets, args[i+1])
			default:
				t.Fatalf("%s: %s is not understood here", m[0], args[i])
			}
		}
		if _, err := render(filepath.Join(root, m[2]), files, sets...); err != nil {
			t.Errorf("%s: %v", m[0], err)
		}
	}
	for _, m := range regexp.MustCompile(`kubectl apply -k (\S+)`).FindAllStringSubmatch(string(b), -1) {
		if len(kustomize(t, filepath.Join(root, m[1]))) != 6 {
			t.Errorf("%s applies something else", m[0])
		}
	}
	for _, m := range regexp.MustCompile(`deploy/[\w./-]+|\.github/workflows/[\w.]+`).FindAllString(string(b), -1) {
		if _, err := os.Stat(filepath.Join(root, strings.TrimRight(m, "."))); err != nil {
			t.Error(err)
		}
	}
	brokers := regexp.MustCompile(`(?m)^--set 'global\.kafka(.*\n)--set(.*)$`).FindString(string(b))
	sets := strings.Fields(strings.NewReplacer("'", "", `\`, "", "--set", "").Replace(brokers))
	if len(sets) != 5 {
		t.Errorf("brokers with TLS are set by %q", sets)
	}
	must(t, umbrella, nil, sets...)
}
