package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PgBouncer is a transaction pooler in front of a PostgreSQL server: each transaction of a client may be on another
// connection than the one before.
type PgBouncer struct {
	*Server
	port int
	list string // of users
}

// NewPgBouncer starts one, for the users of addresses, which lead to the server. It is ready when the first of them can connect.
func NewPgBouncer(ctx context.Context, dir string, addresses ...string) (*PgBouncer, error) {
	path, err := pgbouncerPath()
	if err != nil {
		return nil, err
	}
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	ports, err := FreePorts(1)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	config, err := pgbouncerFiles(dir, ports[0], addresses)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(handOver(dir, account), reachable(dir, account)); err != nil {
		return nil, err
	}
	b := &PgBouncer{port: ports[0], list: filepath.Join(dir, "users.txt")}
	through, err := b.URL(addresses[0])
	if err != nil {
		return nil, err
	}
	b.Server = &Server{within: 15 * time.Second, ready: func(ctx context.Context) error { return pingThrough(ctx, through) }, command: Command{
		Name: "pgbouncer", Path: path, Args: []string{config}, Dir: dir, Env: BaseEnv(), Log: filepath.Join(dir, "pgbouncer.log"),
		Credential: account, StopSignal: syscall.SIGTERM,
	}}
	return b, b.Start(ctx)
}

// URL is address through the pooler.
func (b *PgBouncer) URL(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	u.Host = loopback(b.port)
	return u.String(), nil
}

// Knows gives the user of address the password of address, and returns when clients get in by it.
func (b *PgBouncer) Knows(tb testing.TB, address string) {
	tb.Helper()
	cfg, err := pgx.ParseConfig(address)
	must(tb, err)
	text, err := os.ReadFile(b.list)
	must(tb, err)
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, doubled(cfg.User)+" ") {
			lines[i] = doubled(cfg.User) + " " + doubled(cfg.Password)
		}
	}
	must(tb, os.WriteFile(b.list, []byte(strings.Join(lines, "\n")), 0o600))
	must(tb, b.Process().signalAll(syscall.SIGHUP)) // it reads its files again
	through, err := b.URL(address)
	must(tb, err)
	ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Second)
	defer cancel()
	for pingThrough(ctx, through) != nil {
		if ctx.Err() != nil {
			tb.Fatalf("%s does not get in through the pooler", cfg.User)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func pgbouncerPath() (string, error) {
	if path, err := exec.LookPath("pgbouncer"); err == nil {
		return path, nil
	}
	const debians = "/usr/sbin/pgbouncer" // not on everybody's PATH
	if _, err := os.Stat(debians); err != nil {
		return "", fmt.Errorf("pgbouncer is not installed: %w", ErrMissing)
	}
	return debians, nil
}

// pgbouncerFiles writes what it reads and returns the path of its configuration.
func pgbouncerFiles(dir string, port int, addresses []string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	var users strings.Builder
	var server string
	for _, address := range addresses {
		cfg, err := pgx.ParseConfig(address)
		if err != nil {
			return "", err
		}
		server = fmt.Sprintf("host=%s port=%d", cfg.Host, cfg.Port)
		fmt.Fprintf(&users, "%s %s\n", doubled(cfg.User), doubled(cfg.Password))
	}
	list, config := filepath.Join(dir, "users.txt"), filepath.Join(dir, "pgbouncer.ini")
	settings := fmt.Sprintf(`[databases]
* = %s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = plain
auth_file = %s
pool_mode = transaction
default_pool_size = 4
max_client_conn = 1000
server_login_retry = 1
`, server, strconv.Itoa(port), list)
	return config, errors.Join(os.WriteFile(list, []byte(users.String()), 0o600), os.WriteFile(config, []byte(settings), 0o600))
}

func doubled(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

func handOver(dir string, account *syscall.Credential) error {
	if account == nil {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, int(account.Uid), int(account.Gid)))
	})
}

func pingThrough(ctx context.Context, address string) error {
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	return errors.Join(c.Ping(ctx), c.Close(ctx))
}
