package deploy

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestWhatIsMisspeltOrImpossibleIsRefused: a value that would be ignored, or that no pod could run with, ends before anything is installed.
func TestWhatIsMisspeltOrImpossibleIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ set, says string }{
		{"replicsa=3", "replicsa"},
		{"transport=rabbit", "transport"},
		{"transport=memory", "transport"},
		{"port=0", "port"},
		{"port=70000", "port"},
		{"port=http", "port"},
		{"replicas=-1", "replicas"},
		{"image.tga=1", "tga"},
		{"image.pullPolicy=Sometimes", "pullPolicy"},
		{"image.digest=sha256:12", "digest"},
		{"settings.LOG_LEVL=debug", "LOG_LEVL"},
		{"settings.LOG_LEVEL=loud", "LOG_LEVEL"},
		{"settings.DATABASE_URL=postgres://u:p@h/d", "DATABASE_URL"},
		{"settings.JWT_SECRET=hunter2", "JWT_SECRET"},
		{"settings.OTEL_EXPORTER_OTLP_HEADERS=api-key=hunter2", "OTEL_EXPORTER_OTLP_HEADERS"},
		{"settings.TRANSPORT=kafka", "TRANSPORT"},
		{"settings.KAFKA_BROKERS=a:1", "KAFKA_BROKERS"},
		{"settings.BACKEND_URL=http://backend-api:8000/api", "BACKEND_URL"},
		{"settings.PUBLIC_URL=tasks.example.org", "PUBLIC_URL"},
		{"settings.PUBLIC_URL=https://tasks.example.org/app", "PUBLIC_URL"},
		{"settings.BETTER_AUTH_URL=ftp://x", "BETTER_AUTH_URL"},
		{"settings.EVENT_RETENTION=30", "EVENT_RETENTION"},
		{"settings.WRITE_RATE=-1", "WRITE_RATE"},
		{"settings.WRITE_RATE=1e-9", "WRITE_RATE"},
		{"settings.WRITE_RATE=1000001", "WRITE_RATE"},
		{"settings.WRITE_BURST=0", "WRITE_BURST"},
		{"settings.DATABASE_CONNECTIONS=3", "DATABASE_CONNECTIONS"},
		{"settings.DATABASE_CONNECTIONS=1001", "DATABASE_CONNECTIONS"},
		{"settings.DATABASE_POOLED=yes", "DATABASE_POOLED"},
		{"settings.REMINDER_CHECK_INTERVAL=often", "REMINDER_CHECK_INTERVAL"},
		{"secret.name=App_Secrets", "name"},
		{"secret.required={PASSWORD}", "required"},
		{"secret.private=Two Words", "private"},
		{"global.secret.privat=x", "privat"},
		{"secret.value=hunter2", "value"},
		{"kafka.brokers={redpanda}", "brokers"},
		{"kafka.brokers={a:1,b:2}x", "brokers"},
		{"kafka.partitions=0", "partitions"},
		{"kafka.replication=0", "replication"},
		{"kafka.sasl.mechanism=GSSAPI", "mechanism"},
		{"kafka.sasl.password=hunter2", "password"},
		{"dapr.appPort=0", "appPort"},
		{"dapr.logLevel=loud", "logLevel"},
		{"dapr.resources.cpuLimit=half", "cpuLimit"},
		{"dapr.resources.memoryLimit=512MB", "memoryLimit"},
		{"dapr.health.intervalSeconds=0", "intervalSeconds"},
		{"dapr.enabled=true", "enabled"},
		{"resources.limits.memory=lots", "memory"},
		{"resources.limit.memory=1Gi", "limit"},
		{"service.type=Public", "type"},
		{"autoscaling.topics={task-updates}", "topics"},
		{"autoscaling.minReplicas=0", "minReplicas"},
		{"networkPolicy.allowFrom={backend}", "allowFrom"},
		{"networkPolicy.brokerPorts={0}", "brokerPorts"},
		{"stop.drainSeconds=0", "drainSeconds"},
		{"name=audit", "name"},
		{"global.transprot=kafka", "transprot"},
		{"global.transport=memory", "transport"},
		{"global.settings.LOG_LEVL=debug", "LOG_LEVL"},
		{"global.secret.required={DATABASE_URL}", "required"},
	} {
		_, err := render(service, []string{valuesFile("audit-service")}, c.set)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("--set %s: %v", c.set, err)
		}
	}
	for _, c := range []struct{ set, says string }{
		{"audit_service.replicas=3", "audit_service"},
		{"audit-service.replicsa=3", "replicsa"},
		{"transport=kafka", "transport"},
		{"global.kafka.brokers={redpanda}", "brokers"},
	} {
		_, err := render(umbrella, nil, append(slices.Clone(needed[umbrella]), c.set)...)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("tasktide --set %s: %v", c.set, err)
		}
	}
}

