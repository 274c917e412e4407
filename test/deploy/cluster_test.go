package deploy

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"

	keda "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestEachAccountReadsItsSecretAndNothingElse: on Dapr the sidecar's component reads it; nobody else needs an account with rights.
func TestEachAccountReadsItsSecretAndNothingElse(t *testing.T) {
	t.Parallel()
	for variant, r := range variants(t) {
		all := objects(t, r)
		for _, d := range of[*apps.Deployment](all) {
			account := one[*core.ServiceAccount](t, all, d.Spec.Template.Spec.ServiceAccountName)
			if *account.AutomountServiceAccountToken {
				t.Errorf("%s: the account %s gives its token to every pod", variant, account.Name)
			}
			bindings := of[*rbac.RoleBinding](all)
			bound := slices.IndexFunc(bindings, func(b *rbac.RoleBinding) bool { return b.Subjects[0].Name == account.Name && b.RoleRef.Name == d.Name })
			if sidecar := d.Spec.Template.Annotations["dapr.io/enabled"] == "true"; (bound >= 0) != sidecar {
				t.Errorf("%s: %s has rights: %v", variant, d.Name, bound >= 0)
			}
		}
		for _, role := range of[*rbac.Role](all) {
			want := []rbac.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"app-secrets"}, Verbs: []string{"get"}}}
			if fmt.Sprint(role.Rules) != fmt.Sprint(want) {
				t.Errorf("%s: %s may %v", variant, role.Name, role.Rules)
			}
		}
	}
}

// edges writes a policy's rules as "peer:port,port", sorted.
func edges(in []networking.NetworkPolicyPeer, ports []networking.NetworkPolicyPort) string {
	peer := "any"
	var peers []string
	for _, p := range in {
		switch {
		case p.PodSelector != nil && p.PodSelector.MatchLabels["app.kubernetes.io/name"] != "":
			peers = append(peers, p.PodSelector.MatchLabels["app.kubernetes.io/name"])
		case p.PodSelector != nil:
			peers = append(peers, p.PodSelector.MatchLabels["app.kubernetes.io/part-of"])
		case p.NamespaceSelector != nil:
			peers = append(peers, "ns/"+p.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"])
		}
	}
	if len(peers) > 0 {
		peer = strings.Join(peers, "+")
	}
	var out []string
	for _, p := range ports {
		out = append(out, p.Port.String()+strings.TrimPrefix(string(*p.Protocol), "TCP"))
	}
	return peer + ":" + strings.Join(out, ",")
}

// TestEveryEdgeThatIsAllowed is the whole list, for the system on Dapr and on Kafka.
func TestEveryEdgeThatIsAllowed(t *testing.T) {
	t.Parallel()
	dns, stores := "ns/kube-system:53UDP,53", []string{"any:9093", "any:5432"}
	dapr := []string{"ns/dapr-system:6500,50001,50005,50006", "any:443,6443"}
	gateway := []string{dns, "backend-api:8000", "websocket-service:8001"}
	for transport, scrape := range map[string]string{"dapr": "ns/monitoring:http,9090", "kafka": "ns/monitoring:http"} {
		needs := func(more ...string) []string {
			out := append(append([]string{dns}, stores...), more...)
			if transport == "dapr" {
				out = append(out, dapr...)
			}
			return out
		}
		want := map[string]struct{ in, out []string }{
			"backend-api":          {[]string{"frontend+websocket-service:http", scrape}, needs()},
			"websocket-service":    {[]string{"frontend:http", scrape}, needs("backend-api:8000")},
			"audit-service":        {[]string{scrape}, needs()},
			"recurring-service":    {[]string{scrape}, needs()},
			"notification-service": {[]string{scrape}, needs()},
			"frontend":             {[]string{"any:http", "ns/monitoring:http"}, gateway},
			"backend-api-setup":    {nil, append([]string{dns}, stores...)},
		}
		policies := of[*networking.NetworkPolicy](objects(t, variants(t)["tasktide on "+transport]))
		if len(policies) != len(want) {
			t.Errorf("%s: %d policies", transport, len(policies))
		}
		for _, p := range policies {
			var in, out []string
			for _, r := range p.Spec.Ingress {
				in = append(in, edges(r.From, r.Ports))
			}
			for _, r := range p.Spec.Egress {
				out = append(out, edges(r.To, r.Ports))
			}
			w := want[p.Name]
			for _, s := range [][]string{in, out, w.in, w.out} {
				sort.Strings(s)
			}
			if !slices.Equal(in, w.in) || !slices.Equal(out, w.out) {
				t.Errorf("%s on %s:\n in  %v\nwant %v\n out %v\nwant %v", p.Name, transport, in, w.in, out, w.out)
			}
			if len(p.Spec.PolicyTypes) != 2 || p.Spec.PodSelector.MatchLabels["app.kubernetes.io/name"] != p.Name {
				t.Errorf("%s is for %v of %v", p.Name, p.Spec.PolicyTypes, p.Spec.PodSelector.MatchLabels)
			}
		}
	}
}

// TestEdgesFollowTheAddresses: of brokers and issuer.
func TestEdgesFollowTheAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		sets []string
		want string
		has  bool
	}{
		{"audit-service", []string{"kafka.brokers={a:9092,b:9092,c:19092}"}, "any:9092,19092", true},
		{"audit-service", []string{"kafka.brokers={a:9092}", "networkPolicy.brokerPorts={1234}"}, "any:1234", true},
		{"backend-api", []string{"accounts=external", "settings.BETTER_AUTH_URL=https://auth.example.org"}, "any:443", true},
		{"websocket-service", []string{"accounts=external", "settings.BETTER_AUTH_URL=http://auth:3005/base"}, "any:3005", true},
		{"websocket-service", []string{"accounts=external", "settings.BETTER_AUTH_URL=http://auth.example.org"}, "any:80", true},
		{"frontend", []string{"accounts=external", "settings.BETTER_AUTH_URL=https://auth.example.org"}, "any:443", true},
		{"audit-service", []string{"accounts=external", "settings.BETTER_AUTH_URL=https://auth.example.org"}, "any:443", false},
		{"backend-api", nil, "any:443", false},
		{"audit-service", []string{"settings.OTEL_EXPORTER_OTLP_ENDPOINT=http://otel-collector.monitoring:4318"}, "any:4318", true},
		{"frontend", []string{"settings.OTEL_EXPORTER_OTLP_ENDPOINT=http://otel-collector.monitoring:4318"}, "any:4318", true},
		{"audit-service", []string{"settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://traces.monitoring:4319/v1/traces"}, "any:4319", true},
		{"audit-service", []string{"settings.OTEL_EXPORTER_OTLP_ENDPOINT=http://otel:4318", "settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://traces:4319/v1/traces"}, "any:4318", false},
	} {
		sets := append([]string{"transport=kafka"}, c.sets...) // without a sidecar, which needs the API server's 443
		if c.name == "backend-api" && len(c.sets) == 0 {
			sets = append(sets, setsOf(c.name)...)
		}
		p := one[*networking.NetworkPolicy](t, objects(t, must(t, service, []string{valuesFile(c.name)}, sets...)), c.name)
		found := slices.ContainsFunc(p.Spec.Egress, func(r networking.NetworkPolicyEgressRule) bool { return edges(r.To, r.Ports) == c.want })
		if found != c.has {
			t.Errorf("%s %v: %s is allowed: %v", c.name, c.sets, c.want, found)
		}
	}
}

