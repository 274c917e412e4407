package backup_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/apps/internal/backup"
	"github.com/tasktide/tasktide/core/domain"
)

// installation is one with data: tasks of user "u".
type installation struct {
	backup.Place
	dir string
}

func install(t *testing.T, tasks int) installation {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	i := installation{backup.Place{Database: filepath.Join(dir, "tasktide.db"), Version: "test"}, dir}
	i.use(t, func(db *sqlstore.DB) {
		if _, err := sqlstore.Migrate(t.Context(), db, sqlstore.Up); err != nil {
			t.Fatal(err)
		}
		for range tasks {
			i.create(t, db)
		}
	})
	return i
}

func (i installation) use(t *testing.T, do func(db *sqlstore.DB)) {
	t.Helper()
	db, err := sqlstore.OpenSQLite(i.Database)
	must(t, err)
	do(db)
	must(t, db.Close())
}

func (i installation) create(t *testing.T, db *sqlstore.DB) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	id := uuid.New()
	_, err := sqlstore.NewTasks(db).Create(t.Context(),
		domain.Task{ID: id, UserID: "u", Title: "t " + id.String(), Priority: domain.PriorityLow, Category: domain.CategoryWork, Tags: []string{}, TimeZone: "UTC", Version: 1, CreatedAt: now, UpdatedAt: now},
		domain.Event{ID: uuid.New(), Time: now, Type: domain.TaskCreatedV1, UserID: "u", Source: domain.BackendAPI, Subject: id.String(), Data: []byte(`{}`)})
	must(t, err)
}

// state is how many tasks there are, and where the stream is.
func (i installation) state(t *testing.T) (n int64, head domain.Position) {
	t.Helper()
	i.use(t, func(db *sqlstore.DB) {
		counts, err := sqlstore.NewTasks(db).Count(t.Context(), "u")
		must(t, err)
		_, head, err = sqlstore.NewStreams(db).After(t.Context(), "u", 0, 0)
		must(t, err)
		n = counts.Total
	})
	return n, head
}

func (i installation) backup(t *testing.T, to string, force bool) error {
	t.Helper()
	var err error
	i.use(t, func(db *sqlstore.DB) { _, err = backup.Create(t.Context(), db, i.Place, to, force) })
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsRestoredIsWhatWasBackedUpInANewEpoch(t *testing.T) {
	t.Parallel()
	i := install(t, 3)
	file := filepath.Join(t.TempDir(), "b.tar")
	must(t, i.backup(t, file, false))
	info, err := os.Stat(file)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v", info.Mode())
	}
	_, before := i.state(t)
	i.use(t, func(db *sqlstore.DB) { i.create(t, db) })

	m, aside, err := backup.Restore(t.Context(), i.Place, file)
	must(t, err)
	n, after := i.state(t)
	if n != 3 || after.Value != 3 || after.Epoch == before.Epoch || after.Epoch == uuid.Nil {
		t.Errorf("%d tasks, at %v; it was at %v", n, after, before)
	}
	if m.Tasktide != "test" || m.Schema == 0 {
		t.Errorf("the manifest is %+v", m)
	}
	old := installation{backup.Place{Database: filepath.Join(aside, "tasktide.db")}, aside}
	if n, head := old.state(t); n != 4 || head.Epoch != before.Epoch {
		t.Errorf("kept aside are %d tasks at %v", n, head)
	}
}

func TestABackupIsNeverReplacedWithoutForceAndNeverHalf(t *testing.T) {
	t.Parallel()
	i := install(t, 1)
	dir := t.TempDir()
	file := filepath.Join(dir, "b.tar")
	must(t, os.WriteFile(file, []byte("something dear"), 0o644)) //nolint:gosec // it is to become 0600
	if err := i.backup(t, file, false); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("the error is %v", err)
	}
	if b, _ := os.ReadFile(file); string(b) != "something dear" {
		t.Error("the file was replaced")
	}
	must(t, i.backup(t, file, true))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := i.backup(t, dir, true); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("a directory: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	i.use(t, func(db *sqlstore.DB) {
		if _, err := backup.Create(ctx, db, i.Place, filepath.Join(dir, "c.tar"), false); !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
	})
	if names := list(t, dir); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// snapshot is the content of each file of an installation.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range list(t, dir) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		out[name] = string(b)
	}
	return out
}

