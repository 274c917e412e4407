package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestActionsArePinned by their whole version; actionlint looks at everything else (make lint).
func TestActionsArePinned(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(root + "/.github/workflows/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d workflows, %v", len(files), err)
	}
	whole := regexp.MustCompile(`^[\w.-]+/[\w./-]+@(v\d+\.\d+\.\d+|[0-9a-f]{40})$`)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if _, action, ok := strings.Cut(strings.TrimSpace(line), "uses: "); ok && !whole.MatchString(strings.Split(action, " ")[0]) {
				t.Errorf("%s: %s", filepath.Base(f), action)
			}
		}
		if !strings.Contains(string(b), "permissions:\n  contents: read\n") {
			t.Errorf("%s: a workflow may do nothing but read unless it says what", filepath.Base(f))
		}
	}
}

// TestTheTrialsStoresAreTaken by the API, too.
func TestTheTrialsStoresAreTaken(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(root + "/deploy/kind/stores.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if all, err := decode(string(b)); err != nil || len(all) != 4 {
		t.Errorf("%d objects: %v", len(all), err)
	}
}
