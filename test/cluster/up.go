package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

// Options says what Up brings up.
type Options struct {
	Transport  string                                // kafka or dapr
	Mixed      map[string]string                     // services on another transport than the others; the broker is the same
	Replicas   map[string]int                        // instances of a service; default 1
	Dir        string                                // data, logs, programs and secrets; a second Up with the same keeps the data
	Services   []string                              // nil: every service that apps/ has
	Partitions int                                   // of each topic; default 8
	Brokers    int                                   // default 1
	Pooled     bool                                  // a transaction pooler between services and database
	KnownPorts bool                                  // the services' default ports where they are free
	OwnerOnly  bool                                  // no roles are made: what runs connects as the owner of the database
	Env        []string                              // for every service, over ours
	Log        func(format string, args ...any)      // progress; may be nil
	Kafka      func(*KafkaOptions)                   // last word on the broker; may be nil
	Postgres   func(*PostgresOptions)                // last word on the database server; may be nil
	Daprd      func(service string, o *DaprdOptions) // last word on a sidecar; may be nil
}

// Cluster is a whole system that runs.
type Cluster struct {
	Transport     string
	Dir           string
	Postgres      *Postgres
	PgBouncer     *PgBouncer // nil without
	Kafka         *Kafka
	Services      map[string]*Service // by instance: websocket-service, and websocket-service-1 for a second one
	Sidecars      map[string]*Daprd   // likewise, of what runs on Dapr
	JWTSecretFile string

	options  Options
	places   map[instance]ports
	appToken string
	roles    map[string]string // the addresses of the database's roles
	served   map[string]string // where services reach it with them: the same, or the pooler
	dapr     RenderedDapr
}

// Database is the name of the system's database.
const Database = "tasktide"

// Up starts PostgreSQL, Kafka, with Dapr a sidecar for each service, migrates, gives each service a database role of its own,
// creates the topics and starts the services. What was started is stopped again when something fails.
func Up(ctx context.Context, o Options) (*Cluster, error) {
	for _, transport := range append(slices.Collect(maps.Values(o.Mixed)), o.Transport) {
		if transport != "kafka" && transport != "dapr" {
			return nil, fmt.Errorf("transport %q: want kafka or dapr", transport)
		}
	}
	if o.Partitions == 0 {
		o.Partitions = 8
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{Transport: o.Transport, Dir: dir, options: o,
		Services: map[string]*Service{}, Sidecars: map[string]*Daprd{}}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"secrets", c.prepare}, {"programs", c.build}, {"PostgreSQL", c.startPostgres}, {"Kafka", c.startKafka},
		{"schema", c.migrate}, {"roles", c.applyRoles}, {"pooler", c.startPooler}, {"topics", c.applyTopics}, {"Dapr's files", c.renderDapr}, {"services", c.startServices},
	} {
		began := time.Now()
		if err := step.do(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", step.what, err), c.Stop())
		}
		o.Log("%-14s ready in %s", step.what, time.Since(began).Round(time.Millisecond))
	}
	return c, nil
}

func (c *Cluster) prepare(context.Context) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	c.JWTSecretFile = filepath.Join(c.Dir, "jwt-secret")
	if _, err := keepSecret(c.JWTSecretFile); err != nil {
		return err
	}
	var err error
	c.appToken, err = keepSecret(filepath.Join(c.Dir, "app-api-token"))
	if err != nil || c.options.Services != nil {
		return err
	}
	c.options.Services, err = existingServices()
	return err
}

func (c *Cluster) build(ctx context.Context) error { return BuildApps(ctx, c.bin()) }

func (c *Cluster) bin() string { return filepath.Join(c.Dir, "bin") }

func (c *Cluster) startPostgres(ctx context.Context) error {
	o := PostgresOptions{Dir: filepath.Join(c.Dir, "postgres")}
	if c.options.Postgres != nil {
		c.options.Postgres(&o)
	}
	var err error
	if c.Postgres, err = NewPostgres(ctx, o); err != nil {
		return err
	}
	return c.Postgres.CreateDatabase(ctx, Database)
}

