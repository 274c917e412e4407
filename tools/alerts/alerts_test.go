// Package alerts checks deploy/observability with Prometheus' own packages: the rules, the
// queries of the dashboard, the scrape configuration, and what the alerts say to made-up
// series. It is a module of its own: what Prometheus requires must not weigh on ours.
package alerts

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	"go.yaml.in/yaml/v2"
)

const folder = "../../deploy/observability"

func rules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile(filepath.Join(folder, "alerts.yaml"), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if t.Failed() {
		t.FailNow()
	}
	var all []rulefmt.Rule
	for _, g := range groups.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

func TestTheRulesAreRules(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range rules(t) {
		if seen[r.Alert] {
			t.Errorf("%s is there twice", r.Alert)
		}
		seen[r.Alert] = true
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) || r.Annotations["summary"] == "" {
			t.Errorf("%s has the severity %q and the summary %q", r.Alert, r.Labels["severity"], r.Annotations["summary"])
		}
	}
}

// scrape is as much of Prometheus' configuration as prometheus.yaml has. Prometheus' own
// reader of it brings the clients of three clouds along.
type scrape struct {
	Global struct {
		Scrape   model.Duration `yaml:"scrape_interval"`
		Evaluate model.Duration `yaml:"evaluation_interval"`
	} `yaml:"global"`
	Rules []string `yaml:"rule_files"`
	Jobs  []struct {
		Name    string `yaml:"job_name"`
		Targets []struct {
			Targets []string `yaml:"targets"`
		} `yaml:"static_configs"`
	} `yaml:"scrape_configs"`
}

func TestPrometheusScrapesTheJobThatTheAlertsGoBy(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join(folder, "prometheus.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var c scrape
	if err := yaml.UnmarshalStrict(b, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Jobs) != 1 || c.Jobs[0].Name != "tasktide" || !slices.Equal(c.Rules, []string{"alerts.yaml"}) {
		t.Errorf("%+v", c)
	}
}

func TestEveryQueryOfTheDashboardIsOne(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join(folder, "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Type, Title string
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &board); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range board.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("the panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			n++
			query := strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*").Replace(target.Expr)
			if _, err := parser.NewParser(parser.Options{}).ParseExpr(query); err != nil {
				t.Errorf("%q: %s: %v", p.Title, target.Expr, err)
			}
		}
	}
	if n == 0 {
		t.Error("there is no query")
	}
}

// unit is a file of promtool's form.
type unit struct {
	EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	RuleFiles          []string       `yaml:"rule_files"`
	Tests              []scenario     `yaml:"tests"`
}

type scenario struct {
	Name     string         `yaml:"name"`
	Interval model.Duration `yaml:"interval"`
	Series   []struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	} `yaml:"input_series"`
	Alerts []expected `yaml:"alert_rule_test"`
}

// expected is which alerts of a name fire at a time.
type expected struct {
	At     model.Duration `yaml:"eval_time"`
	Name   string         `yaml:"alertname"`
	Expect []struct {
		Labels map[string]string `yaml:"exp_labels"`
	} `yaml:"exp_alerts"`
}

func TestTheAlertsSayWhatTheyShould(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join(folder, "alerts_test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file unit
	if err := yaml.UnmarshalStrict(b, &file); err != nil {
		t.Fatal(err)
	}
	all, fired := rules(t), map[string]bool{}
	for _, s := range file.Tests {
		t.Run(s.Name, func(t *testing.T) {
			var load strings.Builder
			fmt.Fprintf(&load, "load %s\n", s.Interval)
			for _, series := range s.Series {
				fmt.Fprintf(&load, "  %s %s\n", series.Series, series.Values)
			}
			store := promqltest.LoadedStorage(t, load.String())
			defer store.Close()
			e := evaluator{t: t, store: store, engine: promqltest.NewTestEngine(t, false, 0, 1_000_000), step: time.Duration(file.EvaluationInterval)}
			for _, a := range s.Alerts {
				i := slices.IndexFunc(all, func(r rulefmt.Rule) bool { return r.Alert == a.Name })
				if i < 0 {
					t.Fatalf("there is no alert %q", a.Name)
				}
				var want []string
				for _, x := range a.Expect {
					want = append(want, labels.FromMap(x.Labels).String())
					fired[a.Name] = true
				}
				slices.Sort(want)
				if got := e.firing(all[i], time.Duration(a.At)); !slices.Equal(got, want) {
					t.Errorf("%s after %s: %v, want %v", a.Name, a.At, got, want)
				}
			}
		})
	}
	quiet := file.Tests[0]
	for _, r := range all {
		if !fired[r.Alert] {
			t.Errorf("no scenario makes %s fire", r.Alert)
		}
		if !slices.ContainsFunc(quiet.Alerts, func(a expected) bool { return a.Name == r.Alert }) {
			t.Errorf("nobody looks whether %s keeps quiet", r.Alert)
		}
	}
}

// evaluator evaluates as a Prometheus does that looks every step.
type evaluator struct {
	t      *testing.T
	store  storage.Queryable
	engine *promql.Engine
	step   time.Duration
}

// firing are the labels of what fires at a time: what the rule has found at every look for as long as it waits.
func (e evaluator) firing(r rulefmt.Rule, at time.Duration) []string {
	e.t.Helper()
	held := e.found(r, at)
	for since := e.step; since <= time.Duration(r.For); since += e.step {
		before := e.found(r, at-since)
		held = slices.DeleteFunc(held, func(l string) bool { return !slices.Contains(before, l) })
	}
	slices.Sort(held)
	return held
}

func (e evaluator) found(r rulefmt.Rule, at time.Duration) (out []string) {
	e.t.Helper()
	if at < 0 {
		return nil
	}
	q, err := e.engine.NewInstantQuery(e.t.Context(), e.store, nil, r.Expr, time.Unix(0, 0).UTC().Add(at))
	if err != nil {
		e.t.Fatal(err)
	}
	defer q.Close()
	v, err := q.Exec(e.t.Context()).Vector()
	if err != nil {
		e.t.Fatalf("%s: %v", r.Alert, err)
	}
	for _, sample := range v {
		l := labels.NewBuilder(sample.Metric).Del(labels.MetricName)
		for name, value := range r.Labels {
			l.Set(name, value)
		}
		out = append(out, l.Labels().String())
	}
	return out
}
