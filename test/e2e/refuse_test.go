package e2e

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

// refused starts a program that must end by itself with a failure, and returns all that it printed.
func refused(t *testing.T, env []string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	out, stderr, err := tasktide(ctx, t.TempDir(), env, args...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() <= 0 {
		t.Fatalf("it must fail by itself, got %v\n%s%s", err, out, stderr)
	}
	if out != "" {
		t.Errorf("a failure belongs on standard error, not on standard output: %q", out)
	}
	return stderr
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is not in:\n%s", p, text)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	return newNode(t, t.TempDir()).port
}

func TestASecondProcessOnTheSameDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := newNode(t, dir)
	must(t, n.Start(t.Context()))
	said := refused(t, []string{"DATA_DIR=" + n.data(), "API_PORT=" + freePort(t)}, "serve")
	contains(t, said, "another process is serving DATA_DIR "+n.data())
	if !n.Running() {
		t.Error("the first one ended")
	}
	said = refused(t, []string{"DATA_DIR=" + filepath.Join(dir, "other"), "API_PORT=" + n.port}, "serve")
	contains(t, said, "API_PORT", n.port)
}

func TestADatabaseOfANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	n := newNode(t, t.TempDir())
	must(t, n.Start(t.Context()))
	must(t, n.Stop())
	_, err := openSQLite(t, n.data()).ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	must(t, err)
	contains(t, refused(t, n.env(), "serve"), "9999", "newer version")
}

func TestADatabaseThatIsNotThereEndsTheStartWithItsName(t *testing.T) {
	t.Parallel()
	ports, err := cluster.FreePorts(1)
	must(t, err)
	began := time.Now()
	said := refused(t, []string{"DATABASE_URL=postgres://u:topsecret@127.0.0.1:" + strconv.Itoa(ports[0]) + "/tasktide", "API_PORT=" + freePort(t)}, "serve")
	contains(t, said, "can't start:", "DATABASE_URL", "did not answer")
	if strings.Contains(said, "topsecret") {
		t.Errorf("the password is printed: %s", said)
	}
	t.Logf("after %s", time.Since(began).Round(time.Millisecond))
}

func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		env   []string
		parts []string
	}{
		{"a misspelt name", []string{"DATABSE_URL=postgres://x"}, []string{"DATABSE_URL is not a setting", "did you mean DATABASE_URL"}},
		{"several at once", []string{"API_PORT=70000", "LOG_LEVEL=loud", "TRANSPORT=pigeon"}, []string{"API_PORT=70000", "LOG_LEVEL", "memory, kafka, dapr"}},
		{"no number, no time", []string{"API_PORT=http", "DRAIN_TIMEOUT=5"}, []string{`API_PORT="http": give a whole number`, `DRAIN_TIMEOUT="5": give a time`}},
		{"a short secret", []string{"JWT_SECRET=hunter2"}, []string{"JWT_SECRET", "32"}},
		{"a secret twice", []string{"JWT_SECRET=x", "JWT_SECRET_FILE=/dev/null"}, []string{"JWT_SECRET and JWT_SECRET_FILE are both set"}},
		{"Dapr in one process", []string{"TRANSPORT=dapr", "DATABASE_URL=postgres://h/d", "APP_API_TOKEN=0123456789abcdef0123456789abcdef"}, []string{"TRANSPORT=dapr needs a sidecar for each service"}},
		{"Kafka without brokers", []string{"TRANSPORT=kafka", "DATABASE_URL=postgres://h/d"}, []string{"KAFKA_"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			said := refused(t, c.env, "serve")
			contains(t, said, c.parts...)
			if strings.Contains(said, "hunter2") {
				t.Errorf("a secret is printed: %s", said)
			}
		})
	}
}

func TestConfigHidesSecrets(t *testing.T) {
	t.Parallel()
	out, stderr, err := tasktide(t.Context(), t.TempDir(), []string{
		"JWT_SECRET=0123456789-0123456789-0123456789-tops", "DATABASE_URL=postgres://u:topsecret@h/d", "KAFKA_SASL_PASSWORD=topsecret", "API_PORT=8123",
	}, "config")
	must(t, err)
	contains(t, out, "API_PORT=8123\n", "JWT_SECRET=(set, hidden)\n", "DATABASE_URL=(set, hidden)\n", "TRANSPORT=memory\n")
	if all := out + stderr; strings.Contains(all, "tops") {
		t.Errorf("a secret is printed:\n%s", all)
	}
}

// TestWithoutItsAuthSecretNothingStarts: the next key would be stored as it is, and nobody would notice.
func TestWithoutItsAuthSecretNothingStarts(t *testing.T) {
	t.Parallel()
	n := newNode(t, t.TempDir())
	const secret = "AUTH_SECRET=0123456789-0123456789-0123456789"
	_, _, err := tasktide(t.Context(), n.dir, append(n.env(), secret), "token", "--user", "alice")
	must(t, err)
	for _, command := range [][]string{{"serve"}, {"token", "--user", "alice"}} {
		contains(t, refused(t, n.env(), command...), "AUTH_SECRET is empty", "DELETE FROM signing_keys WHERE sealed")
	}
	_, _, err = tasktide(t.Context(), n.dir, append(n.env(), secret), "token", "--user", "alice")
	must(t, err)
}

// TestAnAuthSecretIsMissedBeforeItsKeySigns: a day later every sign-in would fail, in a process that had started well.
func TestAnAuthSecretIsMissedBeforeItsKeySigns(t *testing.T) {
	t.Parallel()
	n := newNode(t, t.TempDir())
	const secret = "AUTH_SECRET=0123456789-0123456789-0123456789"
	_, _, err := tasktide(t.Context(), n.dir, n.env(), "token", "--user", "alice")
	must(t, err)
	db := openSQLite(t, n.data())
	_, err = db.ExecContext(t.Context(), "UPDATE signing_keys SET signs_from = strftime('%Y-%m-%dT%H:%M:%f', 'now', '-29 days', '-12 hours') || substr(signs_from, 24)")
	must(t, err)
	_, _, err = tasktide(t.Context(), n.dir, append(n.env(), secret), "token", "--user", "alice")
	must(t, err)
	var next int
	must(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM signing_keys WHERE sealed AND signs_from > strftime('%Y-%m-%dT%H:%M:%f', 'now')").Scan(&next))
	if next != 1 {
		t.Fatalf("%d encrypted keys sign later", next)
	}
	for _, command := range [][]string{{"serve"}, {"token", "--user", "alice"}} {
		contains(t, refused(t, n.env(), command...), "AUTH_SECRET is empty")
	}
}

func TestTokenPrintsNothingElse(t *testing.T) {
	t.Parallel()
	n := newNode(t, t.TempDir())
	out, stderr, err := tasktide(t.Context(), n.dir, n.env(), "token", "--user", "alice") // before the first start
	must(t, err)
	if strings.Count(out, ".") != 2 || strings.TrimSpace(out)+"\n" != out || strings.ContainsAny(strings.TrimSpace(out), " \n") || stderr != "" {
		t.Fatalf("stdout %q, stderr %q", out, stderr)
	}
	must(t, n.Start(t.Context()))
	_, err = newClient(n.url(), "alice", strings.TrimSpace(out)).tasks(t.Context())
	must(t, err)
	for _, user := range []string{"", "a/b", "a?b"} {
		contains(t, refused(t, n.env(), "token", "--user", user), "--user")
	}
}
