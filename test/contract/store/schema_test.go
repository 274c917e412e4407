package store_test

import (
	"context"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/migrations"
	"github.com/tasktide/tasktide/ports"
)

// empties make databases without a schema; reopen is another process.
func empties(t *testing.T, run func(t *testing.T, reopen func() *sqlstore.DB)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := "sqlite:" + t.TempDir() + "/new/dir/tasktide.db"
		run(t, func() *sqlstore.DB { return open(t, path) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		name, address := server.database(t, "")
		t.Cleanup(func() { server.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
		run(t, func() *sqlstore.DB { return open(t, address) })
	})
}

func TestMigrationsGoUpDownAndUpAgain(t *testing.T) {
	t.Parallel()
	empties(t, func(t *testing.T, reopen func() *sqlstore.DB) {
		db := reopen()
		check(t, db, "run tasktide migrate up")
		for range 2 {
			all := move(t, db, sqlstore.Up)
			check(t, db, "")
			for range all {
				move(t, db, sqlstore.Down)
				check(t, db, "run tasktide migrate up")
			}
			for _, m := range move(t, db, sqlstore.Down) { // nothing left is no error
				if m.Applied {
					t.Errorf("%s is applied", m.Name)
				}
			}
		}
	})
}

func move(t *testing.T, db *sqlstore.DB, dir sqlstore.Direction) []sqlstore.Migration {
	t.Helper()
	all, err := sqlstore.Migrate(t.Context(), db, dir)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func check(t *testing.T, db *sqlstore.DB, complaint string) {
	t.Helper()
	err := sqlstore.CheckSchema(t.Context(), db)
	if complaint == "" && err != nil || complaint != "" && (err == nil || !strings.Contains(err.Error(), complaint)) {
		t.Fatalf("the check of the schema says %v, want %q", err, complaint)
	}
}

func TestADatabaseOfANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	newer := fstest.MapFS{}
	for _, folder := range []string{"postgres", "sqlite"} {
		files, err := fs.Glob(migrations.FS, folder+"/*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := fs.ReadFile(migrations.FS, f)
			if err != nil {
				t.Fatal(err)
			}
			newer[f] = &fstest.MapFile{Data: text}
		}
		newer[folder+"/9999_later.up.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE later (x integer);")}
		newer[folder+"/9999_later.down.sql"] = &fstest.MapFile{Data: []byte("DROP TABLE later;")}
	}
	empties(t, func(t *testing.T, reopen func() *sqlstore.DB) {
		db := reopen()
		migrate(t, db, newer)
		check(t, db, "newer version")
	})
}

func TestProcessesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	empties(t, func(t *testing.T, reopen func() *sqlstore.DB) {
		var dbs []*sqlstore.DB
		for range 3 {
			dbs = append(dbs, reopen())
		}
		if strings.HasPrefix(t.Name(), "TestProcessesThatStartTogetherMigrateOnce/SQLite") {
			dbs = dbs[:1] // one process has the file
		}
		var wg sync.WaitGroup
		for _, db := range dbs {
			wg.Go(func() {
				if _, err := sqlstore.Migrate(t.Context(), db, sqlstore.Up); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		check(t, dbs[0], "")
	})
}

func TestKeysOfAUsersDataBeginWithTheUser(t *testing.T) {
	t.Parallel()
	rows := query(t, `SELECT c.conrelid::regclass::text || ': ' || pg_get_constraintdef(c.oid)
FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE n.nspname = 'public' AND c.contype IN ('p', 'u') ORDER BY 1`)
	system := []string{"stream_epoch", "relay_leases", "relay_members", "dapr_state", "dapr_metadata", "goose_db_version", "accounts", "sessions", "sign_up_codes", "signing_keys"}
	for _, r := range rows {
		table, key, _ := strings.Cut(r, ": ")
		if !strings.Contains(key, "(user_id") && !strings.Contains(strings.Join(system, " "), table) {
			t.Errorf("%s", r)
		}
	}
	if len(rows) < 10 {
		t.Errorf("only %v", rows)
	}
}

// query asks a database that is migrated.
func query(t *testing.T, sql string) (out []string) {
	t.Helper()
	name, address := server.database(t, "")
	t.Cleanup(func() { server.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	migrate(t, open(t, address), migrations.FS)
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	rows, err := c.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	if out, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDaprsTableIsAsItsSecondMigrationLeavesIt(t *testing.T) {
	t.Parallel()
	got := strings.Join(query(t, `SELECT column_name || ' ' || data_type || ' ' || is_nullable FROM information_schema.columns WHERE table_name = 'dapr_state' ORDER BY ordinal_position`), "\n")
	const want = "key text NO\nvalue jsonb NO\nisbinary boolean NO\ninsertdate timestamp with time zone NO\nupdatedate timestamp with time zone YES\nexpiredate timestamp with time zone YES"
	if got != want {
		t.Errorf("dapr_state is\n%s", got)
	}
	if noted := query(t, "SELECT key || '=' || value FROM dapr_metadata"); len(noted) != 1 || noted[0] != "migrations=2" {
		t.Errorf("dapr_metadata has %v", noted)
	}
}

func TestDaprsOwnTableIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	name, address := server.database(t, "")
	t.Cleanup(func() { server.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(t.Context(), `CREATE TABLE dapr_metadata (key text NOT NULL PRIMARY KEY, value text NOT NULL);
INSERT INTO dapr_metadata VALUES ('migrations', '3'), ('lock', 'lock');
CREATE TABLE dapr_state (key text NOT NULL PRIMARY KEY, value jsonb NOT NULL, isbinary boolean NOT NULL,
 insertdate timestamptz NOT NULL DEFAULT now(), updatedate timestamptz, expiredate timestamptz, row_id bigint GENERATED BY DEFAULT AS IDENTITY);
INSERT INTO dapr_state (key, value, isbinary) VALUES ('binary', '"eyJhIjoxfQ=="', true);`); err != nil {
		t.Fatal(err)
	}
	db := open(t, address)
	migrate(t, db, migrations.FS)
	var version string
	if err := c.QueryRow(t.Context(), "SELECT value FROM dapr_metadata WHERE key = 'migrations'").Scan(&version); err != nil || version != "3" {
		t.Errorf("migrations = %s, %v", version, err)
	}
	got, err := sqlstore.NewState(db).Get(t.Context(), "binary")
	if err != nil || len(got) != 1 || string(got[0].Value) != `{"a":1}` {
		t.Errorf("what daprd wrote as bytes reads as %v, %v", got, err)
	}
	if err := sqlstore.NewState(db).Put(t.Context(), ports.Item{Key: "new", Value: []byte(`1`), Mode: ports.IfAbsent})[0]; err != nil {
		t.Error(err)
	}
}

func TestOtherProcessesAreWoken(t *testing.T) {
	t.Parallel()
	name, address := server.database(t, "")
	t.Cleanup(func() { server.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	here, there := open(t, address), open(t, address)
	migrate(t, here, migrations.FS)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, db := range []*sqlstore.DB{here, there} {
		wg.Go(func() {
			if err := db.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(wg.Wait)
	t.Cleanup(cancel)
	outbox, letters := sqlstore.NewOutbox(there, domain.BackendAPI), sqlstore.NewDeadLetters(there)
	await(t, outbox.Wake(), func() {}) // it listens
	drain(outbox.Wake(), letters.Woken())
	tasks := sqlstore.NewTasks(here)
	await(t, outbox.Wake(), func() { createOne(t, tasks) })
	admin := sqlstore.NewDeadLetters(here)
	if err := admin.Keep(t.Context(), domain.DeadLetter{ID: "x", Group: "g", FirstFailed: time.Now(), LastFailed: time.Now()}); err != nil {
		t.Fatal(err)
	}
	await(t, letters.Woken(), func() {
		if _, err := admin.Redrive(t.Context(), domain.DeadLetterQuery{}); err != nil {
			t.Fatal(err)
		}
	})
	// A connection that is lost is made again, and nothing that came meanwhile is slept over.
	await(t, outbox.Wake(), func() {
		server.exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"' AND query LIKE 'LISTEN%'")
	})
	drain(outbox.Wake())
	await(t, outbox.Wake(), func() { createOne(t, tasks) })
}

func drain(channels ...<-chan struct{}) {
	for _, ch := range channels {
		select {
		case <-ch:
		default:
		}
	}
}

func await(t *testing.T, ch <-chan struct{}, do func()) {
	t.Helper()
	do()
	select {
	case <-ch:
	case <-time.After(20 * time.Second):
		t.Fatal("not woken")
	}
}