// TestScalingFollowsTheGroups: by the lag of each topic that the group consumes, never beyond the partitions.
func TestScalingFollowsTheGroups(t *testing.T) {
	t.Parallel()
	all := objects(t, variants(t)["tasktide on dapr, everything on"])
	kinds := map[string][]string{"backend-api": {"cpu"}, "frontend": {"cpu"}, "audit-service": {"kafka"}, "recurring-service": {"kafka"}, "websocket-service": {"kafka", "prometheus"}}
	for name, want := range kinds {
		s := one[*keda.ScaledObject](t, all, name)
		d := one[*apps.Deployment](t, all, name)
		if d.Spec.Replicas != nil {
			t.Errorf("%s: the chart and KEDA both say how many", name)
		}
		var topics, got []string
		for _, trigger := range s.Spec.Triggers {
			if !slices.Contains(got, trigger.Type) {
				got = append(got, trigger.Type)
			}
			if trigger.Type != "kafka" {
				continue
			}
			topics = append(topics, trigger.Metadata["topic"])
			if trigger.Metadata["consumerGroup"] != name || trigger.Metadata["allowIdleConsumers"] != "false" || trigger.Metadata["sasl"] != "scram_sha512" || trigger.Metadata["tls"] != "enable" {
				t.Errorf("%s: %v", name, trigger.Metadata)
			}
			one[*keda.TriggerAuthentication](t, all, trigger.AuthenticationRef.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is scaled by %v, want %v", name, got, want)
		}
		if (len(topics) > 0) != slices.Contains(want, "kafka") {
			t.Errorf("%s is scaled by the lag of %v", name, topics)
		}
		if *s.Spec.MinReplicaCount < 1 || *s.Spec.MaxReplicaCount > 8 {
			t.Errorf("%s: %d to %d pods for 8 partitions", name, *s.Spec.MinReplicaCount, *s.Spec.MaxReplicaCount)
		}
	}
}

// TestNotificationServiceIsFixedAtTwo: it consumes nothing, so that there is nothing to scale by.
func TestNotificationServiceIsFixedAtTwo(t *testing.T) {
	t.Parallel()
	all := objects(t, variants(t)["tasktide on dapr, everything on"])
	if d := one[*apps.Deployment](t, all, "notification-service"); d.Spec.Replicas == nil || *d.Spec.Replicas != 2 {
		t.Errorf("%v pods", d.Spec.Replicas)
	}
	for _, s := range of[*keda.ScaledObject](all) {
		if s.Name == "notification-service" {
			t.Error("it is scaled")
		}
	}
}

func TestOnePodAtATimeMayBeTakenAway(t *testing.T) {
	t.Parallel()
	for variant, r := range variants(t) {
		all := objects(t, r)
		for _, d := range of[*apps.Deployment](all) {
			p := one[*policy.PodDisruptionBudget](t, all, d.Name)
			if p.Spec.MaxUnavailable.IntVal != 1 || fmt.Sprint(p.Spec.Selector) != fmt.Sprint(d.Spec.Selector) {
				t.Errorf("%s: %s: %+v", variant, d.Name, p.Spec)
			}
		}
	}
}

func TestMonitorsLeadToServices(t *testing.T) {
	t.Parallel()
	all := objects(t, variants(t)["tasktide on dapr, everything on"])
	if n := len(of[*monitoring.ServiceMonitor](all)); n != 6 {
		t.Errorf("%d monitors", n)
	}
	for _, m := range of[*monitoring.ServiceMonitor](all) {
		s := one[*core.Service](t, all, m.Name)
		for key, value := range m.Spec.Selector.MatchLabels {
			if s.Labels[key] != value {
				t.Errorf("%s: the Service has %s %q, not %q", m.Name, key, s.Labels[key], value)
			}
		}
		if job := s.Labels[m.Spec.JobLabel]; job != "tasktide" {
			t.Errorf("%s is scraped as job %q, and alerts look for tasktide", m.Name, job)
		}
		if e := m.Spec.Endpoints[0]; e.Port != s.Spec.Ports[0].Name || e.Path != "/metrics" {
			t.Errorf("%s: %+v", m.Name, e)
		}
	}
}

// TestSetupRunsOnceBeforeEverything: one Job, a hook, first the schema and then the topics.
func TestSetupRunsOnceBeforeEverything(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"dapr", "kafka"} {
		all := objects(t, variants(t)["tasktide on "+transport])
		jobs := of[*batch.Job](all)
		if len(jobs) != 1 {
			t.Fatalf("%d jobs", len(jobs))
		}
		spec := jobs[0].Spec.Template.Spec
		if jobs[0].Annotations["helm.sh/hook"] != "pre-install,pre-upgrade" {
			t.Errorf("the hook is %q", jobs[0].Annotations["helm.sh/hook"])
		}
		if got := fmt.Sprint(spec.InitContainers[0].Args, spec.Containers[0].Args); got != "[migrate up] [topics apply --partitions 8 --replication 1]" {
			t.Errorf("it runs %s", got)
		}
		for _, c := range []core.Container{spec.InitContainers[0], spec.Containers[0]} {
			if c.Image != "tasktide:0.1.0" || secretOf(c.Env, "DATABASE_URL") != "app-secrets/DATABASE_URL" || valueOf(c.Env, "KAFKA_BROKERS") == "" {
				t.Errorf("%s: image %s, %v", c.Name, c.Image, c.Env)
			}
		}
		if jobs[0].Spec.Template.Annotations["dapr.io/enabled"] != "false" {
			t.Error("a sidecar would keep it from ending")
		}
		if spec.ServiceAccountName != "" { // none of ours is there before the hook
			t.Errorf("it needs the account %s, which is not there yet", spec.ServiceAccountName)
		}
	}
}

