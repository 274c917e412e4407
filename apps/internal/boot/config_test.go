package boot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tasktide/tasktide/core/domain"
)

const secret = "0123456789abcdef0123456789abcdef"

// environment is exactly vars for the rest of the test.
func environment(t *testing.T, vars map[string]string) {
	t.Helper()
	for _, s := range settings() {
		t.Setenv(s.name, "") // for the cleanup
		t.Setenv(s.name+"_FILE", "")
		_ = os.Unsetenv(s.name)
		_ = os.Unsetenv(s.name + "_FILE")
	}
	for name, value := range vars {
		t.Setenv(name, value)
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// says checks that err has every one of the parts.
func says(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("the error does not say %q:\n%v", p, err)
		}
	}
}

func TestWithoutAnySettingEverythingRunsInOneProcess(t *testing.T) {
	environment(t, nil)
	c, err := Load("", "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Transport != Memory || c.DatabaseURL != "sqlite:data/tasktide.db" || c.Address() != "127.0.0.1:8000" || !c.Embedded() {
		t.Errorf("%q", c.Lines())
	}
}

func TestEachServiceHasItsDefaultPort(t *testing.T) {
	environment(t, map[string]string{"TRANSPORT": Kafka, "KAFKA_BROKERS": "k:9092", "DATABASE_URL": "postgres://h/d", "JWT_SECRET": secret})
	for service, port := range map[domain.Service]int{
		domain.BackendAPI: 8000, domain.WebsocketService: 8001, domain.NotificationService: 8002, domain.AuditService: 8003, domain.RecurringService: 8004,
	} {
		c, err := Load(service, "")
		if err != nil || c.APIPort != port {
			t.Errorf("%s: port %d, %v", service, c.APIPort, err)
		}
	}
}

func TestAMisspeltNameInTheEnvironmentIsRefused(t *testing.T) {
	for name, meant := range map[string]string{
		"TRANSPROT": "TRANSPORT", "DATABSE_URL": "DATABASE_URL", "API_PROT": "API_PORT", "KAFKA_BROKER": "KAFKA_BROKERS",
		"LOG_LEVELS": "LOG_LEVEL", "JWT_SECRT": "JWT_SECRET", "DATA_DIRR": "DATA_DIR",
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, map[string]string{name: "x"})
			_, err := Load("", "")
			says(t, err, name, "did you mean "+meant+"?")
		})
	}
}

func TestVariablesOfOthersAreLeftAlone(t *testing.T) {
	environment(t, map[string]string{"PATH": os.Getenv("PATH"), "HOME": "/root", "KUBERNETES_SERVICE_HOST": "10.0.0.1", "POD_NAME": "a-0", "FRONTEND_ORIGIN": "http://b"})
	if _, err := Load("", ""); err != nil {
		t.Error(err)
	}
}

func TestAnyUnknownNameInAConfigFileIsRefused(t *testing.T) {
	environment(t, nil)
	file := write(t, "tasktide.env", "TRANSPROT=memory\nCOLOUR=blue\nLOG_LEVEL=debug\n")
	_, err := Load("", file)
	says(t, err, "TRANSPROT in "+file+" is not a setting (did you mean TRANSPORT?)", "COLOUR in "+file+" is not a setting")
}

func TestTheEnvironmentHasMoreWeightThanTheFile(t *testing.T) {
	environment(t, map[string]string{"LOG_LEVEL": "warn"})
	c, err := Load("", write(t, "tasktide.env", "LOG_LEVEL=debug\nLOG_FORMAT=json\n"))
	if err != nil || c.LogLevel != "warn" || c.LogFormat != "json" {
		t.Errorf("LOG_LEVEL=%s LOG_FORMAT=%s, %v", c.LogLevel, c.LogFormat, err)
	}
}

func TestAConfigFileThatIsNotThereIsNamed(t *testing.T) {
	environment(t, nil)
	_, err := Load("", "/nowhere/tasktide.env")
	says(t, err, "--config /nowhere/tasktide.env")
}

