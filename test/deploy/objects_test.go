package deploy

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	components "github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	configuration "github.com/dapr/dapr/pkg/apis/configuration/v1alpha1"
	keda "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// kinds are all that may be rendered.
var kinds = map[string]func() meta.Object{
	"apps/v1/Deployment":                       func() meta.Object { return &apps.Deployment{} },
	"batch/v1/Job":                             func() meta.Object { return &batch.Job{} },
	"v1/Service":                               func() meta.Object { return &core.Service{} },
	"v1/ServiceAccount":                        func() meta.Object { return &core.ServiceAccount{} },
	"rbac.authorization.k8s.io/v1/Role":        func() meta.Object { return &rbac.Role{} },
	"rbac.authorization.k8s.io/v1/RoleBinding": func() meta.Object { return &rbac.RoleBinding{} },
	"policy/v1/PodDisruptionBudget":            func() meta.Object { return &policy.PodDisruptionBudget{} },
	"networking.k8s.io/v1/NetworkPolicy":       func() meta.Object { return &networking.NetworkPolicy{} },
	"networking.k8s.io/v1/Ingress":             func() meta.Object { return &networking.Ingress{} },
	"keda.sh/v1alpha1/ScaledObject":            func() meta.Object { return &keda.ScaledObject{} },
	"keda.sh/v1alpha1/TriggerAuthentication":   func() meta.Object { return &keda.TriggerAuthentication{} },
	"monitoring.coreos.com/v1/ServiceMonitor":  func() meta.Object { return &monitoring.ServiceMonitor{} },
	"dapr.io/v1alpha1/Component":               func() meta.Object { return &components.Component{} },
	"dapr.io/v1alpha1/Configuration":           func() meta.Object { return &configuration.Configuration{} },
}

var separator = regexp.MustCompile(`(?m)^---\s*$`)

// decode reads documents into the types of their APIs; a field that the type does not have, or one twice, is an error.
func decode(text string) ([]meta.Object, error) {
	var out []meta.Object
	for _, doc := range separator.Split(text, -1) {
		var kind meta.TypeMeta
		if err := yaml.Unmarshal([]byte(doc), &kind); err != nil {
			return nil, fmt.Errorf("%w in\n%s", err, doc)
		}
		if kind.Kind == "" {
			continue
		}
		construct := kinds[kind.APIVersion+"/"+kind.Kind]
		if construct == nil {
			return nil, fmt.Errorf("%s/%s is none that is expected", kind.APIVersion, kind.Kind)
		}
		o := construct()
		if err := yaml.UnmarshalStrict([]byte(doc), o); err != nil {
			return nil, fmt.Errorf("%w in\n%s", err, doc)
		}
		out = append(out, o)
	}
	return out, nil
}

// objects decodes all that a chart rendered.
func objects(t *testing.T, rendered map[string]string) (out []meta.Object) {
	t.Helper()
	for file, text := range rendered {
		if file == "NOTES" {
			continue
		}
		os, err := decode(text)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, os...)
	}
	return out
}

// of are the objects of one type.
func of[T meta.Object](all []meta.Object) (out []T) {
	for _, o := range all {
		if v, ok := o.(T); ok {
			out = append(out, v)
		}
	}
	return out
}

// one is the object of that type with that name.
func one[T meta.Object](t *testing.T, all []meta.Object, name string) (v T) {
	t.Helper()
	for _, o := range of[T](all) {
		if o.GetName() == name {
			return o
		}
	}
	t.Fatalf("there is no %T %s", v, name)
	return v
}

func TestEveryObjectIsOneThatItsAPITakes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for variant, rendered := range variants(t) {
		names := map[string]bool{}
		for _, o := range objects(t, rendered) {
			kind := fmt.Sprintf("%T", o)
			seen[kind] = true
			if key := kind + "/" + o.GetName(); names[key] {
				t.Errorf("%s: %s is there twice", variant, key)
			} else {
				names[key] = true
			}
			if o.GetNamespace() != namespace {
				t.Errorf("%s: %s %s is in namespace %q", variant, kind, o.GetName(), o.GetNamespace())
			}
			if o.GetLabels()["app.kubernetes.io/part-of"] != "tasktide" || o.GetLabels()["app.kubernetes.io/name"] == "" {
				t.Errorf("%s: %s %s has labels %v", variant, kind, o.GetName(), o.GetLabels())
			}
		}
	}
	for kind, construct := range kinds {
		if !strings.HasPrefix(kind, "dapr.io/") && !seen[fmt.Sprintf("%T", construct())] {
			t.Errorf("nothing renders a %s", kind)
		}
	}
}

// TestAWrongFieldIsFound: strict decoding is what the tests here rest on.
func TestAWrongFieldIsFound(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"apiVersion: v1\nkind: Service\nspec: {tpye: ClusterIP}",
		"apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: two}",
		"apiVersion: v1\nkind: Service\nspec: {type: ClusterIP, type: NodePort}",
		"apiVersion: v1\nkind: Secret",
	} {
		if _, err := decode(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
