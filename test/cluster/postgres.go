package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresOptions says where and how a PostgreSQL server runs.
type PostgresOptions struct {
	Dir      string            // data, password and log; kept between starts
	Port     int               // 0: a free one
	Fast     bool              // no fsync: for tests that measure nothing and lose nothing
	Settings map[string]string // server settings, over ours
}

// Postgres is one server, with a superuser "tasktide" who has a random password.
type Postgres struct {
	*Server
	port     int
	password string
}

const postgresUser = "tasktide"

// NewPostgres prepares the data directory (once) and starts the server.
func NewPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	if o.Port == 0 {
		ports, err := FreePorts(1)
		if err != nil {
			return nil, err
		}
		o.Port = ports[0]
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	password, err := initPostgres(ctx, bin, dir, account)
	if err != nil {
		return nil, fmt.Errorf("prepare PostgreSQL in %s: %w", dir, err)
	}
	p := &Postgres{port: o.Port, password: password}
	p.Server = &Server{within: 30 * time.Second, ready: p.ping, command: Command{
		Name: "postgres", Path: filepath.Join(bin, "postgres"), Args: postgresArgs(dir, o), Dir: filepath.Join(dir, "data"),
		Env: BaseEnv("LC_ALL=C"), Log: filepath.Join(dir, "postgres.log"),
		Credential: account, StopSignal: syscall.SIGINT, // "fast": ends sessions, writes a checkpoint
	}}
	return p, p.Start(ctx)
}

func postgresArgs(dir string, o PostgresOptions) []string {
	settings := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    strconv.Itoa(o.Port),
		"unix_socket_directories": "", // paths of sockets have a length limit that test directories exceed
		"max_connections":         "200",
		"log_min_messages":        "warning",
	}
	if o.Fast {
		settings["fsync"], settings["synchronous_commit"], settings["full_page_writes"] = "off", "off", "off"
	}
	maps.Copy(settings, o.Settings)
	args := []string{"-D", filepath.Join(dir, "data")}
	for _, k := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", k+"="+settings[k])
	}
	return args
}

// initPostgres creates the data directory unless it is there, and returns the superuser's password.
func initPostgres(ctx context.Context, bin, dir string, account *syscall.Credential) (string, error) {
	data, secret := filepath.Join(dir, "data"), filepath.Join(dir, "password")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := reachable(dir, account); err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err == nil {
		b, err := os.ReadFile(secret)
		return string(b), err
	}
	password, err := writeSecret(secret)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", err
	}
	if account != nil {
		for _, path := range []string{data, secret} {
			if err := os.Chown(path, int(account.Uid), int(account.Gid)); err != nil {
				return "", err
			}
		}
	}
	return password, runOnce(ctx, account, data, filepath.Join(bin, "initdb"), "--pgdata", data, "--username", postgresUser,
		"--pwfile", secret, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync")
}

// URL is the address of a database on this server.
func (p *Postgres) URL(db string) string { return p.urlOf(db, postgresUser, p.password) }

func (p *Postgres) urlOf(db, user, password string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: loopback(p.port),
		Path: db, RawQuery: "sslmode=disable"}
	return u.String()
}

// Port is the server's port on 127.0.0.1.
func (p *Postgres) Port() int { return p.port }

// CreateDatabase creates a database; one that exists is left as it is.
func (p *Postgres) CreateDatabase(ctx context.Context, name string) error {
	return p.with(ctx, func(c *pgx.Conn) error {
		var exists bool
		err := c.QueryRow(ctx, "select exists(select from pg_database where datname = $1)", name).Scan(&exists)
		if err != nil || exists {
			return err
		}
		_, err = c.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize())
		return err
	})
}

func (p *Postgres) ping(ctx context.Context) error {
	return p.with(ctx, func(c *pgx.Conn) error { return c.Ping(ctx) })
}

func (p *Postgres) with(ctx context.Context, do func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, p.URL("postgres"))
	if err != nil {
		return err
	}
	return errors.Join(do(c), c.Close(ctx))
}

// postgresBin finds the newest installed server: PG_BIN, the folders of Debian, PATH.
func postgresBin() (string, error) {
	var places []string
	if own := os.Getenv("PG_BIN"); own != "" {
		places = append(places, own)
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(debian, func(a, b string) int { return version(b) - version(a) })
	places = append(places, debian...)
	places = append(places, filepath.SplitList(os.Getenv("PATH"))...)
	for _, dir := range places {
		if executable(filepath.Join(dir, "initdb")) && executable(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("PostgreSQL server programs (initdb, postgres): %w; "+
		"install the package postgresql or name their folder in PG_BIN", ErrMissing)
}

func version(bin string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(filepath.Dir(bin), "/usr/lib/postgresql/"))
	return n
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
