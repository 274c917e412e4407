// Command deployments prints the Deployments that helm install of the whole chart makes, with what Dapr's injector makes of their
// pods, as a JSON array. Its arguments are those of --set.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	apps "k8s.io/api/apps/v1"
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
	var all []*apps.Deployment
	for file, text := range rendered {
		if !strings.HasSuffix(file, "/deployment.yaml") {
			continue
		}
		d := &apps.Deployment{TypeMeta: meta.TypeMeta{}}
		if err := yaml.UnmarshalStrict([]byte(text), d); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		pod, err := chart.Inject(d.Spec.Template)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		d.Spec.Template.ObjectMeta, d.Spec.Template.Spec = pod.ObjectMeta, pod.Spec
		all = append(all, d)
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}