// TestOwnRoles: each service gets the address of its own role and no other, from a secret that no account may read; the Job makes the
// roles between schema and topics.
func TestOwnRoles(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"dapr", "kafka"} {
		all := objects(t, variants(t)["tasktide on "+transport+" with own roles"])
		for _, d := range of[*apps.Deployment](all) {
			if d.Name == "frontend" {
				continue
			}
			env := d.Spec.Template.Spec.Containers[0].Env
			if got, want := secretOf(env, "DATABASE_URL"), "app-private/DATABASE_URL_"+variable(d.Name); got != want {
				t.Errorf("%s: DATABASE_URL is %s, want %s", d.Name, got, want)
			}
			for _, e := range env {
				ref := secretOf(env, e.Name)
				if public := e.Name == "APP_API_TOKEN"; ref != "" && strings.HasPrefix(ref, "app-secrets/") != public {
					t.Errorf("%s: %s is %s", d.Name, e.Name, ref)
				}
			}
		}
		job := of[*batch.Job](all)[0].Spec.Template.Spec
		if len(job.InitContainers) != 2 || fmt.Sprint(job.InitContainers[1].Args) != "[roles apply]" {
			t.Fatalf("the Job runs %v", job.InitContainers)
		}
		for _, c := range append(job.InitContainers, job.Containers...) {
			if got := secretOf(c.Env, "DATABASE_URL"); got != "app-private/DATABASE_URL" {
				t.Errorf("%s connects as %s", c.Name, got)
			}
			want := 0
			if c.Name == "roles" {
				want = 7
			}
			n := 0
			for _, e := range c.Env {
				if strings.HasPrefix(e.Name, "DATABASE_URL_") {
					n++
					store := e.Name == "DATABASE_URL_STATE_STORE"
					if ref := e.ValueFrom.SecretKeyRef; ref.Key != e.Name || (ref.Name == "app-secrets") != store || *ref.Optional != (e.Name == "DATABASE_URL_OPERATOR" || store && transport == "kafka") {
						t.Errorf("%s: %s is %+v", transport, e.Name, ref)
					}
				}
			}
			if n != want {
				t.Errorf("%s knows the addresses of %d roles, want %d", c.Name, n, want)
			}
		}
	}
}

