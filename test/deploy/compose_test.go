package deploy

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	components "github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	"sigs.k8s.io/yaml"
)

func project(t *testing.T) *types.Project {
	t.Helper()
	o, err := cli.NewProjectOptions([]string{root + "/deploy/compose/compose.yaml"}, cli.WithResolvedPaths(true), cli.WithInterpolation(true))
	if err != nil {
		t.Fatal(err)
	}
	p, err := o.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTheComposeFile is read by the library of docker compose itself.
func TestTheComposeFile(t *testing.T) {
	t.Parallel()
	p := project(t)
	five := map[string]string{"backend-api": "8000", "websocket-service": "8001", "notification-service": "8002", "audit-service": "8003", "recurring-service": "8004"}
	var commands []string
	for name := range five {
		app, sidecar := p.Services[name], p.Services[name+"-dapr"]
		if app.Build == nil || *app.Build.Args["APP"] != name || app.Image != "tasktide-"+name {
			t.Errorf("%s is built as %+v, image %s", name, app.Build, app.Image)
		}
		if sidecar.NetworkMode != "service:"+name || sidecar.Image != "daprio/daprd:1.18.1" {
			t.Errorf("the sidecar of %s: %s %s", name, sidecar.NetworkMode, sidecar.Image)
		}
		if d := sidecar.DependsOn[name]; !d.Restart {
			t.Errorf("the sidecar of %s keeps a network that is gone when that is started again", name)
		}
		if *sidecar.Environment["APP_API_TOKEN"] != *app.Environment["APP_API_TOKEN"] || *sidecar.Environment["POD_NAME"] != name+"-0" {
			t.Errorf("%s and its sidecar: %v, %v", name, app.Environment, sidecar.Environment)
		}
		i := slices.Index(sidecar.Command, "--app-id")
		if i < 0 || sidecar.Command[i+1] != name {
			t.Errorf("the sidecar of %s runs %v", name, sidecar.Command)
		}
		commands = append(commands, strings.Replace(fmt.Sprint(sidecar.Command), " "+name+" ", " ID ", 1))
		if d := app.DependsOn["topics"]; d.Condition != types.ServiceConditionCompletedSuccessfully {
			t.Errorf("%s does not wait for schema and topics: %+v", name, app.DependsOn)
		}
		if *app.Environment["TRANSPORT"] != "dapr" {
			t.Errorf("%s is on %s", name, *app.Environment["TRANSPORT"])
		}
	}
	if slices.Sort(commands); commands[0] != commands[len(commands)-1] {
		t.Errorf("sidecars differ in more than their names:\n%s", strings.Join(commands, "\n"))
	}
	for _, name := range []string{"postgres", "redpanda", "migrate", "topics", "frontend", "prometheus", "grafana", "jaeger"} {
		if _, ok := p.Services[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	for name, s := range p.Services {
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s is open to the network on %s", name, port.Published)
			}
		}
		if s.Image == "" || strings.HasSuffix(s.Image, ":latest") || s.Build == nil && !strings.Contains(s.Image, ":") && s.Image != "tasktide" {
			t.Errorf("%s: the image is %q", name, s.Image)
		}
		ours := s.Build != nil || strings.HasSuffix(name, "-dapr")
		if ours && name != "migrate" && (!s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"})) {
			t.Errorf("%s: read-only %v, without %v", name, s.ReadOnly, s.CapDrop)
		}
	}
}

// TestEveryServiceIsScraped on its port, and each sidecar, in the job that alerts and dashboard go by.
func TestEveryServiceIsScraped(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(root + "/deploy/compose/prometheus/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		ScrapeConfigs []struct {
			JobName       string                       `json:"job_name"`
			StaticConfigs []struct{ Targets []string } `json:"static_configs"`
		} `json:"scrape_configs"`
	}
	if err := yaml.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"tasktide": {"backend-api:8000", "websocket-service:8001", "notification-service:8002", "audit-service:8003", "recurring-service:8004", "frontend:3000"},
		"daprd":    {"backend-api:9090", "websocket-service:9090", "notification-service:9090", "audit-service:9090", "recurring-service:9090"},
	}
	for _, s := range c.ScrapeConfigs {
		if !slices.Equal(s.StaticConfigs[0].Targets, want[s.JobName]) {
			t.Errorf("%s scrapes %v", s.JobName, s.StaticConfigs)
		}
		delete(want, s.JobName)
	}
	if len(want) != 0 {
		t.Errorf("nothing scrapes %v", want)
	}
}

// TestWhatComposeMountsIsThere, and that the broker and the secret are what the components say.
func TestWhatComposeMountsIsThere(t *testing.T) {
	t.Parallel()
	p := project(t)
	later := filepath.Join("deploy", "observability")
	for name, s := range p.Services {
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(v.Source); err != nil && !strings.HasSuffix(v.Source, later) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for name, s := range p.Secrets {
		if _, err := os.Stat(s.File); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	broker := p.Services["redpanda"].Networks["default"].Aliases
	for _, file := range []string{"components/pubsub.yaml", "components/pubsub-broadcast.yaml"} {
		c := component(t, root+"/deploy/dapr/"+file)
		for _, m := range c.Spec.Metadata {
			host, _, _ := strings.Cut(m.Value.String(), ":")
			if m.Name == "brokers" && !slices.Contains(broker, host) {
				t.Errorf("%s looks for the broker at %s, which answers to %v", file, m.Value.String(), broker)
			}
		}
	}
	local, deployed := component(t, root+"/deploy/compose/dapr/secrets.yaml"), component(t, root+"/deploy/dapr/components/secrets.yaml")
	if local.Name != deployed.Name || !slices.Equal(local.Scopes, deployed.Scopes) {
		t.Errorf("the secret store is %s for %v, deployed is %s for %v", local.Name, local.Scopes, deployed.Name, deployed.Scopes)
	}
}

func component(t *testing.T, file string) *components.Component {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all, err := decode(string(b))
	if err != nil || len(all) != 1 {
		t.Fatalf("%s: %v", file, err)
	}
	return of[*components.Component](all)[0]
}
