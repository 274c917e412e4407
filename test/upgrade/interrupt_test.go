package upgrade

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/migrations"
)

const childAddress = "UPGRADE_TEST_ADDRESS"

// interrupted are the migrations, the newest of which takes so long that it can be killed.
func interrupted(t *testing.T, folder, script string) fs.FS {
	t.Helper()
	all := versions(t, folder)
	out := upTo(t, folder, all[len(all)-1]).(fstest.MapFS) //nolint:forcetypeassert // ours
	out[folder+"/9998_slow.up.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE half (x bigint);\nDELETE FROM tasks;\n" + script)}
	out[folder+"/9998_slow.down.sql"] = &fstest.MapFile{Data: []byte("DROP TABLE half;")}
	return out
}

const (
	slowSQLite   = "INSERT INTO half WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c LIMIT 1000000000;"
	slowPostgres = "SELECT pg_sleep(5);"
)

// TestChild is the process that is killed.
func TestChild(t *testing.T) {
	address := os.Getenv(childAddress)
	if address == "" {
		t.Skip("TestAKilledMigration… starts it")
	}
	db, err := sqlstore.Open(sqlstore.Config{URL: address})
	must(t, err)
	folder, script := "postgres", slowPostgres
	if strings.HasPrefix(address, "sqlite:") {
		folder, script = "sqlite", slowSQLite
	}
	_, err = sqlstore.MigrateFrom(t.Context(), db, interrupted(t, folder, script), sqlstore.Up)
	must(t, err)
}

// kill starts the migration in a process, and kills that as soon as it is in the middle.
func kill(t *testing.T, address string, middle func() bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestChild$") //nolint:gosec // this very test
	cmd.Env = append(os.Environ(), childAddress+"="+address)
	must(t, cmd.Start())
	for deadline := time.Now().Add(60 * time.Second); !middle(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			t.Fatal("the migration does not get to its middle")
		}
	}
	must(t, cmd.Process.Kill())
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) {
		t.Fatalf("it ended by itself: %v", err)
	}
}

func TestAKilledMigrationLeavesTheDatabaseAsItWas(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		address := storedSQLite(t, 1)
		wal := strings.TrimPrefix(address, "sqlite:") + "-wal"
		kill(t, address, func() bool {
			info, err := os.Stat(wal)
			return err == nil && info.Size() > 16<<20 // more than the cache: it is written already
		})
		after(t, address, "SELECT count(*) FROM sqlite_master WHERE name = 'half'")
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		server := startPostgres(t)
		address := storedPostgres(t, server, 1)
		raw := connect(t, address)
		sleeping := func() bool {
			return query(t, raw, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", 1)[0] == "1"
		}
		kill(t, address, sleeping)
		for deadline := time.Now().Add(60 * time.Second); sleeping(); time.Sleep(50 * time.Millisecond) { // the server goes on until it has something to say
			if time.Now().After(deadline) {
				t.Fatal("the killed migration's session does not end")
			}
		}
		after(t, address, "SELECT count(*) FROM pg_class WHERE relname = 'half'")
	})
}

// after looks at what the killed migration left. Those before it had been done, each
// in its own transaction; of itself there is nothing.
func after(t *testing.T, address, half string) {
	t.Helper()
	raw := connect(t, address)
	db, err := sqlstore.Open(sqlstore.Config{URL: address, IndexFrom: 1})
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	_, err = sqlstore.MigrateFrom(t.Context(), db, migrations.FS, sqlstore.Up)
	must(t, err)
	must(t, sqlstore.CheckSchema(t.Context(), db))
	if got := query(t, raw, half, 1)[0]; got != "0" {
		t.Error("a table of the killed migration is there")
	}
	readTasks(t, db, data().asOf(1))
}
