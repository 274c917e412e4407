package upgrade

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/migrations"
	"github.com/tasktide/tasktide/test/cluster"
)

var update = flag.Bool("update", false, "store databases of schemas that have none yet") //nolint:gochecknoglobals // a flag

// versions are the schemas of a dialect, oldest first.
func versions(t *testing.T, folder string) (out []int64) {
	t.Helper()
	files, err := fs.Glob(migrations.FS, folder+"/*.up.sql")
	must(t, err)
	slices.Sort(files)
	for _, f := range files {
		n, err := strconv.ParseInt(filepath.Base(f)[:4], 10, 64)
		must(t, err)
		out = append(out, n)
	}
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sqliteFile(version int64) string   { return fmt.Sprintf("testdata/sqlite/%04d.db.gz", version) }
func postgresFile(version int64) string { return fmt.Sprintf("testdata/postgres/%04d.sql", version) }

func TestEachMigrationHasAStoredDatabase(t *testing.T) {
	for folder, name := range map[string]func(int64) string{"sqlite": sqliteFile, "postgres": postgresFile} {
		for _, v := range versions(t, folder) {
			if _, err := os.Stat(name(v)); err != nil && !*update {
				t.Errorf("%s is missing: a migration was added; run make stored-databases, and commit what it makes (%v)", name(v), err)
			}
		}
	}
}

// upTo are the migrations until version.
func upTo(t *testing.T, folder string, version int64) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	files, err := fs.Glob(migrations.FS, folder+"/*.sql")
	must(t, err)
	for _, f := range files {
		if filepath.Base(f)[:4] > fmt.Sprintf("%04d", version) {
			continue
		}
		text, err := fs.ReadFile(migrations.FS, f)
		must(t, err)
		out[f] = &fstest.MapFile{Data: text}
	}
	return out
}

func TestStoreDatabases(t *testing.T) {
	if !*update {
		t.Skip("make stored-databases runs it")
	}
	for _, v := range versions(t, "sqlite") {
		if _, err := os.Stat(sqliteFile(v)); err == nil {
			continue
		}
		path := filepath.Join(t.TempDir(), "tasktide.db")
		fill(t, "sqlite:"+path, "sqlite", v)
		b, err := os.ReadFile(path)
		must(t, err)
		var packed bytes.Buffer
		w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		must(t, err)
		_, err = w.Write(b)
		must(t, errors.Join(err, w.Close(), os.WriteFile(sqliteFile(v), packed.Bytes(), 0o644))) //nolint:gosec // no secret
	}
	var server *cluster.Postgres
	for _, v := range versions(t, "postgres") {
		if _, err := os.Stat(postgresFile(v)); err == nil {
			continue
		}
		if server == nil {
			server = startPostgres(t)
		}
		address := newDatabase(t, server, fmt.Sprintf("store%04d", v))
		fill(t, address, "postgres", v)
		must(t, os.WriteFile(postgresFile(v), dump(t, address), 0o644)) //nolint:gosec // no secret
	}
}

// fill makes a database as it was when version was the newest.
func fill(t *testing.T, address, folder string, version int64) {
	t.Helper()
	db, err := sqlstore.Open(sqlstore.Config{URL: address})
	must(t, err)
	_, err = sqlstore.MigrateFrom(t.Context(), db, upTo(t, folder, version), sqlstore.Up)
	must(t, errors.Join(err, db.Close()))
	raw := connect(t, address)
	for _, s := range data().asOf(version).inserts(version, folder == "postgres") {
		if _, err := raw.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if folder == "sqlite" {
		_, err = raw.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
		must(t, err)
	}
	must(t, raw.Close())
}

// connect is a connection that is not ours.
func connect(t *testing.T, address string) *sql.DB {
	t.Helper()
	driver, source := "pgx", address
	if path, lite := strings.CutPrefix(address, "sqlite:"); lite {
		driver, source = "sqlite", path+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, source)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func startPostgres(t *testing.T) *cluster.Postgres {
	t.Helper()
	dir, err := os.MkdirTemp("", "upgrade-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755)) //nolint:gosec // the server's account enters it
	return cluster.StartPostgres(t, cluster.PostgresOptions{Dir: dir, Fast: true})
}

func newDatabase(t *testing.T, p *cluster.Postgres, name string) (address string) {
	t.Helper()
	must(t, p.CreateDatabase(t.Context(), name))
	return p.URL(name)
}

// client is a program of PostgreSQL's.
func client(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%v: it comes with PostgreSQL", err)
	}
	var errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, &errs)
	}
	return out
}

// dump is what pg_dump writes, without what only its version and psql understand.
func dump(t *testing.T, address string) []byte {
	t.Helper()
	var out bytes.Buffer
	for line := range strings.Lines(string(client(t, "pg_dump", "--inserts", "--no-owner", "--dbname", address))) {
		if line == "\n" || strings.HasPrefix(line, "--") || strings.HasPrefix(line, `\`) || strings.HasPrefix(line, "SET ") || strings.HasPrefix(line, "SELECT pg_catalog.set_config") {
			continue
		}
		out.WriteString(line)
	}
	return out.Bytes()
}

// stored is a copy of a stored database, as addresses say it.
func storedSQLite(t *testing.T, version int64) (address string) {
	t.Helper()
	f, err := os.Open(sqliteFile(version))
	must(t, err)
	defer f.Close()
	r, err := gzip.NewReader(f)
	must(t, err)
	b, err := io.ReadAll(r)
	must(t, err)
	path := filepath.Join(t.TempDir(), "tasktide.db")
	must(t, os.WriteFile(path, b, 0o600))
	return "sqlite:" + path
}

func storedPostgres(t *testing.T, p *cluster.Postgres, version int64) (address string) {
	t.Helper()
	address = newDatabase(t, p, fmt.Sprintf("stored%04d", version))
	text, err := os.ReadFile(postgresFile(version))
	must(t, err)
	ctx := context.Background()
	c, err := pgx.Connect(ctx, address)
	must(t, err)
	_, err = c.PgConn().Exec(ctx, string(text)).ReadAll()
	must(t, errors.Join(err, c.Close(ctx)))
	return address
}

func databaseOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return strings.TrimPrefix(u.Path, "/")
}
