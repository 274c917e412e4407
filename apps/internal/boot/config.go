package boot

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"

	"github.com/tasktide/tasktide/adapters/auth"
	"github.com/tasktide/tasktide/adapters/dapr"
	"github.com/tasktide/tasktide/adapters/forwarded"
	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/adapters/telemetry"
	"github.com/tasktide/tasktide/core/domain"
)

// The transports.
const (
	Memory = "memory"
	Kafka  = "kafka"
	Dapr   = "dapr"
)

// Config is everything that can be configured, by the names of its variables.
// Fields marked secret can also be given as the path of a file in NAME_FILE, and
// are never printed.
type Config struct {
	Environment string `env:"ENVIRONMENT" envDefault:"development"`
	Transport   string `env:"TRANSPORT"`
	DatabaseURL string `env:"DATABASE_URL" secret:"true"`
	DataDir     string `env:"DATA_DIR" envDefault:"./data"`
	Migrate     string `env:"MIGRATE_ON_START" envDefault:"auto"`

	DatabaseConnections int  `env:"DATABASE_CONNECTIONS" envDefault:"16"`
	DatabasePooled      bool `env:"DATABASE_POOLED"`

	// The addresses of the parts' own database roles, for tasktide roles.
	BackendAPIURL          string `env:"DATABASE_URL_BACKEND_API" secret:"true"`
	AuditServiceURL        string `env:"DATABASE_URL_AUDIT_SERVICE" secret:"true"`
	NotificationServiceURL string `env:"DATABASE_URL_NOTIFICATION_SERVICE" secret:"true"`
	RecurringServiceURL    string `env:"DATABASE_URL_RECURRING_SERVICE" secret:"true"`
	WebsocketServiceURL    string `env:"DATABASE_URL_WEBSOCKET_SERVICE" secret:"true"`
	OperatorURL            string `env:"DATABASE_URL_OPERATOR" secret:"true"`
	StateStoreURL          string `env:"DATABASE_URL_STATE_STORE" secret:"true"`

	APIHost       string   `env:"API_HOST" envDefault:"127.0.0.1"`
	APIPort       int      `env:"API_PORT"`
	BackendURL    string   `env:"BACKEND_URL" envDefault:"http://127.0.0.1:8000"`
	WebsocketURL  string   `env:"WEBSOCKET_URL" envDefault:"http://127.0.0.1:8001"`
	CORSOrigins   []string `env:"CORS_ORIGINS"`
	JWTSecret     string   `env:"JWT_SECRET" secret:"true"`
	BetterAuthURL string   `env:"BETTER_AUTH_URL"`
	JWTIssuer     string   `env:"JWT_ISSUER"`
	JWTAudience   string   `env:"JWT_AUDIENCE"`

	TrustedProxies []string `env:"TRUSTED_PROXIES"`

	Auth       string `env:"AUTH"`
	PublicURL  string `env:"PUBLIC_URL"`
	SignUp     string `env:"SIGN_UP" envDefault:"closed"`
	AuthSecret string `env:"AUTH_SECRET" secret:"true"`

	KafkaBrokers       []string `env:"KAFKA_BROKERS"`
	KafkaTLS           bool     `env:"KAFKA_TLS"`
	KafkaTLSCA         string   `env:"KAFKA_TLS_CA"`
	KafkaTLSCert       string   `env:"KAFKA_TLS_CERT"`
	KafkaTLSKey        string   `env:"KAFKA_TLS_KEY"`
	KafkaSASLMechanism string   `env:"KAFKA_SASL_MECHANISM"`
	KafkaSASLUser      string   `env:"KAFKA_SASL_USER"`
	KafkaSASLPassword  string   `env:"KAFKA_SASL_PASSWORD" secret:"true"`

	DaprHost     string `env:"DAPR_HOST" envDefault:"127.0.0.1"`
	DaprHTTPPort int    `env:"DAPR_HTTP_PORT" envDefault:"3500"`
	DaprGRPCPort int    `env:"DAPR_GRPC_PORT" envDefault:"50001"`
	DaprAppHost  string `env:"DAPR_APP_HOST" envDefault:"127.0.0.1"`
	DaprAppPort  int    `env:"DAPR_APP_PORT" envDefault:"50051"`
	AppAPIToken  string `env:"APP_API_TOKEN" secret:"true"`
	DaprAPIToken string `env:"DAPR_API_TOKEN" secret:"true"`

	WriteRate  float64 `env:"WRITE_RATE" envDefault:"50"`
	WriteBurst int     `env:"WRITE_BURST" envDefault:"500"`

	Drain                 time.Duration `env:"DRAIN_TIMEOUT" envDefault:"10s"`
	EventRetention        time.Duration `env:"EVENT_RETENTION" envDefault:"720h"`
	NotificationRetention time.Duration `env:"NOTIFICATION_RETENTION" envDefault:"2160h"`
	Heartbeat             Interval      `env:"WS_HEARTBEAT_INTERVAL" envDefault:"25s"`
	ReminderCheck         Interval      `env:"REMINDER_CHECK_INTERVAL" envDefault:"1m"`

	LogLevel  string `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat string `env:"LOG_FORMAT" envDefault:"text"`

	// Service is the one that runs in this process; "" for all in one.
	Service domain.Service `env:"-"`

	otel telemetry.Settings // OpenTelemetry's own variables
}

// Who issues tokens.
const (
	builtin  = "builtin"
	external = "external"
)

// ports are where the services listen unless API_PORT says otherwise.
func defaultPort(s domain.Service) int {
	switch s {
	case domain.WebsocketService:
		return 8001
	case domain.NotificationService:
		return 8002
	case domain.AuditService:
		return 8003
	case domain.RecurringService:
		return 8004
	case Frontend:
		return 3000
	}
	return 8000
}

// Load reads the configuration of service ("" for all in one process) from the
// environment and, with less weight, from a file of NAME=value lines. All that is
// wrong is in the error, each by the name of its variable.
func Load(service domain.Service, file string) (Config, error) {
	vars, err := variables(os.Environ(), file)
	if err != nil {
		return Config{}, err
	}
	c := Config{Service: service, otel: otelSettings(vars)}
	if err := c.parse(vars); err != nil {
		return c, err
	}
	c.fill()
	return c, c.Validate()
}

// LoadForCommand reads the configuration for a command that does not serve: what
// only serving needs may be missing, so that it works beside any service.
func LoadForCommand(file string) (Config, error) {
	vars, err := variables(os.Environ(), file)
	if err != nil {
		return Config{}, err
	}
	var c Config
	if err := c.parse(vars); err != nil {
		return c, err
	}
	if c.DatabaseURL == "" {
		c.Transport = Memory
	}
	c.fill()
	return c, nil
}

// parse fills the fields. Its error names variables, not our fields.
func (c *Config) parse(vars map[string]string) error {
	err := env.ParseWithOptions(c, env.Options{Environment: vars})
	var all env.AggregateError
	if !errors.As(err, &all) {
		return err
	}
	var errs []error
	for _, err := range all.Errors {
		var wrong env.ParseError
		if errors.As(err, &wrong) {
			name := variableOf(wrong.Name)
			err = fmt.Errorf("%s=%q: give %s", name, vars[name], example(wrong.Type))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// variables merges the environment over the file, reads NAME_FILE of secrets, and
// refuses a name that looks like a misspelt one.
func variables(environ []string, file string) (map[string]string, error) {
	vars := map[string]string{}
	var errs []error
	if file != "" {
		read, err := godotenv.Read(file)
		if err != nil {
			return nil, fmt.Errorf("--config %s can't be read: %w", file, err)
		}
		for name, value := range read {
			if !known(name) && !strings.HasPrefix(name, otelPrefix) {
				errs = append(errs, fmt.Errorf("%s in %s is not a setting%s", name, file, suggestion(name)))
			}
			vars[name] = value
		}
	}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if s := suggestion(name); s != "" && !known(name) {
			errs = append(errs, fmt.Errorf("%s is not a setting%s", name, s))
		}
		vars[name] = value
	}
	for _, s := range settings() {
		path, given := vars[s.name+"_FILE"]
		if !s.secret || !given || path == "" {
			continue
		}
		if vars[s.name] != "" {
			errs = append(errs, fmt.Errorf("%s and %s_FILE are both set; keep one", s.name, s.name))
			continue
		}
		b, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			errs = append(errs, fmt.Errorf("%s_FILE: %w", s.name, err))
		}
		vars[s.name] = strings.TrimRight(string(b), "\r\n")
	}
	return vars, errors.Join(errs...)
}

func (c *Config) fill() {
	if c.APIPort == 0 {
		c.APIPort = defaultPort(c.Service)
	}
	if c.Service == "" && c.Transport == "" {
		c.Transport = Memory
	}
	if c.DatabaseURL == "" && c.Transport == Memory {
		c.DatabaseURL = "sqlite:" + filepath.Join(c.DataDir, "tasktide.db")
	}
	if c.Auth == "" {
		c.Auth = external
		if c.BetterAuthURL == "" && c.JWTSecret == "" && c.mayServeAccounts() {
			c.Auth = builtin
		}
	}
	c.BackendURL, c.WebsocketURL = strings.TrimRight(c.BackendURL, "/"), strings.TrimRight(c.WebsocketURL, "/")
	c.BetterAuthURL, c.PublicURL = strings.TrimRight(c.BetterAuthURL, "/"), strings.TrimRight(c.PublicURL, "/")
	if c.PublicURL == "" && c.servesAccounts() && loopback(c.APIHost) {
		c.PublicURL = "http://" + c.Address()
	}
}

// mayServeAccounts says that the built-in accounts would be in this process.
func (c *Config) mayServeAccounts() bool { return c.Service == "" || c.Service == domain.BackendAPI }

// servesAccounts says that the built-in accounts are in this process.
func (c *Config) servesAccounts() bool { return c.Auth == builtin && c.mayServeAccounts() }

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Validate returns everything that is wrong, joined.
func (c *Config) Validate() error {
	var errs []error
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	oneOf := func(name, v string, choices ...string) {
		bad(!slices.Contains(choices, v), "%s=%q: choose one of %s", name, v, strings.Join(choices, ", "))
	}
	if c.Service == Frontend { // no transport, no database: it may be given their settings all the same
		c.validateServer(bad, oneOf)
		c.validateGateway(bad)
		return errors.Join(errs...)
	}
	oneOf("TRANSPORT", c.Transport, Memory, Kafka, Dapr)
	bad(c.Service != "" && c.Transport == Memory, "TRANSPORT=memory reaches nobody from %s alone: run all services in one process with tasktide serve, or choose kafka or dapr", c.Service)
	bad(c.Service == "" && c.Transport == Dapr, "TRANSPORT=dapr needs a sidecar for each service: run the services as processes of their own")
	oneOf("MIGRATE_ON_START", c.Migrate, "auto", "on", "off")
	c.validateServer(bad, oneOf)
	bad(c.DataDir == "", "DATA_DIR is empty")
	bad(c.JWTSecret != "" && len(c.JWTSecret) < auth.MinSecret, "JWT_SECRET has %d bytes, it needs at least %d: make one with openssl rand -base64 48", len(c.JWTSecret), auth.MinSecret)
	bad(c.Heartbeat < Interval(time.Second) || c.Heartbeat > Interval(time.Hour), "WS_HEARTBEAT_INTERVAL=%s: choose between 1s and 1h", c.Heartbeat)
	bad(c.WriteRate != 0 && (c.WriteRate < 0.001 || c.WriteRate > 1e6 || c.WriteRate != c.WriteRate), "WRITE_RATE=%g: choose between 0.001 and 1000000 writes of one user a second, or 0 for no limit", c.WriteRate)
	bad(c.WriteBurst < 1 || c.WriteBurst > 1e6, "WRITE_BURST=%d: choose between 1 and 1000000 writes of one user at once", c.WriteBurst)
	c.validateAuth(bad, oneOf)
	bad(c.DatabaseURL != "" && !slices.ContainsFunc([]string{"postgres://", "postgresql://", "sqlite:"}, func(p string) bool { return strings.HasPrefix(c.DatabaseURL, p) }),
		"DATABASE_URL begins with %.8q: it must begin with postgres:// or sqlite:", c.DatabaseURL)
	bad(c.DatabaseConnections < 4 || c.DatabaseConnections > 1000, "DATABASE_CONNECTIONS=%d: choose between 4 and 1000 connections for requests; exports may hold 2 of them for minutes", c.DatabaseConnections)
	bad(c.DatabasePooled && c.Embedded(), "DATABASE_POOLED is for a pooler between this process and PostgreSQL, and DATABASE_URL is an SQLite file: remove one of them")
	bad(c.DatabasePooled && c.Migrate == "on", "MIGRATE_ON_START=on needs the database's own address, and DATABASE_POOLED says that DATABASE_URL is a pooler's: run tasktide migrate up with the other address")
	bad(c.EventRetention < time.Hour, "EVENT_RETENTION=%s: keep events for at least 1h, so that clients can catch up", c.EventRetention)
	bad(c.NotificationRetention < 24*time.Hour, "NOTIFICATION_RETENTION=%s: keep notifications for at least 24h, so that users can read them", c.NotificationRetention)
	bad(c.ReminderCheck < Interval(time.Second) || c.ReminderCheck > Interval(time.Hour), "REMINDER_CHECK_INTERVAL=%s: choose between 1s and 1h", c.ReminderCheck)
	bad(c.DatabaseURL == "" && c.Transport != Memory, "DATABASE_URL is needed with TRANSPORT=%s, for instance postgres://user:password@host/tasktide", c.Transport)
	if err := c.otel.Validate(); err != nil {
		errs = append(errs, err)
	}
	if c.Transport == Kafka {
		if err := c.KafkaConfig().Validate(); err != nil {
			errs = append(errs, fmt.Errorf("KAFKA_*: %w", err))
		}
	}
	if c.Transport == Dapr {
		if err := c.dapr().Validate(); err != nil {
			errs = append(errs, fmt.Errorf("DAPR_*: %w", err))
		}
		bad(c.DaprAppPort < 1 || c.DaprAppPort > 65535, "DAPR_APP_PORT=%d is no port (1 to 65535)", c.DaprAppPort)
		bad(c.DaprAppHost == "" || strings.ContainsAny(c.DaprAppHost, " /"), "DAPR_APP_HOST=%q is no address", c.DaprAppHost)
		bad(!loopback(c.DaprAppHost) && c.AppAPIToken == "", "DAPR_APP_HOST=%s lets others than the sidecar deliver events: set APP_API_TOKEN, or keep 127.0.0.1, where a sidecar in the same pod reaches it", c.DaprAppHost)
		bad(c.DaprAppPort == c.APIPort, "DAPR_APP_PORT and API_PORT are both %d: the sidecar and everybody else need a port each", c.APIPort)
	}
	return errors.Join(errs...)
}

// validateServer checks what every process has that listens.
func (c *Config) validateServer(bad func(wrong bool, format string, args ...any), oneOf func(name, value string, choices ...string)) {
	oneOf("LOG_FORMAT", c.LogFormat, "text", "json")
	var level slog.Level
	bad(level.UnmarshalText([]byte(c.LogLevel)) != nil, "LOG_LEVEL=%q: choose one of debug, info, warn, error", c.LogLevel)
	bad(c.APIPort < 1 || c.APIPort > 65535, "API_PORT=%d is no port (1 to 65535)", c.APIPort)
	bad(c.APIHost == "" || strings.ContainsAny(c.APIHost, " /"), "API_HOST=%q is no address", c.APIHost)
	bad(c.Drain < 0 || c.Drain > time.Hour, "DRAIN_TIMEOUT=%s: choose between 0s and 1h", c.Drain)
	for _, o := range c.CORSOrigins {
		if o == "*" { // every origin, without credentials
			continue
		}
		u, err := url.Parse(o)
		bad(err != nil || u.Scheme == "" || u.Host == "" || strings.Trim(u.Path, "/") != "", "CORS_ORIGINS: %q is no origin such as https://tasks.example.org", o)
	}
	if c.BetterAuthURL != "" {
		u, err := url.Parse(c.BetterAuthURL)
		bad(err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "", "BETTER_AUTH_URL=%q is no http or https address", c.BetterAuthURL)
	}
	_, err := forwarded.Parse(c.TrustedProxies)
	bad(err != nil, "TRUSTED_PROXIES: %w", err)
	bad(c.PublicURL != "" && !isOrigin(c.PublicURL), "PUBLIC_URL=%q is no address such as https://tasks.example.org, without a path", c.PublicURL)
}

// Address is where the process listens.
func (c *Config) Address() string { return net.JoinHostPort(c.APIHost, strconv.Itoa(c.APIPort)) }

// SidecarAddress is where the process listens for its Dapr sidecar.
func (c *Config) SidecarAddress() string {
	return net.JoinHostPort(c.DaprAppHost, strconv.Itoa(c.DaprAppPort))
}

// Embedded says that the database is a file in DataDir.
func (c *Config) Embedded() bool { return strings.HasPrefix(c.DatabaseURL, "sqlite:") }

// KafkaConfig is how to reach the brokers.
func (c *Config) KafkaConfig() kafka.Config {
	name := string(c.Service)
	if name == "" {
		name = "tasktide"
	}
	return kafka.Config{
		Brokers: c.KafkaBrokers, ClientID: name,
		TLS:  kafka.TLS{Enable: c.KafkaTLS, CAFile: c.KafkaTLSCA, CertFile: c.KafkaTLSCert, KeyFile: c.KafkaTLSKey},
		SASL: kafka.SASL{Mechanism: c.KafkaSASLMechanism, User: c.KafkaSASLUser, Password: c.KafkaSASLPassword},
	}
}

func (c *Config) dapr() dapr.Config {
	d := dapr.DefaultConfig()
	d.Host, d.HTTPPort, d.GRPCPort = c.DaprHost, c.DaprHTTPPort, c.DaprGRPCPort
	d.AppToken, d.DaprToken = c.AppAPIToken, c.DaprAPIToken
	return d
}
