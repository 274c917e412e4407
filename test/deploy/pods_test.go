package deploy

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	security "k8s.io/pod-security-admission/api"
	standards "k8s.io/pod-security-admission/policy"

	"github.com/tasktide/tasktide/test/deploy/chart"
)

// pods are the templates of the pods that a variant makes, by name.
func pods(t *testing.T, rendered map[string]string) map[string]core.PodTemplateSpec {
	t.Helper()
	all := objects(t, rendered)
	out := map[string]core.PodTemplateSpec{}
	for _, d := range of[*apps.Deployment](all) {
		out[d.Name] = d.Spec.Template
	}
	for _, j := range of[*batch.Job](all) {
		out[j.Name] = j.Spec.Template
	}
	return out
}

func inject(t *testing.T, template core.PodTemplateSpec) *core.Pod {
	t.Helper()
	pod, err := chart.Inject(template)
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

// sidecar is the injected container; nil when there is none.
func sidecar(pod *core.Pod) *core.Container {
	for _, c := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
		if c.Name == "daprd" {
			return &c
		}
	}
	return nil
}

func restricted(t *testing.T, m *meta.ObjectMeta, spec *core.PodSpec) []string {
	t.Helper()
	e, err := standards.NewEvaluator(standards.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range e.EvaluatePod(security.LevelVersion{Level: security.LevelRestricted, Version: security.LatestVersion()}, m, spec) {
		if !r.Allowed {
			out = append(out, r.ForbiddenReason+": "+r.ForbiddenDetail)
		}
	}
	return out
}

// TestPodsSatisfyTheRestrictedStandard asks Kubernetes' own checks, before and after Dapr's own injector.
func TestPodsSatisfyTheRestrictedStandard(t *testing.T) {
	t.Parallel()
	for variant, r := range variants(t) {
		for name, template := range pods(t, r) {
			for _, wrong := range restricted(t, &template.ObjectMeta, &template.Spec) {
				t.Errorf("%s: %s: %s", variant, name, wrong)
			}
			pod := inject(t, template)
			for _, wrong := range restricted(t, &pod.ObjectMeta, &pod.Spec) {
				t.Errorf("%s: %s with its sidecar: %s", variant, name, wrong)
			}
		}
	}
	pod := &core.PodSpec{Containers: []core.Container{{Name: "x", Image: "x"}}}
	if len(restricted(t, &meta.ObjectMeta{}, pod)) == 0 {
		t.Error("a pod without any security passes: the check checks nothing")
	}
}

// TestContainersCanNotWriteAndAreBounded beyond what the standard asks for.
func TestContainersCanNotWriteAndAreBounded(t *testing.T) {
	t.Parallel()
	for variant, r := range variants(t) {
		for name, template := range pods(t, r) {
			pod := inject(t, template)
			for _, c := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
				if c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
					t.Errorf("%s: %s: %s can write to its image", variant, name, c.Name)
				}
				if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().Cmp(*c.Resources.Limits.Memory()) > 0 {
					t.Errorf("%s: %s: %s has %+v", variant, name, c.Name, c.Resources)
				}
			}
			if links := template.Spec.EnableServiceLinks; links == nil || *links {
				t.Errorf("%s: %s: the addresses of Services become variables", variant, name)
			}
		}
	}
}

