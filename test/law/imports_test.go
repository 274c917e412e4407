// Package law checks the import law of the hexagon with the go command's own
// view of the imports:
//
//	core/domain, core/recurrence ← ports ← core/* ← adapters ← apps
package law

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/tasktide/tasktide/"

type pkg struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// packages lists every package of the module with its direct imports, those of
// tests left out: a test may use any adapter.
func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Standard", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// ours are the folders of this module that packages in a folder may import.
var ours = []struct {
	folder string
	may    []string
}{
	{"core/domain", nil},
	{"core/recurrence", []string{"core/domain"}},
	{"ports", []string{"core/domain"}},
	{"core/", []string{"core/", "ports"}},
	{"adapters/", []string{"core/", "ports", "migrations", "docs"}}, // and itself; see TestNoAdapterImportsAnother
	{"migrations", nil},
	{"docs", nil},
	{"apps/", []string{"core/", "ports", "adapters/", "apps/", "migrations"}},
	{"test/", []string{""}},
	{"bench", []string{""}},
}

// foreign are the libraries that only some folders may import.
var foreign = []struct {
	library string
	only    []string
}{
	{"go.uber.org/fx", []string{"apps/"}},
	{"github.com/uptrace/bun", []string{"adapters/sqlstore", "migrations"}},
	{"github.com/IBM/sarama", []string{"adapters/kafka", "test/", "bench"}},
	{"github.com/dapr/", []string{"adapters/dapr", "test/", "bench"}},
	{"google.golang.org/grpc", []string{"adapters/dapr", "test/", "bench"}},
	{"github.com/gofiber/", []string{
		"adapters/rest", "adapters/live", "adapters/identity", "apps/frontend", "apps/internal/boot", "test/", "bench",
	}},
	{"github.com/gobwas/", []string{"adapters/live"}},
	{"github.com/fasthttp/websocket", []string{"test/", "bench"}},
	{"go.opentelemetry.io/", []string{"adapters/telemetry", "test/"}},
	{"github.com/XSAM/otelsql", []string{"adapters/telemetry"}},
	{"testing", []string{"test/"}},
}

func TestTheHexagonPointsInwards(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, i := range p.Imports {
			to, inside := strings.CutPrefix(i, module)
			if inside && !allowed(from, to) {
				t.Errorf("%s must not import %s", from, to)
			}
			if !inside {
				checkForeign(t, from, i)
			}
		}
	}
}

func allowed(from, to string) bool {
	for _, rule := range ours {
		if !strings.HasPrefix(from+"/", rule.folder) && from != rule.folder {
			continue
		}
		if strings.HasPrefix(from, "adapters/") && sameAdapter(from, to) {
			return true
		}
		for _, m := range rule.may {
			if strings.HasPrefix(to, m) {
				return true
			}
		}
		return false
	}
	return false
}

func checkForeign(t *testing.T, from, library string) {
	t.Helper()
	for _, rule := range foreign {
		if library != rule.library && !strings.HasPrefix(library, strings.TrimSuffix(rule.library, "/")+"/") {
			continue
		}
		ok := false
		for _, f := range rule.only {
			ok = ok || strings.HasPrefix(from, f)
		}
		if !ok {
			t.Errorf("%s must not import %s; only %s may", from, library, strings.Join(rule.only, ", "))
		}
	}
}

func sameAdapter(from, to string) bool {
	name := func(p string) string { return strings.Join(strings.SplitN(p+"//", "/", 3)[:2], "/") }
	return name(from) == name(to)
}

// TestTheCoreDoesNoIO keeps the pure part pure: what it needs from outside it
// asks a port for, the time included.
func TestTheCoreDoesNoIO(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		if !strings.HasPrefix(from, "core/") && from != "ports" {
			continue
		}
		for _, i := range p.Imports {
			switch i {
			case "os", "net", "net/http", "database/sql", "io/fs", "os/exec", "os/signal", "syscall":
				t.Errorf("%s imports %s", from, i)
			}
		}
	}
	out, err := exec.CommandContext(t.Context(), "git", "-C", "../..", "grep", "-nE", `time\.(Now|Sleep|After|Tick|NewTimer)\(`, "--", "core", ":!*_test.go").CombinedOutput()
	if err == nil {
		t.Errorf("the core reads the clock by itself; use ports.Clock:\n%s", out)
	}
}

func TestEnvironmentVariablesAreReadInOnePlace(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "-C", "../..", "grep", "-nE", `os\.(Getenv|LookupEnv|Environ)\(`, "--", "*.go", ":!apps/internal/boot", ":!test", ":!bench", ":!*_test.go").CombinedOutput()
	if err == nil {
		t.Errorf("configuration belongs to apps/internal/boot:\n%s", out)
	}
}

func TestTheLawCatchesABreach(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"core/domain", "ports", false},
		{"ports", "core/delivery", false},
		{"core/delivery", "adapters/memory", false},
		{"adapters/kafka", "adapters/memory", false},
		{"adapters/kafka", "core/domain", true},
		{"adapters/rest/docs", "adapters/rest", true},
		{"apps/backend-api", "test/cluster", false},
		{"test/e2e", "test/cluster", true},
	} {
		if got := allowed(c.from, c.to); got != c.ok {
			t.Errorf("%s → %s: allowed = %v", c.from, c.to, got)
		}
	}
}
