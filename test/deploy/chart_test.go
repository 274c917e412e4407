package deploy

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tasktide/tasktide/test/deploy/chart"
)

const (
	root      = "../.."
	service   = root + "/deploy/helm/service"
	umbrella  = root + "/deploy/helm/tasktide"
	namespace = chart.Namespace
)

// needed are the values that have no default that would be right.
var needed = map[string][]string{
	service:  {"kafka.brokers={redpanda:9093}"},
	umbrella: {"global.settings.PUBLIC_URL=https://tasks.example.org"},
}

func render(folder string, files []string, sets ...string) (map[string]string, error) {
	return chart.Render(folder, files, sets...)
}

// must render.
func must(t *testing.T, chart string, files []string, sets ...string) map[string]string {
	t.Helper()
	out, err := render(chart, files, append(slices.Clone(needed[chart]), sets...)...)
	if err != nil {
		t.Fatalf("%s %v %v: %v", chart, files, sets, err)
	}
	return out
}

// services are those that have values beside the chart.
func services(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(service + "/values/*.yaml")
	if err != nil || len(files) != 6 {
		t.Fatalf("%d values files, want six: %v", len(files), err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".yaml")
	}
	return files
}

func valuesFile(name string) string { return service + "/values/" + name + ".yaml" }

// setsOf are what the values of one service need in addition.
func setsOf(name string) []string {
	if name == "backend-api" {
		return []string{"settings.PUBLIC_URL=https://tasks.example.org"}
	}
	return nil
}

// everything is on: each optional object is rendered.
var everything = []string{
	"autoscaling.enabled=true", "autoscaling.prometheus=http://prometheus.monitoring:9090", "serviceMonitor.enabled=true",
	"kafka.tls.enabled=true", "kafka.tls.secretName=kafka-tls", "kafka.tls.clientCertificate=true",
	"kafka.sasl.mechanism=SCRAM-SHA-512", "kafka.sasl.user=tasktide", "networkPolicy.sidecarToSidecar=true", "networkPolicy.issuerPorts={443}",
	"dapr.nativeSidecar=true", "dapr.apiTokenSecret=dapr-api-token",
}

func global(sets []string) []string {
	var out []string
	for _, s := range sets {
		out = append(out, "global."+s)
	}
	return out
}

// rendered are all the ways that the tests render the charts in.
var rendered = sync.OnceValues(func() (map[string]map[string]string, error) {
	out, errs := map[string]map[string]string{}, []error{}
	add := func(name, chart string, files []string, sets ...string) {
		r, err := render(chart, files, append(slices.Clone(needed[chart]), sets...)...)
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
		out[name], errs = r, append(errs, err)
	}
	add("tasktide on dapr", umbrella, nil)
	add("tasktide on kafka", umbrella, nil, "global.transport=kafka")
	add("tasktide on dapr with own roles", umbrella, nil, "global.secret.private=app-private")
	add("tasktide on kafka with own roles", umbrella, nil, "global.transport=kafka", "global.secret.private=app-private")
	add("tasktide on dapr, everything on", umbrella, nil, append(global(everything), "frontend.ingress.enabled=true", "frontend.ingress.host=tasks.example.org")...)
	files, _ := filepath.Glob(valuesFile("*"))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		for _, transport := range []string{"dapr", "kafka"} {
			sets := append(setsOf(name), "transport="+transport)
			add(name+" alone on "+transport, service, []string{file}, sets...)
			add(name+" alone on "+transport+", everything on", service, []string{file}, append(sets, everything...)...)
		}
	}
	return out, errors.Join(errs...)
})

func variants(t *testing.T) map[string]map[string]string {
	t.Helper()
	out, err := rendered()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTheWholeIsItsServices: each block of the big chart's values is the service's own file, so that a service is the same alone.
func TestTheWholeIsItsServices(t *testing.T) {
	t.Parallel()
	whole := must(t, umbrella, nil)
	for _, name := range services(t) {
		alone := must(t, service, []string{valuesFile(name)}, append(setsOf(name), "kafka.brokers={redpanda.default.svc.cluster.local:9093}", "settings.PUBLIC_URL=https://tasks.example.org")...)
		prefix := "tasktide/charts/" + name + "/templates/"
		found := map[string]string{}
		for file, text := range whole {
			if base, ok := strings.CutPrefix(file, prefix); ok {
				found["service/templates/"+base] = strings.ReplaceAll(text, "helm.sh/chart: "+name+"-", "helm.sh/chart: service-")
			}
		}
		delete(alone, "NOTES")
		if !maps.Equal(found, alone) {
			for file := range alone {
				if found[file] != alone[file] {
					t.Errorf("%s: %s in the whole is\n%s\nalone it is\n%s", name, file, found[file], alone[file])
				}
			}
		}
	}
}

func TestNotesSayWhatToDoNext(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"tasktide on dapr":                 {"sidecarDropALLCapabilities=true", "grep sign-up", "service frontend"},
		"audit-service alone on dapr":      {"sidecarDropALLCapabilities=true", "rollout status deployment/audit-service", "rollout restart"},
		"frontend alone on kafka":          {"get service frontend"},
		"backend-api alone on kafka":       {"grep sign-up"},
		"websocket-service alone on kafka": {"on kafka"},
	} {
		notes := variants(t)[name]["NOTES"]
		for _, w := range want {
			if !strings.Contains(notes, w) {
				t.Errorf("%s: %q is not in\n%s", name, w, notes)
			}
		}
	}
}

// TestNotesNameTheComponentsThatFit: with the others the state store would have the address of the tables' owner, or none.
func TestNotesNameTheComponentsThatFit(t *testing.T) {
	t.Parallel()
	applied := regexp.MustCompile(`kubectl apply -k (\S+)`)
	for _, c := range []struct {
		chart string
		files []string
		sets  []string
	}{
		{umbrella, nil, []string{"global.transport=dapr"}},
		{umbrella, nil, []string{"global.transport=dapr", "global.secret.private=app-private"}},
		{service, []string{valuesFile("audit-service")}, []string{"transport=dapr"}},
		{service, []string{valuesFile("audit-service")}, []string{"transport=dapr", "secret.private=app-private"}},
	} {
		want := "deploy/dapr"
		if len(c.sets) > 1 {
			want += "-roles"
		}
		var got []string
		for _, m := range applied.FindAllStringSubmatch(must(t, c.chart, c.files, c.sets...)["NOTES"], -1) {
			got = append(got, m[1])
		}
		if got = slices.Compact(got); !slices.Equal(got, []string{want}) {
			t.Errorf("%s %v: the notes apply %v, want %s", c.chart, c.sets, got, want)
		}
	}
}