// TestWhoGetsASidecar: every service on Dapr; never the gateway, never the setup job, nobody on Kafka.
func TestWhoGetsASidecar(t *testing.T) {
	t.Parallel()
	for variant, r := range variants(t) {
		for name, template := range pods(t, r) {
			want := strings.Contains(variant, "on dapr") && name != "frontend" && !strings.HasSuffix(name, "-setup")
			pod := inject(t, template)
			s := sidecar(pod)
			if (s != nil) != want {
				t.Errorf("%s: %s has a sidecar: %v", variant, name, s != nil)
			}
			if automount := *template.Spec.AutomountServiceAccountToken; automount != want {
				t.Errorf("%s: %s has the token of its account mounted: %v", variant, name, automount)
			}
			if s == nil {
				continue
			}
			args := strings.Join(s.Args, " ")
			for _, part := range []string{
				"--app-id " + name + " ", "--app-port 50051", "--app-protocol grpc", "--config appconfig", "--enable-app-health-check", "--enable-mtls",
				"--dapr-graceful-shutdown-seconds 5", "--disable-builtin-k8s-secret-store", "--enable-api-logging=true",
			} {
				if !strings.Contains(args+" ", part) {
					t.Errorf("%s: %s: the sidecar runs without %q: %s", variant, name, part, args)
				}
			}
			app := container(pod, name)
			if in, out := secretOf(s.Env, "APP_API_TOKEN"), secretOf(app.Env, "APP_API_TOKEN"); in != out || in != "app-secrets/token" {
				t.Errorf("%s: %s: the sidecar's APP_API_TOKEN is %s, the application's %s", variant, name, in, out)
			}
			if in, out := secretOf(s.Env, "DAPR_API_TOKEN"), secretOf(app.Env, "DAPR_API_TOKEN"); in != out {
				t.Errorf("%s: %s: the sidecar's DAPR_API_TOKEN is %s, the application's %s", variant, name, in, out)
			}
			if got := valueOf(app.Env, "DAPR_APP_PORT"); !strings.Contains(args, "--app-port "+got) {
				t.Errorf("%s: %s listens for its sidecar on %s: %s", variant, name, got, args)
			}
			native := strings.Contains(variant, "everything on")
			if native != (s.RestartPolicy != nil) {
				t.Errorf("%s: %s: a native sidecar: %v", variant, name, !native)
			}
			// One that ends after the application would wait for nobody.
			if waits := strings.Contains(args+" ", "--dapr-block-shutdown-duration 20s "); waits == native {
				t.Errorf("%s: %s: the sidecar stays for its application: %v: %s", variant, name, waits, args)
			}
		}
	}
}

func container(pod *core.Pod, name string) core.Container {
	i := slices.IndexFunc(pod.Spec.Containers, func(c core.Container) bool { return c.Name == name })
	if i < 0 {
		return core.Container{}
	}
	return pod.Spec.Containers[i]
}

func find(env []core.EnvVar, name string) core.EnvVar {
	i := slices.IndexFunc(env, func(e core.EnvVar) bool { return e.Name == name })
	if i < 0 {
		return core.EnvVar{}
	}
	return env[i]
}

func valueOf(env []core.EnvVar, name string) string { return find(env, name).Value }

func secretOf(env []core.EnvVar, name string) string {
	if f := find(env, name).ValueFrom; f != nil && f.SecretKeyRef != nil {
		return f.SecretKeyRef.Name + "/" + f.SecretKeyRef.Key
	}
	return ""
}