// TestValuesThatContradictEachOther are refused with a sentence that says what to do.
func TestValuesThatContradictEachOther(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		service string
		sets    []string
		says    string
	}{
		{"", nil, "name is empty: install with the values of a service"},
		{"audit-service", []string{"transport=kafka"}, "transport kafka needs kafka.brokers"},
		{"audit-service", []string{"setup.enabled=true"}, "setup.enabled: false make schema and topics yourself"},
		{"audit-service", []string{"kafka.sasl.mechanism=PLAIN"}, "kafka.sasl.mechanism needs kafka.sasl.user"},
		{"audit-service", []string{"kafka.sasl.user=u"}, "kafka.sasl.user needs kafka.sasl.mechanism"},
		{"audit-service", []string{"kafka.tls.secretName=x"}, "need kafka.tls.enabled: true"},
		{"audit-service", []string{"kafka.tls.enabled=true", "kafka.tls.clientCertificate=true"}, "needs kafka.tls.secretName"},
		{"audit-service", []string{"secret.private=app-secrets"}, "secret.private must be another secret than secret.name app-secrets"},
		{"audit-service", []string{"settings.DATABASE_POOLED=true", "settings.MIGRATE_ON_START=on"}, "settings.MIGRATE_ON_START: on goes to the database itself"},
		{"audit-service", []string{"setup.enabled=true", "kafka.brokers={a:1}", "settings.DATABASE_POOLED=true"}, "the setup job migrates by it: with secret.private"},
		{"audit-service", []string{"replicas=9"}, "9 replicas share 8 partitions"},
		{"audit-service", []string{"autoscaling.enabled=true"}, "autoscaling by lag asks the brokers"},
		{"audit-service", []string{"autoscaling.enabled=true", "kafka.brokers={a:1}", "autoscaling.maxReplicas=9"}, "maxReplicas 9 is more than kafka.partitions 8"},
		{"audit-service", []string{"autoscaling.enabled=true", "kafka.brokers={a:1}", "autoscaling.minReplicas=5", "autoscaling.maxReplicas=4"}, "minReplicas 5 is more than maxReplicas 4"},
		{"websocket-service", []string{"autoscaling.enabled=true", "kafka.brokers={a:1}"}, "needs autoscaling.prometheus"},
		{"audit-service", []string{"stop.graceSeconds=20"}, "stop.graceSeconds 20 is too short"},
		{"audit-service", []string{"stop.drainSeconds=18", "stop.graceSeconds=60"}, "dapr.blockShutdownSeconds 20 is too short"},
		{"websocket-service", []string{"stop.drainSeconds=13"}, "dapr.blockShutdownSeconds 20 is too short"},
		{"backend-api", []string{"kafka.brokers={a:1}", "settings.PUBLIC_URL=https://a.b", "stop.drainSeconds=15"}, "dapr.blockShutdownSeconds 20 is too short"},
		{"audit-service", []string{"dapr.blockShutdownSeconds=35"}, "too short for the sidecar"},
		{"audit-service", []string{"dapr.nativeSidecar=true", "dapr.gracefulShutdownSeconds=25"}, "25 for its sidecar after it"},
		{"audit-service", []string{"ingress.enabled=true"}, "ingress.enabled is for the frontend"},
		{"backend-api", []string{"kafka.brokers={a:1}"}, "settings.PUBLIC_URL (or global.settings.PUBLIC_URL) is needed"},
		{"backend-api", []string{"kafka.brokers={a:1}", "settings.PUBLIC_URL=https://a.b", "settings.BETTER_AUTH_URL=https://c.d"}, "accounts builtin and settings.BETTER_AUTH_URL contradict each other"},
		{"backend-api", []string{"kafka.brokers={a:1}", "accounts=external", "settings.SIGN_UP=open"}, "SIGN_UP: open is for accounts: builtin"},
		{"", []string{"name=frontend"}, "settings.BACKEND_URL is needed"},
		{"frontend", []string{"ingress.enabled=true"}, "needs ingress.host"},
		{"frontend", []string{"setup.enabled=true"}, "the frontend has no database"},
	} {
		var files []string
		if c.service != "" {
			files = []string{valuesFile(c.service)}
		}
		_, err := render(service, files, c.sets...)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %v: %v", c.service, c.sets, err)
		}
	}
	if _, err := render(umbrella, nil); err == nil || !strings.Contains(err.Error(), "PUBLIC_URL") {
		t.Errorf("tasktide without PUBLIC_URL: %v", err)
	}
}

// ours are the settings that follow from other values, or that are of no use in a cluster.
var ours = []string{"TRANSPORT", "DATA_DIR", "API_HOST", "API_PORT", "AUTH", "DRAIN_TIMEOUT"}

// TestTheSchemaTakesEverySetting and no other: those of docs/configuration.md, which a test there compares with the code.
func TestTheSchemaTakesEverySetting(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(service + "/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	taken := schema.Defs["settings"].Properties
	documented := map[string]bool{}
	doc, err := os.Open(root + "/docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = doc.Close() }()
	row := regexp.MustCompile("^\\| `([A-Z_]+)`( \\(secret\\))? \\|")
	for lines := bufio.NewScanner(doc); lines.Scan(); {
		m := row.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		name, secret := m[1], m[2] != ""
		documented[name] = true
		set := slices.Contains(ours, name) || strings.HasPrefix(name, "KAFKA_") || strings.HasPrefix(name, "DAPR_")
		if _, ok := taken[name]; ok == (secret || set) {
			t.Errorf("%s: secret %v, set by the chart %v, taken by the schema %v", name, secret, set, ok)
		}
	}
	for name := range taken {
		if !documented[name] {
			t.Errorf("the schema takes %s, which is no setting", name)
		}
	}
}
