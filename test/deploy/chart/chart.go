// Package chart does what Helm and Dapr's injector do between the files of deploy/helm and the pods of a cluster.
package chart

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/dapr/dapr/pkg/injector/patcher"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	"helm.sh/helm/v4/pkg/strvals"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// Namespace is where everything is rendered for.
const Namespace = "todo"

// Render does what helm template does: values files, then --set, then the schema, then the templates. NOTES are the key "NOTES".
func Render(folder string, files []string, sets ...string) (map[string]string, error) {
	c, err := loader.LoadDir(folder)
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		var v map[string]any
		if err := yaml.UnmarshalStrict(b, &v); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		values = loader.MergeMaps(values, v)
	}
	for _, s := range sets {
		if err := strvals.ParseInto(s, values); err != nil {
			return nil, fmt.Errorf("--set %s: %w", s, err)
		}
	}
	if err := chartutil.ProcessDependencies(c, values); err != nil {
		return nil, err
	}
	v, err := util.ToRenderValues(c, values, common.ReleaseOptions{Name: "release", Namespace: Namespace, IsInstall: true, Revision: 1}, nil)
	if err != nil {
		return nil, err
	}
	out, err := (engine.Engine{Strict: true}).RenderWithContext(context.Background(), c, v)
	if err != nil {
		return nil, err
	}
	rendered := map[string]string{}
	for name, text := range out {
		switch {
		case strings.HasSuffix(name, "NOTES.txt"):
			rendered["NOTES"] += text
		case strings.HasSuffix(name, ".tpl") || strings.TrimSpace(text) == "":
		default:
			rendered[name] = text
		}
	}
	return rendered, nil
}

// Inject does what Dapr's admission webhook does, as Dapr's chart installs it with sidecarDropALLCapabilities=true.
func Inject(template core.PodTemplateSpec) (*core.Pod, error) {
	pod := &core.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	c := patcher.NewSidecarConfig(pod)
	c.SetFromPodAnnotations()
	c.Namespace, c.MTLSEnabled = Namespace, true
	c.RunAsNonRoot, c.ReadOnlyRootFilesystem, c.SidecarDropALLCapabilities = true, true, true
	c.SidecarImage, c.ImagePullPolicy = "daprd:1.18.1", core.PullIfNotPresent
	if !c.NeedsPatching() {
		return pod, nil
	}
	patch, err := c.GetPatch()
	if err != nil {
		return nil, err
	}
	before, err := json.Marshal(pod)
	if err != nil {
		return nil, err
	}
	after, err := patch.Apply(before)
	if err != nil {
		return nil, err
	}
	out := &core.Pod{}
	return out, json.Unmarshal(after, out)
}