// TestAnnotations compares with the list of what Dapr's documentation recommends for production, one by one. Two differ on
// purpose: deliveries come over gRPC, to a port of their own (docs/adr/0015).
func TestAnnotations(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"dapr.io/enabled":                          "true",
		"dapr.io/app-port":                         "50051", // recommended: the HTTP port
		"dapr.io/app-protocol":                     "grpc",  // recommended: http
		"dapr.io/log-level":                        "info",
		"dapr.io/enable-api-logging":               "true",
		"dapr.io/log-as-json":                      "false",
		"dapr.io/enable-app-health-check":          "true",
		"dapr.io/app-health-check-path":            "/health",
		"dapr.io/app-health-probe-interval":        "5",
		"dapr.io/app-health-probe-timeout":         "500",
		"dapr.io/app-health-threshold":             "3",
		"dapr.io/config":                           "appconfig",
		"dapr.io/sidecar-cpu-limit":                "500m",
		"dapr.io/sidecar-memory-limit":             "512Mi",
		"dapr.io/sidecar-cpu-request":              "250m",
		"dapr.io/sidecar-memory-request":           "256Mi",
		"dapr.io/graceful-shutdown-seconds":        "5",
		"dapr.io/block-shutdown-duration":          "20s",
		"dapr.io/app-token-secret":                 "app-secrets",
		"dapr.io/sidecar-seccomp-profile-type":     "RuntimeDefault",
		"dapr.io/disable-builtin-k8s-secret-store": "true",
	}
	for name, template := range pods(t, variants(t)["tasktide on dapr"]) {
		if name == "frontend" || strings.HasSuffix(name, "-setup") {
			continue
		}
		want["dapr.io/app-id"] = name
		for key, value := range want {
			if got := template.Annotations[key]; got != value {
				t.Errorf("%s: %s is %q, want %q", name, key, got, value)
			}
		}
		if len(template.Annotations) != len(want) {
			t.Errorf("%s has %d annotations, want %d: %v", name, len(template.Annotations), len(want), template.Annotations)
		}
	}
	// Each of them is a value.
	sets := []string{
		"dapr.config=other", "dapr.appPort=50052", "dapr.logLevel=debug", "dapr.logAsJson=true", "dapr.apiLogging=false", "dapr.health.path=/well", "dapr.health.intervalSeconds=6",
		"dapr.health.timeoutMilliseconds=600", "dapr.health.threshold=4", "dapr.resources.cpuLimit=1", "dapr.resources.memoryLimit=1Gi", "dapr.resources.cpuRequest=200m", "dapr.resources.memoryRequest=200Mi",
		"dapr.gracefulShutdownSeconds=6", "dapr.blockShutdownSeconds=21", "secret.name=others", "stop.graceSeconds=60",
	}
	changed := pods(t, must(t, service, []string{valuesFile("audit-service")}, sets...))["audit-service"].Annotations
	same := []string{"dapr.io/enabled", "dapr.io/app-id", "dapr.io/app-protocol", "dapr.io/enable-app-health-check", "dapr.io/sidecar-seccomp-profile-type", "dapr.io/disable-builtin-k8s-secret-store"}
	want["dapr.io/app-id"] = "audit-service"
	for key, value := range want {
		if got := changed[key]; (got == value) != slices.Contains(same, key) {
			t.Errorf("%s is %q after all values were changed", key, got)
		}
	}
}

// TestPortsProbesAndStopsFitTogether holds the times of a pod's life against each other.
func TestPortsProbesAndStopsFitTogether(t *testing.T) {
	t.Parallel()
	known := map[string]int32{"backend-api": 8000, "websocket-service": 8001, "notification-service": 8002, "audit-service": 8003, "recurring-service": 8004, "frontend": 3000}
	for variant, r := range variants(t) {
		all := objects(t, r)
		for _, d := range of[*apps.Deployment](all) {
			at := variant + ": " + d.Name
			c := d.Spec.Template.Spec.Containers[0]
			port := known[d.Name]
			if len(d.Spec.Template.Spec.Containers) != 1 || len(c.Ports) != 1 || c.Ports[0].ContainerPort != port || c.Ports[0].Name != "http" || valueOf(c.Env, "API_PORT") != strconv.Itoa(int(port)) {
				t.Errorf("%s: ports %v, API_PORT %s, want %d", at, c.Ports, valueOf(c.Env, "API_PORT"), port)
			}
			if valueOf(c.Env, "API_HOST") != "0.0.0.0" {
				t.Errorf("%s listens on %q, where no probe reaches it", at, valueOf(c.Env, "API_HOST"))
			}
			ready := "/ready"
			if d.Name == "frontend" {
				ready = "/health" // it has the page, and says what is wrong, while the services are away
			}
			for _, probe := range []struct {
				path string
				*core.Probe
			}{{"/health", c.LivenessProbe}, {ready, c.ReadinessProbe}} {
				if p := probe.Probe; p == nil || p.HTTPGet == nil || p.HTTPGet.Path != probe.path || p.HTTPGet.Port.StrVal != "http" {
					t.Errorf("%s: the probe of %s is %+v", at, probe.path, p)
				}
			}
			if c.StartupProbe == nil || c.StartupProbe.HTTPGet.Path != "/health" {
				t.Errorf("%s: startup is probed by %+v", at, c.StartupProbe)
			}
			if c.ReadinessProbe.TimeoutSeconds < 3 { // /ready asks its dependencies for up to 2 s
				t.Errorf("%s: the readiness probe gives up before the answer", at)
			}
			if c.TerminationMessagePolicy != core.TerminationMessageFallbackToLogsOnError {
				t.Errorf("%s: its last words are not in kubectl describe", at)
			}
			stopFits(t, at, d, c)
			s := one[*core.Service](t, all, d.Name)
			if s.Spec.Ports[0].TargetPort.StrVal != "http" || fmt.Sprint(s.Spec.Selector) != fmt.Sprint(d.Spec.Selector.MatchLabels) {
				t.Errorf("%s: the Service %v does not lead to it", at, s.Spec)
			}
			if public := s.Spec.Type == core.ServiceTypeLoadBalancer; public != (d.Name == "frontend") {
				t.Errorf("%s: its Service is of type %s", at, s.Spec.Type)
			}
		}
	}
}