func TestADamagedFileIsRefusedBeforeAnythingIsTouched(t *testing.T) {
	t.Parallel()
	i := install(t, 3)
	file := filepath.Join(t.TempDir(), "b.tar")
	must(t, i.backup(t, file, false))
	good, err := os.ReadFile(file)
	must(t, err)
	i.use(t, func(db *sqlstore.DB) { i.create(t, db) })
	before := snapshot(t, i.dir)

	flipped := func(at int) []byte { b := bytes.Clone(good); b[at] ^= 0x40; return b }
	cases := map[string]struct {
		content []byte
		says    string
	}{
		"empty":                   {nil, "not a backup"},
		"text":                    {[]byte(strings.Repeat("hello ", 500)), "not a backup"},
		"a bare database":         {[]byte(before["tasktide.db"]), "not a backup"},
		"cut in the manifest":     {good[:600], "not a backup"},
		"cut in the database":     {good[:len(good)/2], "cut off"},
		"cut near its end":        {good[:len(good)-2048], "cut off"},
		"a bit of the database":   {flipped(len(good) / 2), "content of tasktide.db"},
		"a bit of a task":         {flipped(bytes.LastIndex(good, []byte("task.created.v1"))), "content of tasktide.db"},
		"another format":          {bytes.Replace(good, []byte(`"format_version": 1`), []byte(`"format_version": 7`), 1), "use the version of Tasktide that made it"},
		"another program's":       {bytes.Replace(good, []byte("tasktide-backup"), []byte("tasktune-backup"), 1), "not a backup"},
		"a name that leads away":  {bytes.Replace(good, []byte(`"name": "tasktide.db"`), []byte(`"name": "../sktide.db"`), 1), "damaged"},
		"a hash that fits no bit": {bytes.Replace(good, []byte(`"sha256": "`), []byte(`"sha256": "0`), 1), "damaged"},
	}
	for name, c := range cases {
		bad := filepath.Join(t.TempDir(), "bad.tar")
		must(t, os.WriteFile(bad, c.content, 0o600))
		_, _, err := backup.Restore(t.Context(), i.Place, bad)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("%s: the error is %v, want %q", name, err, c.says)
		}
		same(t, name, before, snapshot(t, i.dir))
	}
	if _, _, err := backup.Restore(t.Context(), i.Place, filepath.Join(i.dir, "nowhere.tar")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func same(t *testing.T, name string, before, after map[string]string) {
	t.Helper()
	for f := range before {
		if before[f] != after[f] {
			t.Errorf("%s: %s was changed", name, f)
		}
	}
	if len(before) != len(after) {
		t.Errorf("%s: there were %d files, now %d", name, len(before), len(after))
	}
}

// A file whose checksums are right may still hold a database that is not.
func TestADatabaseThatIsDamagedOrNewerIsRefusedThoughItsHashIsRight(t *testing.T) {
	t.Parallel()
	i := install(t, 200)
	good := filepath.Join(t.TempDir(), "b.tar")
	must(t, i.backup(t, good, false))
	before := snapshot(t, i.dir)
	for name, c := range map[string]struct {
		change func(t *testing.T, database string)
		says   string
	}{
		"damaged": {func(t *testing.T, path string) {
			b, err := os.ReadFile(path)
			must(t, err)
			for at := len(b) / 4; at < len(b)*3/4; at++ {
				b[at] = 0xa5
			}
			must(t, os.WriteFile(path, b, 0o600))
		}, "damaged"},
		"newer":       {execute("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"), "newer version of Tasktide"},
		"another's":   {execute("DROP TABLE stream_epoch"), "not a database of Tasktide"},
		"not started": {execute("DELETE FROM goose_db_version"), "not a whole database"},
	} {
		bad := repack(t, good, c.change)
		_, _, err := backup.Restore(t.Context(), i.Place, bad)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: the error is %v, want %q", name, err, c.says)
		}
		same(t, name, before, snapshot(t, i.dir))
	}
}