func variable(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

// TestImages: by registry, tag and digest.
func TestImages(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("ab", 32)
	for _, c := range []struct {
		sets []string
		want string
	}{
		{nil, "tasktide-audit-service:0.1.0"},
		{[]string{"image.registry=r.example.org/tasktide/"}, "r.example.org/tasktide/tasktide-audit-service:0.1.0"},
		{[]string{"image.tag=v2", "image.repository=audit"}, "audit:v2"},
		{[]string{"image.tag=v2", "image.digest=" + digest}, "tasktide-audit-service@" + digest},
		{[]string{"image.tag=v2", "global.image.tag=v3"}, "tasktide-audit-service:v3"},
	} {
		all := objects(t, must(t, service, []string{valuesFile("audit-service")}, c.sets...))
		if got := one[*apps.Deployment](t, all, "audit-service").Spec.Template.Spec.Containers[0].Image; got != c.want {
			t.Errorf("%v: %s, want %s", c.sets, got, c.want)
		}
	}
}

// TestAServiceMayBeOnAnotherTransport than the others: they share broker and database.
func TestAServiceMayBeOnAnotherTransport(t *testing.T) {
	t.Parallel()
	r := must(t, umbrella, nil, "global.transport=", "audit-service.transport=kafka")
	all := objects(t, r)
	for _, d := range of[*apps.Deployment](all) {
		want := map[string]string{"audit-service": "kafka", "frontend": ""}
		transport, other := want[d.Name]
		if !other {
			transport = "dapr"
		}
		if got := valueOf(d.Spec.Template.Spec.Containers[0].Env, "TRANSPORT"); got != transport || (d.Spec.Template.Annotations["dapr.io/enabled"] == "true") != (transport == "dapr") {
			t.Errorf("%s is on %q, annotations %v", d.Name, got, d.Spec.Template.Annotations)
		}
	}
	if !strings.Contains(r["NOTES"], "more than one transport") {
		t.Errorf("notes: %s", r["NOTES"])
	}
}

// TestAServiceMayBeLeftOut of the whole, and comes from elsewhere.
func TestAServiceMayBeLeftOut(t *testing.T) {
	t.Parallel()
	all := objects(t, must(t, umbrella, nil, "recurring-service.enabled=false"))
	var names []string
	for _, d := range of[meta.Object](all) {
		if d.GetName() == "recurring-service" {
			names = append(names, d.GetName())
		}
	}
	if len(names) != 0 || len(of[*apps.Deployment](all)) != 5 {
		t.Errorf("%d deployments, %d objects of recurring-service", len(of[*apps.Deployment](all)), len(names))
	}
}