func stopFits(t *testing.T, at string, d *apps.Deployment, c core.Container) {
	t.Helper()
	grace := time.Duration(*d.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
	drain, err := time.ParseDuration(valueOf(c.Env, "DRAIN_TIMEOUT"))
	if err != nil || c.Lifecycle.PreStop.Sleep == nil {
		t.Fatalf("%s: %v, preStop %+v", at, err, c.Lifecycle.PreStop)
	}
	app := time.Duration(c.Lifecycle.PreStop.Sleep.Seconds)*time.Second + drain
	if drain > 15*time.Second || app >= grace {
		t.Errorf("%s: drains for %s of %s", at, app, grace)
	}
	block := d.Spec.Template.Annotations["dapr.io/block-shutdown-duration"]
	if block == "" {
		return
	}
	open, err := time.ParseDuration(block)
	if err != nil {
		t.Fatal(err)
	}
	end, err := strconv.Atoi(d.Spec.Template.Annotations["dapr.io/graceful-shutdown-seconds"])
	if err != nil {
		t.Fatal(err)
	}
	if app > open || open+time.Duration(end)*time.Second >= grace {
		t.Errorf("%s: the application needs %s, its sidecar stays %s and ends in %d s more, the pod has %s", at, app, open, end, grace)
	}
}

// TestNumbersOfAValuesFileArriveAsTheyAreWritten: to the template they are floats.
func TestNumbersOfAValuesFileArriveAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for burst, rate := range map[string]string{"1000000": "0.5", "1": "1000000", "500": "0"} {
		file := filepath.Join(t.TempDir(), "values.yaml")
		if err := os.WriteFile(file, []byte("settings: {WRITE_BURST: "+burst+", WRITE_RATE: "+rate+"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		sets := []string{"settings.WRITE_BURST=" + burst, "settings.WRITE_RATE=" + rate}
		for what, out := range map[string]map[string]string{
			"a file": must(t, service, []string{valuesFile("backend-api"), file}, setsOf("backend-api")...),
			"--set":  must(t, service, []string{valuesFile("backend-api")}, append(sets, setsOf("backend-api")...)...),
		} {
			env := container(inject(t, pods(t, out)["backend-api"]), "backend-api").Env
			if b, r := valueOf(env, "WRITE_BURST"), valueOf(env, "WRITE_RATE"); b != burst || r != rate {
				t.Errorf("%s: WRITE_BURST is %q, want %s; WRITE_RATE is %q, want %s", what, b, burst, r, rate)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, []byte("settings: {WRITE_RATE: 1e-9}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := render(service, []string{valuesFile("backend-api"), file}, append(setsOf("backend-api"), needed[service]...)...); err == nil || !strings.Contains(err.Error(), "WRITE_RATE") {
		t.Errorf("a rate of nearly nothing: %v", err)
	}
}

// TestEveryVariableThatTheServicesHaveAlwaysHad is there under its name, or can be given; Dapr's injector gives its own.
func TestEveryVariableThatTheServicesHaveAlwaysHad(t *testing.T) {
	t.Parallel()
	given := []string{"global.settings.ENVIRONMENT=staging", "global.accounts=external", "global.settings.BETTER_AUTH_URL=https://auth.example.org", "backend-api.settings.CORS_ORIGINS=https://a.example.org",
		"notification-service.settings.REMINDER_CHECK_INTERVAL=30s", "websocket-service.settings.WS_HEARTBEAT_INTERVAL=20"}
	own := map[string]map[string]string{
		"backend-api":          {"API_HOST": "0.0.0.0", "API_PORT": "8000", "CORS_ORIGINS": "https://a.example.org", "BETTER_AUTH_URL": "https://auth.example.org"},
		"notification-service": {"REMINDER_CHECK_INTERVAL": "30s"},
		"websocket-service":    {"WS_HEARTBEAT_INTERVAL": "20"},
		"audit-service":        {},
		"recurring-service":    {},
	}
	for name, template := range pods(t, must(t, umbrella, nil, given...)) {
		if own[name] == nil {
			continue
		}
		env := container(inject(t, template), name).Env
		want := map[string]string{"ENVIRONMENT": "staging", "DAPR_HTTP_PORT": "3500", "DAPR_GRPC_PORT": "50001"}
		maps.Copy(want, own[name])
		for variable, value := range want {
			if got := valueOf(env, variable); got != value {
				t.Errorf("%s: %s is %q, want %q", name, variable, got, value)
			}
		}
		if secretOf(env, "DATABASE_URL") == "" {
			t.Errorf("%s has no DATABASE_URL", name)
		}
		names := map[string]bool{}
		for _, e := range env {
			if names[e.Name] {
				t.Errorf("%s: %s is there twice", name, e.Name)
			}
			names[e.Name] = true
		}
	}
	for _, name := range []string{"backend-api", "websocket-service"} { // they verify tokens
		if env := pods(t, variants(t)["tasktide on dapr"])[name].Spec.Containers[0].Env; secretOf(env, "JWT_SECRET") == "" {
			t.Errorf("%s can't be given a JWT_SECRET", name)
		}
	}
}

// secretSettings are those that docs/configuration.md, which a test there compares with the code, calls secret; and what OpenTelemetry's headers carry.
func secretSettings(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(root + "/docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	out := []string{"OTEL_EXPORTER_OTLP_HEADERS"}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\(secret\\) ").FindAllStringSubmatch(string(b), -1) {
		out = append(out, m[1])
	}
	if len(out) < 10 {
		t.Fatalf("only %v are secret", out)
	}
	return out
}

// TestSecretsComeFromTheirSecretsAlone: each secret setting of each container is a reference to a key of app-secrets or of the private secret, neither of
// which the charts make, and no container gets anything else of a secret, whole or as a file, but the certificates of Kafka.
func TestSecretsComeFromTheirSecretsAlone(t *testing.T) {
	t.Parallel()
	secrets := secretSettings(t)
	for variant, r := range variants(t) {
		for name, template := range pods(t, r) {
			pod := inject(t, template)
			for _, c := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
				if len(c.EnvFrom) != 0 {
					t.Errorf("%s: %s: %s takes whatever is in %v", variant, name, c.Name, c.EnvFrom)
				}
				for _, e := range c.Env {
					from := secretOf(c.Env, e.Name)
					if secret := slices.Contains(secrets, e.Name); secret != (from != "") {
						t.Errorf("%s: %s: %s is given as %+v", variant, name, e.Name, e)
					}
					of, _, _ := strings.Cut(from, "/")
					if from != "" && !slices.Contains([]string{"app-secrets", "app-private", "dapr-api-token"}, of) {
						t.Errorf("%s: %s: %s comes from %s", variant, name, e.Name, from)
					}
				}
			}
			for _, v := range pod.Spec.Volumes {
				if v.Secret != nil && v.Secret.SecretName != "kafka-tls" || v.ConfigMap != nil {
					t.Errorf("%s: %s: the volume %s is %+v", variant, name, v.Name, v.VolumeSource)
				}
			}
		}
		for file, text := range r {
			for _, kind := range []string{"kind: Secret", "kind: ConfigMap", "stringData"} {
				if strings.Contains(text, kind+"\n") || kind == "stringData" && strings.Contains(text, kind) {
					t.Errorf("%s: %s has %q", variant, file, kind)
				}
			}
		}
	}
}