func (c *Cluster) startKafka(ctx context.Context) error {
	o := KafkaOptions{Dir: filepath.Join(c.Dir, "kafka"), Brokers: c.options.Brokers}
	if c.options.Kafka != nil {
		c.options.Kafka(&o)
	}
	var err error
	c.Kafka, err = NewKafka(ctx, o)
	return err
}

func (c *Cluster) migrate(ctx context.Context) error {
	_, err := c.Owner(ctx, nil, "migrate", "up")
	return err
}

// applyRoles has every service connect with no more rights than it needs, unless there is to be the owner only.
func (c *Cluster) applyRoles(ctx context.Context) error {
	c.roles = map[string]string{}
	var env []string
	for _, part := range sqlstore.Parts() {
		password, err := keepSecret(filepath.Join(c.Dir, "database-"+part))
		if err != nil {
			return err
		}
		c.roles[part] = c.Postgres.urlOf(Database, part, password)
		env = append(env, "DATABASE_URL_"+strings.ToUpper(strings.ReplaceAll(part, "-", "_"))+"="+c.roles[part])
	}
	if c.options.OwnerOnly {
		return nil
	}
	_, err := c.Owner(ctx, env, "roles", "apply")
	return err
}

// startPooler puts it between the services and the database; the command line, which migrates, goes past it.
func (c *Cluster) startPooler(ctx context.Context) error {
	c.served = map[string]string{}
	for part := range c.roles {
		c.served[part] = c.login(part)
	}
	if !c.options.Pooled {
		return nil
	}
	var err error
	c.PgBouncer, err = NewPgBouncer(ctx, filepath.Join(c.Dir, "pgbouncer"), slices.Collect(maps.Values(c.served))...)
	if err != nil {
		return err
	}
	for part, address := range c.served {
		if c.served[part], err = c.PgBouncer.URL(address); err != nil {
			return err
		}
	}
	c.options.Env = append(slices.Clone(c.options.Env), "DATABASE_POOLED=true")
	return nil
}

func (c *Cluster) applyTopics(ctx context.Context) error {
	_, err := c.Tasktide(ctx, "topics", "apply", "--partitions", strconv.Itoa(c.options.Partitions))
	return err
}

func (c *Cluster) renderDapr(context.Context) error {
	if !slices.ContainsFunc(c.instances(), func(i instance) bool { return i.transport == "dapr" }) {
		return nil
	}
	var err error
	c.dapr, err = RenderDapr(filepath.Join(c.Dir, "dapr"), Addresses{Brokers: c.Kafka.Brokers(), DatabaseURL: c.login(sqlstore.StateStore), OwnRole: !c.options.OwnerOnly})
	return err
}

// RoleURL is the address of the system's database with the rights of one service, or of another of sqlstore.Parts. With OwnerOnly it is that
// of a role that somebody may make.
func (c *Cluster) RoleURL(part string) string { return c.roles[part] }

// login is the address by which a part connects.
func (c *Cluster) login(part string) string {
	if c.options.OwnerOnly {
		return c.DatabaseURL()
	}
	return c.roles[part]
}

// DatabaseURL is the address of the system's database, as its owner.
func (c *Cluster) DatabaseURL() string { return c.Postgres.URL(Database) }

// URL is the address of a service, empty when it was not started.
func (c *Cluster) URL(service string) string {
	if s := c.Services[service]; s != nil {
		return s.URL()
	}
	return ""
}

// PublicURL is where people and their devices reach the system: the gateway, where there is one.
func (c *Cluster) PublicURL() string {
	for _, name := range []string{frontend, backend} {
		if p, ok := c.places[instance{service: name, transport: c.transportOf(name)}]; ok {
			return "http://" + loopback(p.http)
		}
	}
	return ""
}

// FirstRun is the link by which the first operator's account is made, as the process that has the accounts has printed it;
// "" when it has not.
func FirstRun(p *Process) string {
	return regexp.MustCompile(`http://\S+/sign-up\?code=\w+`).FindString(p.Tail(64 << 10))
}

