package store_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/migrations"
	"github.com/tasktide/tasktide/test/cluster"
)

func TestMain(m *testing.M) {
	code := m.Run()
	server.stop()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// server is the one PostgreSQL of this package, started when it is first
// needed: TASKTIDE_TEST_POSTGRES, or one of our own.
var server postgres

type postgres struct {
	once  sync.Once
	own   *cluster.Postgres
	dir   string
	url   string
	err   error
	count atomic.Int64
}

func (p *postgres) start(t testing.TB) {
	p.once.Do(func() {
		if p.url = os.Getenv("TASKTIDE_TEST_POSTGRES"); p.url != "" {
			return
		}
		if p.dir, p.err = os.MkdirTemp("", "store-"); p.err != nil {
			return
		}
		if p.err = os.Chmod(p.dir, 0o755); p.err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if p.own, p.err = cluster.NewPostgres(ctx, cluster.PostgresOptions{Dir: p.dir, Fast: true}); p.err == nil {
			p.url = p.own.URL("postgres")
		}
	})
	if p.err != nil {
		if os.Getenv(cluster.RequireServers) != "" {
			t.Fatal(p.err)
		}
		t.Skipf("no PostgreSQL: %v", p.err)
	}
}

func (p *postgres) stop() {
	if p.own != nil {
		_ = p.own.Kill()
	}
	if p.dir != "" {
		_ = os.RemoveAll(p.dir)
	}
}

// database makes one, from a template when that is not empty, and returns its URL.
func (p *postgres) database(t testing.TB, template string) (name, address string) {
	t.Helper()
	p.start(t)
	name = fmt.Sprintf("t%d_%d", os.Getpid(), p.count.Add(1))
	sql := "CREATE DATABASE " + name
	if template != "" {
		sql += " TEMPLATE " + template
	}
	p.exec(t, sql)
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return name, u.String()
}

func (p *postgres) exec(t testing.TB, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, p.url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// config changes how a database is opened.
type config = func(*sqlstore.Config)

func open(t testing.TB, address string, with ...config) *sqlstore.DB {
	t.Helper()
	c := sqlstore.Config{URL: address}
	for _, set := range with {
		set(&c)
	}
	db, err := sqlstore.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func migrate(t testing.TB, db *sqlstore.DB, files fs.FS) {
	t.Helper()
	if _, err := sqlstore.MigrateFrom(t.Context(), db, files, sqlstore.Up); err != nil {
		t.Fatal(err)
	}
}

// backend is a dialect, or a way to lay out its tables. fresh makes an empty
// database that is gone after t.
type backend struct {
	name  string
	fresh func(t testing.TB, with ...config) *sqlstore.DB
}

// backends are what every suite runs on.
func backends() []backend {
	return []backend{
		{"SQLite", sqliteFile},
		{"PostgreSQL", template(migrations.FS)},
		{"PostgreSQL partitioned by user", template(partitioned())},
	}
}

func sqliteFile(t testing.TB, with ...config) *sqlstore.DB {
	db := open(t, "sqlite:"+t.TempDir()+"/data/tasktide.db", with...)
	migrate(t, db, migrations.FS)
	return db
}

// template migrates once and copies the result for each test.
func template(files fs.FS) func(t testing.TB, with ...config) *sqlstore.DB {
	var once sync.Once
	var name string
	return func(t testing.TB, with ...config) *sqlstore.DB {
		once.Do(func() {
			made, address := server.database(t, "")
			db, err := sqlstore.Open(sqlstore.Config{URL: address})
			if err != nil {
				t.Fatal(err)
			}
			migrate(t, db, files)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			name = made
		})
		if name == "" {
			t.Skip("no PostgreSQL")
		}
		copied, address := server.database(t, name)
		t.Cleanup(func() { server.exec(t, "DROP DATABASE "+copied+" WITH (FORCE)") })
		return open(t, address, with...)
	}
}

var table = regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\n\)( WITH \([^)]*\))?;`)

// partitioned cuts every table that has a user_id into four by its hash.
func partitioned() fs.FS {
	out := fstest.MapFS{}
	_ = fs.WalkDir(migrations.FS, "postgres", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.FS, path)
		out[path] = &fstest.MapFile{Data: []byte(table.ReplaceAllStringFunc(string(text), cut))}
		return err
	})
	return out
}

func cut(create string) string {
	m := table.FindStringSubmatch(create)
	if !strings.Contains(m[2], "user_id") {
		return create
	}
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (%s\n) PARTITION BY HASH (user_id);\n", m[1], m[2])
	for i := range 4 {
		fmt.Fprintf(&b, "CREATE TABLE %s_%d PARTITION OF %s FOR VALUES WITH (MODULUS 4, REMAINDER %d)%s;\n", m[1], i, m[1], i, m[3])
	}
	return b.String()
}

// exec runs a statement on the database at address.
func exec(t testing.TB, address, sql string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err := c.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// waitFor waits until a query on the database at address is true.
func waitFor(t testing.TB, address, query string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var yes bool
		if err := c.QueryRow(t.Context(), query).Scan(&yes); err != nil {
			t.Fatal(err)
		}
		if yes {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not true within 30 s: %s", query)
		}
	}
}
