package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tasktide/tasktide/test/cluster"
)

// families are the metrics that are served, each with the names of its labels.
type families map[string]map[string]bool

var (
	familyLine = regexp.MustCompile(`^# TYPE (\S+) (\S+)$`)
	seriesLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? `)
	labelName  = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)="(?:[^"\\]|\\.)*"`)
	metricName = regexp.MustCompile(`\b(?:tasktide|http_request|process|go)_[a-z0-9_]+\b`)
)

// scrape reads the metrics of every process.
func scrape(t *testing.T, s *system) families {
	t.Helper()
	out := families{}
	for _, address := range s.all {
		answer, err := http.Get(address + "/metrics")
		must(t, err)
		body, err := io.ReadAll(answer.Body)
		must(t, errors.Join(err, answer.Body.Close()))
		family := ""
		for line := range strings.Lines(string(body)) {
			if m := familyLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				family = m[1]
				if out[family] == nil {
					out[family] = map[string]bool{}
				}
			} else if m := seriesLine.FindStringSubmatch(line); m != nil {
				for _, label := range labelName.FindAllStringSubmatch(m[2], -1) {
					out[family][label[1]] = true
				}
			}
		}
	}
	return out
}

// of is the family of a series' name.
func (f families) of(name string) (string, bool) {
	for _, end := range []string{"", "_bucket", "_sum", "_count"} {
		family, cut := strings.CutSuffix(name, end)
		if _, served := f[family]; cut && served {
			return family, true
		}
	}
	return name, false
}

// measured compares what is served after some traffic with the names in alerts, dashboard, their tests and the docs. Figures
// that are read in the background may take a moment.
func measured(t *testing.T, s *system) {
	t.Helper()
	files := observability(t)
	documented := documentedMetrics(t)
	if s.transport == "memory" { // one process has no gateway
		gateways := func(name string) bool { return strings.HasPrefix(name, "tasktide_gateway_") }
		maps.DeleteFunc(files.used, func(name string, _ bool) bool { return gateways(name) })
		maps.DeleteFunc(files.series, func(name string, _ []string) bool { return gateways(name) })
		maps.DeleteFunc(documented, func(name string, _ []string) bool { return gateways(name) })
	}
	var served families
	eventually(t, 60*time.Second, func() error {
		served = scrape(t, s)
		var missing []string
		for name := range maps.Keys(files.used) {
			if _, ok := served.of(name); !ok {
				missing = append(missing, name)
			}
		}
		if len(missing) > 0 {
			return fmt.Errorf("alerts or dashboard ask for what nobody serves: %v", slices.Sorted(slices.Values(missing)))
		}
		return nil
	})
	for series, labels := range files.series {
		family, ok := served.of(series)
		if !ok && series != "up" {
			t.Errorf("the alerts are tested with %s, which nobody serves", series)
		}
		for _, l := range labels {
			if !slices.Contains([]string{"job", "instance", "le"}, l) && !served[family][l] {
				t.Errorf("the alerts are tested with %s by %s, which it does not have", series, l)
			}
		}
	}
	for family := range served {
		if _, ok := documented[family]; !ok && (strings.HasPrefix(family, "tasktide_") || strings.HasPrefix(family, "http_")) {
			t.Errorf("%s is served and not in docs/operate.md", family)
		}
	}
	for family, labels := range documented {
		if _, ok := served[family]; !ok {
			t.Errorf("%s is in docs/operate.md and not served", family)
		}
		for _, l := range labels {
			if !served[family][l] {
				t.Errorf("%s has no label %s, as docs/operate.md says", family, l)
			}
		}
	}
}

// watching is what deploy/observability has.
type watching struct {
	used   map[string]bool     // names of series in the alerts and the dashboard
	series map[string][]string // those that the alerts are tested with, with their labels
	alerts []string
}

func observability(t *testing.T) watching {
	t.Helper()
	out := watching{used: map[string]bool{}, series: map[string][]string{}}
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	must(t, yaml.Unmarshal(repository(t, "deploy/observability/alerts.yaml"), &rules))
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			out.alerts = append(out.alerts, r.Alert)
			out.uses(r.Expr)
		}
	}
	var board struct {
		Panels []struct {
			Targets []struct{ Expr string }
		}
	}
	must(t, json.Unmarshal(repository(t, "deploy/observability/dashboard.json"), &board))
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			out.uses(target.Expr)
		}
	}
	var unit struct {
		Tests []struct {
			Series []struct{ Series string } `yaml:"input_series"`
		}
	}
	must(t, yaml.Unmarshal(repository(t, "deploy/observability/alerts_test.yaml"), &unit))
	for _, one := range unit.Tests {
		for _, series := range one.Series {
			m := seriesLine.FindStringSubmatch(series.Series + " ")
			for _, label := range labelName.FindAllStringSubmatch(m[2], -1) {
				out.series[m[1]] = append(out.series[m[1]], label[1])
			}
		}
	}
	if len(out.used) < 20 || len(out.series) < 15 || len(out.alerts) < 10 {
		t.Fatalf("the files were not understood: %+v", out)
	}
	return out
}

func (w *watching) uses(query string) {
	for _, name := range metricName.FindAllString(query, -1) {
		w.used[name] = true
	}
}

var documentedRow = regexp.MustCompile("(?m)^\\| `((?:tasktide|http)_[a-z_]+)(?:\\{([a-z,]+)\\})?` \\|")

// documentedMetrics are the rows of the table in docs/operate.md.
func documentedMetrics(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, m := range documentedRow.FindAllStringSubmatch(string(repository(t, "docs/operate.md")), -1) {
		out[m[1]] = nil
		if m[2] != "" {
			out[m[1]] = strings.Split(m[2], ",")
		}
	}
	return out
}

func TestEveryAlertIsDocumentedWithWhatToDo(t *testing.T) {
	t.Parallel()
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(Tasktide[A-Za-z]+)` \\| [^|]{20,} \\| [^|]{20,} \\|$").FindAllStringSubmatch(string(repository(t, "docs/operate.md")), -1) {
		documented = append(documented, m[1])
	}
	alerts := observability(t).alerts
	slices.Sort(alerts)
	slices.Sort(documented)
	if !slices.Equal(alerts, documented) {
		t.Errorf("documented are\n%v\nthere are\n%v", documented, alerts)
	}
}

// TestEveryPartOfTheCollectorsPipelinesIsThere is what can be seen of that file without a collector.
func TestEveryPartOfTheCollectorsPipelinesIsThere(t *testing.T) {
	t.Parallel()
	var c struct {
		Receivers, Processors, Exporters map[string]any
		Service                          struct {
			Pipelines map[string]struct{ Receivers, Processors, Exporters []string }
		}
	}
	must(t, yaml.Unmarshal(repository(t, "deploy/observability/collector.yaml"), &c))
	if len(c.Service.Pipelines) == 0 {
		t.Error("nothing goes anywhere")
	}
	for name, p := range c.Service.Pipelines {
		for _, part := range []struct {
			have map[string]any
			want []string
		}{{c.Receivers, p.Receivers}, {c.Processors, p.Processors}, {c.Exporters, p.Exporters}} {
			for _, w := range part.want {
				if _, ok := part.have[w]; !ok {
					t.Errorf("%s has %s, which is not configured", name, w)
				}
			}
		}
	}
}

// repository reads a file of this repository.
func repository(t *testing.T, path string) []byte {
	t.Helper()
	root, err := cluster.Root()
	must(t, err)
	b, err := os.ReadFile(filepath.Join(root, path))
	must(t, err)
	return b
}