func TestEveryImpossibleValueIsNamedAtOnce(t *testing.T) {
	environment(t, map[string]string{
		"TRANSPORT": "carrier-pigeon", "MIGRATE_ON_START": "maybe", "LOG_FORMAT": "xml", "LOG_LEVEL": "loud", "API_PORT": "70000",
		"API_HOST": "http://here/", "DRAIN_TIMEOUT": "2h", "CORS_ORIGINS": "https://good.example,example.org,https://a.example/path",
		"BETTER_AUTH_URL": "ftp://issuer", "JWT_SECRET": "short", "EVENT_RETENTION": "59m", "NOTIFICATION_RETENTION": "23h",
	})
	_, err := Load("", "")
	says(t, err, `TRANSPORT="carrier-pigeon"`, "memory, kafka, dapr", `MIGRATE_ON_START="maybe"`, "auto, on, off", `LOG_FORMAT="xml"`,
		`LOG_LEVEL="loud"`, "API_PORT=70000", `API_HOST="http://here/"`, "DRAIN_TIMEOUT=2h0m0s", `CORS_ORIGINS: "example.org"`,
		`CORS_ORIGINS: "https://a.example/path"`, `BETTER_AUTH_URL="ftp://issuer"`, "JWT_SECRET has 5 bytes", "DATABASE_URL is needed",
		"EVENT_RETENTION=59m0s: keep", "NOTIFICATION_RETENTION=23h0m0s: keep")
	if strings.Contains(err.Error(), "https://good.example") || strings.Contains(err.Error(), "short") {
		t.Errorf("the error names what is right, or a secret:\n%v", err)
	}
}

func TestARateOfWritesThatIsNearlyNothingIsRefused(t *testing.T) {
	for value, good := range map[string]bool{"0": true, "0.001": true, "1000000": true, "0.0009": false, "1e-9": false, "-1": false, "1000001": false, "NaN": false, "Inf": false} {
		environment(t, map[string]string{"WRITE_RATE": value})
		_, err := Load("", "")
		if good && err != nil {
			t.Errorf("%s: %v", value, err)
		} else if !good {
			says(t, err, "WRITE_RATE=", "between 0.001 and 1000000")
		}
	}
}

