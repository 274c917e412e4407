package upgrade

import (
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/test/cluster"
)

// The commands for PostgreSQL are run as docs/self-host.md has them.
func TestTheDocumentedCommandsForPostgreSQLRestoreEverythingInANewEpoch(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/self-host.md")
	must(t, err)
	commands := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```sh (backup|restore)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		commands[m[1]] = m[2]
	}
	for _, program := range []string{"pg_dump", "pg_restore", "psql"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv(cluster.RequireServers) != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	server := startPostgres(t)
	all := versions(t, "postgres")
	newest := all[len(all)-1]
	from := storedPostgres(t, server, newest)
	to := newDatabase(t, server, "restored")
	dir := t.TempDir()
	for _, part := range []string{"backup", "restore"} {
		cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", commands[part]) //nolint:gosec // of our own docs
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "DATABASE_URL="+from, "NEW_DATABASE_URL="+to)
		if out, err := cmd.CombinedOutput(); err != nil || commands[part] == "" {
			t.Fatalf("%s: %v\n%s", part, err, out)
		}
	}
	before, after := tables(t, connect(t, from), from, nil), tables(t, connect(t, to), to, nil)
	for name, b := range before {
		if name == "stream_epoch" {
			if b.rows[0] == after[name].rows[0] {
				t.Error("the epoch is that of before")
			}
			continue
		}
		equal(t, name, b.rows, after[name].rows)
	}
	db, err := sqlstore.Open(sqlstore.Config{URL: to, IndexFrom: 1})
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	must(t, sqlstore.CheckSchema(t.Context(), db))
	readTasks(t, db, data())
	change(t, db, data())
}
