// Command deployments prints the Deployments that helm install of the whole chart makes, with what Dapr's injector makes of their
// pods, and its Job, as JSON. Its arguments are those of --set.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/tasktide/tasktide/test/deploy/chart"
)

// whole is the chart of everything, from the folder of this module.
const whole = "../../deploy/helm/tasktide"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(sets []string) error {
	rendered, err := chart.Render(whole, nil, sets...)
	if err != nil {
		return err
	}
	var all struct {
		Deployments []*apps.Deployment `json:"deployments"`
		Jobs        []*batch.Job       `json:"jobs"`
	}
	for file, text := range rendered {
		switch {
		case strings.HasSuffix(file, "/deployment.yaml"):
			d, err := deployment(text)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			all.Deployments = append(all.Deployments, d)
		case strings.HasSuffix(file, "/setup.yaml"):
			for _, document := range strings.Split(text, "\n---\n") {
				j := &batch.Job{}
				if err := yaml.Unmarshal([]byte(document), j); err != nil {
					return fmt.Errorf("%s: %w", file, err)
				}
				if j.Kind == "Job" {
					all.Jobs = append(all.Jobs, j)
				}
			}
		}
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}

func deployment(text string) (*apps.Deployment, error) {
	d := &apps.Deployment{TypeMeta: meta.TypeMeta{}}
	if err := yaml.UnmarshalStrict([]byte(text), d); err != nil {
		return nil, err
	}
	pod, err := chart.Inject(d.Spec.Template)
	if err != nil {
		return nil, err
	}
	d.Spec.Template.ObjectMeta, d.Spec.Template.Spec = pod.ObjectMeta, pod.Spec
	return d, nil
}