func TestWaysToADatabaseThatDoNotFitTogetherAreRefused(t *testing.T) {
	postgres := "postgres://u:p@h/d"
	for want, vars := range map[string]map[string]string{
		"DATABASE_CONNECTIONS=3: choose between 4 and 1000":                   {"DATABASE_CONNECTIONS": "3"},
		"DATABASE_CONNECTIONS=1001: choose between 4 and 1000":                {"DATABASE_CONNECTIONS": "1001"},
		"DATABASE_POOLED is for a pooler between this process and PostgreSQL": {"DATABASE_POOLED": "true"},
		"MIGRATE_ON_START=on needs the database's own address":                {"DATABASE_POOLED": "true", "DATABASE_URL": postgres, "MIGRATE_ON_START": "on"},
		`DATABASE_POOLED="perhaps"`:                                           {"DATABASE_POOLED": "perhaps"},
	} {
		environment(t, vars)
		_, err := Load("", "")
		says(t, err, want)
	}
	environment(t, map[string]string{"DATABASE_POOLED": "true", "DATABASE_CONNECTIONS": "4", "DATABASE_URL": postgres})
	c, err := Load("", "")
	if got := c.database(); err != nil || !got.Pooled || got.MaxConns != 4 || got.URL != postgres {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAValueOfTheWrongTypeIsNamed(t *testing.T) {
	for name, value := range map[string]string{"API_PORT": "http", "DRAIN_TIMEOUT": "ten", "KAFKA_TLS": "perhaps", "DAPR_HTTP_PORT": "-"} {
		t.Run(name, func(t *testing.T) {
			environment(t, map[string]string{name: value})
			_, err := Load("", "")
			says(t, err, value)
		})
	}
}

func TestTheTransportsSettingsAreCheckedWithIt(t *testing.T) {
	base := map[string]string{"DATABASE_URL": "postgres://h/d", "JWT_SECRET": secret}
	with := func(more map[string]string) map[string]string {
		out := map[string]string{}
		for k, v := range base {
			out[k] = v
		}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	environment(t, with(map[string]string{"TRANSPORT": Kafka}))
	_, err := Load(domain.AuditService, "")
	says(t, err, "KAFKA_", "brokers")

	environment(t, with(map[string]string{"TRANSPORT": Kafka, "KAFKA_BROKERS": "nowhere", "KAFKA_SASL_MECHANISM": "KERBEROS", "KAFKA_TLS_CA": "ca.pem"}))
	_, err = Load(domain.AuditService, "")
	says(t, err, `"nowhere"`, `"KERBEROS"`, "TLS is not enabled")

	environment(t, with(map[string]string{"TRANSPORT": Dapr, "DAPR_GRPC_PORT": "0", "DAPR_APP_PORT": "65536"}))
	_, err = Load(domain.AuditService, "")
	says(t, err, "DAPR_GRPC_PORT=0", "DAPR_APP_PORT=65536 is no port")
	environment(t, with(map[string]string{"TRANSPORT": Dapr, "DAPR_APP_HOST": "0.0.0.0"}))
	_, err = Load(domain.AuditService, "")
	says(t, err, "DAPR_APP_HOST=0.0.0.0 lets others", "APP_API_TOKEN")
	environment(t, with(map[string]string{"TRANSPORT": Dapr, "DAPR_APP_HOST": "http://here"}))
	_, err = Load(domain.AuditService, "")
	says(t, err, `DAPR_APP_HOST="http://here" is no address`)
	environment(t, with(map[string]string{"TRANSPORT": Dapr, "API_PORT": "9000", "DAPR_APP_PORT": "9000"}))
	_, err = Load(domain.AuditService, "")
	says(t, err, "DAPR_APP_PORT and API_PORT are both 9000")
}

func TestASingleServiceNeedsATransportThatReachesTheOthers(t *testing.T) {
	environment(t, map[string]string{"TRANSPORT": Memory, "JWT_SECRET": secret})
	_, err := Load(domain.AuditService, "")
	says(t, err, "TRANSPORT=memory reaches nobody from audit-service alone", "tasktide serve", "kafka or dapr")

	environment(t, map[string]string{"JWT_SECRET": secret, "DATABASE_URL": "postgres://h/d"})
	_, err = Load(domain.BackendAPI, "")
	says(t, err, `TRANSPORT=""`, "choose one of memory, kafka, dapr")
}

func TestOneProcessCanNotRunOnDapr(t *testing.T) {
	environment(t, map[string]string{"TRANSPORT": Dapr, "DATABASE_URL": "postgres://h/d"})
	_, err := Load("", "")
	says(t, err, "TRANSPORT=dapr needs a sidecar for each service")
}

func TestASecretComesFromAFile(t *testing.T) {
	environment(t, map[string]string{"JWT_SECRET_FILE": write(t, "secret", secret+"\n")})
	c, err := Load("", "")
	if err != nil || c.JWTSecret != secret {
		t.Errorf("%q, %v", c.JWTSecret, err)
	}
}

func TestOnlySecretsHaveAFile(t *testing.T) {
	environment(t, nil)
	file := write(t, "tasktide.env", "LOG_LEVEL_FILE=/x\nDATABASE_URL_FILE=/nowhere\n")
	_, err := Load("", file)
	says(t, err, "LOG_LEVEL_FILE in "+file+" is not a setting")
}

func TestASecretsFileThatIsNotThereIsNamed(t *testing.T) {
	environment(t, map[string]string{"APP_API_TOKEN_FILE": "/nowhere/token"})
	_, err := Load("", "")
	says(t, err, "APP_API_TOKEN_FILE", "/nowhere/token")
}

func TestASecretAndItsFileTogetherAreRefused(t *testing.T) {
	environment(t, map[string]string{"JWT_SECRET": secret, "JWT_SECRET_FILE": write(t, "secret", secret)})
	_, err := Load("", "")
	says(t, err, "JWT_SECRET and JWT_SECRET_FILE are both set; keep one")
}

func TestLinesHideEverySecret(t *testing.T) {
	vars := map[string]string{"API_HOST": "0.0.0.0", "CORS_ORIGINS": "https://a.example,https://b.example"}
	for _, s := range settings() {
		if s.secret {
			vars[s.name] = "postgres://user:hunter2hunter2hunter2hunter2@h/d"
		}
	}
	environment(t, vars)
	c, err := Load("", "")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Join(c.Lines(), "\n")
	if strings.Contains(lines, "hunter2") {
		t.Errorf("a secret shows:\n%s", lines)
	}
	for _, s := range settings() {
		if s.secret && !strings.Contains(lines, s.name+"=(set, hidden)") {
			t.Errorf("%s is not there as set", s.name)
		}
	}
	for _, want := range []string{"API_HOST=0.0.0.0", "CORS_ORIGINS=https://a.example,https://b.example", "TRANSPORT=memory"} {
		if !strings.Contains(lines, want) {
			t.Errorf("no line %s in\n%s", want, lines)
		}
	}
}

func TestACommandBesideAServiceLoadsWhatItNeeds(t *testing.T) {
	environment(t, map[string]string{"TRANSPORT": Dapr, "DATABASE_URL": "postgres://h/d"})
	c, err := LoadForCommand("")
	if err != nil || c.DatabaseURL != "postgres://h/d" {
		t.Errorf("%q, %v", c.DatabaseURL, err)
	}
	environment(t, map[string]string{"TRANSPORT": Kafka})
	if c, err = LoadForCommand(""); err != nil || !c.Embedded() {
		t.Errorf("%q, %v", c.DatabaseURL, err)
	}
}