// FirstRun is that of backend-api.
func (c *Cluster) FirstRun() string {
	if s := c.Services[backend]; s != nil {
		return FirstRun(s.Process())
	}
	return ""
}

// accounts says who has the accounts: backend-api, reached through the gateway.
func (c *Cluster) accounts(service string) []string {
	at, there := c.places[instance{service: backend, transport: c.transportOf(backend)}]
	switch {
	case !there:
		return nil
	case service == backend:
		return []string{"AUTH=builtin", "PUBLIC_URL=" + c.PublicURL(), "TRUSTED_PROXIES=loopback"}
	case service == frontend:
		return []string{"PUBLIC_URL=" + c.PublicURL()} // a peer on loopback is a client here
	}
	return []string{"BETTER_AUTH_URL=http://" + loopback(at.http), "PUBLIC_URL=" + c.PublicURL(), "TRUSTED_PROXIES=loopback"}
}

// Env is the environment that the command line gets, with the operator's rights.
func (c *Cluster) Env() []string { return c.env(c.Transport, c.login(sqlstore.Operator)) }

func (c *Cluster) env(transport, database string) []string {
	return []string{
		"ENVIRONMENT=development", "TRANSPORT=" + transport, "DATABASE_URL=" + database,
		"KAFKA_BROKERS=" + strings.Join(c.Kafka.Brokers(), ","), "JWT_SECRET_FILE=" + c.JWTSecretFile,
		"APP_API_TOKEN=" + c.appToken, "LOG_FORMAT=json",
	}
}

// Tasktide runs the operator's command line and returns its output.
func (c *Cluster) Tasktide(ctx context.Context, args ...string) (string, error) {
	return c.run(ctx, c.Env(), args...)
}

// Owner runs the command line as the owner of the database.
func (c *Cluster) Owner(ctx context.Context, env []string, args ...string) (string, error) {
	return c.run(ctx, append(c.env(c.Transport, c.DatabaseURL()), env...), args...)
}

func (c *Cluster) run(ctx context.Context, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin(), "tasktide"), args...)
	cmd.Env = append(append(BaseEnv(), env...), c.options.Env...)
	cmd.Dir = c.Dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("tasktide %s: %w\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out), err
}

// Token is a signed token for the user.
func (c *Cluster) Token(ctx context.Context, user string) (string, error) {
	out, err := c.Tasktide(ctx, "token", "--user", user)
	return strings.TrimSpace(out), err
}

// Servers are all processes, those that others need last.
func (c *Cluster) Servers() []*Server {
	var all []*Server
	for _, s := range c.Services {
		all = append(all, s.Server)
	}
	for _, d := range c.Sidecars {
		all = append(all, d.Server)
	}
	if c.Kafka != nil {
		for _, b := range c.Kafka.brokers {
			all = append(all, b.Server)
		}
	}
	if c.PgBouncer != nil {
		all = append(all, c.PgBouncer.Server)
	}
	if c.Postgres != nil {
		all = append(all, c.Postgres.Server)
	}
	return all
}

// Stop stops everything in an orderly way: services first, while their sidecars still answer, data stores last.
func (c *Cluster) Stop() error {
	services, sidecars := &group{}, &group{}
	for _, s := range c.Services {
		services.do(s.Stop)
	}
	errs := []error{services.wait()}
	for _, d := range c.Sidecars {
		sidecars.do(d.Stop)
	}
	errs = append(errs, sidecars.wait())
	if c.Kafka != nil {
		errs = append(errs, c.Kafka.Stop())
	}
	if c.PgBouncer != nil {
		errs = append(errs, c.PgBouncer.Stop())
	}
	if c.Postgres != nil {
		errs = append(errs, c.Postgres.Stop())
	}
	return errors.Join(errs...)
}

// existingServices are the folders of apps/ that hold a service.
func existingServices() ([]string, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	mains, err := filepath.Glob(filepath.Join(root, "apps", "*", "main.go"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range mains {
		if name := filepath.Base(filepath.Dir(m)); name != "tasktide" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}