func TestWhateverStepARestoreIsKilledAtItIsFinishedLater(t *testing.T) {
	t.Parallel()
	for _, steps := range []int{0, 1, 2, 3} {
		i := install(t, 2)
		file := filepath.Join(t.TempDir(), "b.tar")
		must(t, i.backup(t, file, false))
		i.use(t, func(db *sqlstore.DB) { i.create(t, db) })
		// What a kill leaves: the staged folder, and the first steps done.
		staged := i.Database + ".restoring"
		must(t, os.Mkdir(staged, 0o700))
		extract(t, file, staged)
		must(t, os.WriteFile(filepath.Join(staged, "aside"), []byte("tasktide.db.replaced-x"), 0o600))
		aside := filepath.Join(i.dir, "tasktide.db.replaced-x")
		if steps > 0 {
			must(t, os.Mkdir(aside, 0o700))
		}
		if steps > 1 {
			must(t, os.Rename(i.Database, filepath.Join(aside, "tasktide.db")))
		}
		if steps > 2 {
			must(t, os.Rename(filepath.Join(staged, "tasktide.db"), i.Database))
		}
		if !backup.Pending(i.Place) {
			t.Fatal("nothing is pending")
		}
		_, err := backup.Finish(i.Place)
		must(t, err)
		if n, _ := i.state(t); n != 2 || backup.Pending(i.Place) {
			t.Errorf("after %d steps: %d tasks, pending %v", steps, n, backup.Pending(i.Place))
		}
		old := installation{backup.Place{Database: filepath.Join(aside, "tasktide.db")}, aside}
		if n, _ := old.state(t); n != 3 {
			t.Errorf("after %d steps: %d tasks are kept aside", steps, n)
		}
		if again, err := backup.Finish(i.Place); again != "" || err != nil {
			t.Errorf("once more: %q, %v", again, err)
		}
	}
}

func TestARestoreOntoADatabaseThatIsBrokenOrNotThere(t *testing.T) {
	t.Parallel()
	i := install(t, 2)
	file := filepath.Join(t.TempDir(), "b.tar")
	must(t, i.backup(t, file, false))
	must(t, os.WriteFile(i.Database, []byte("rubbish"), 0o600))
	must(t, os.WriteFile(i.Database+"-wal", []byte("more rubbish"), 0o600))
	_, aside, err := backup.Restore(t.Context(), i.Place, file)
	must(t, err)
	if n, _ := i.state(t); n != 2 {
		t.Errorf("%d tasks", n)
	}
	if kept := snapshot(t, aside); kept["tasktide.db"] != "rubbish" || kept["tasktide.db-wal"] != "more rubbish" {
		t.Errorf("kept aside: %v", kept)
	}
	dir := filepath.Join(t.TempDir(), "new", "machine")
	fresh := installation{backup.Place{Database: filepath.Join(dir, "tasktide.db")}, dir}
	_, _, err = backup.Restore(t.Context(), fresh.Place, file)
	must(t, err)
	if n, _ := fresh.state(t); n != 2 {
		t.Errorf("%d tasks on a new machine", n)
	}
}

// extract unpacks a backup as tar does.
func extract(t *testing.T, file, dir string) {
	t.Helper()
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		must(t, err)
		b, err := io.ReadAll(r)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, filepath.Base(h.Name)), b, 0o600))
	}
}
