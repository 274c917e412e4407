package boot

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

func embedded(t *testing.T) (Config, *sqlstore.DB) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	cfg := Config{DataDir: dir, DatabaseURL: "sqlite:" + filepath.Join(dir, "tasktide.db"), Transport: Memory}
	db, err := OpenDatabase(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return cfg, db
}

func backups(t *testing.T, cfg Config) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(cfg.DataDir, "backups", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func migrateTo(t *testing.T, cfg Config, db *sqlstore.DB, dir sqlstore.Direction) {
	t.Helper()
	if _, err := Migrate(t.Context(), cfg, db, dir, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
}

func TestADatabaseIsBackedUpBeforeEachMigrationAndFewBackupsAreKept(t *testing.T) {
	t.Parallel()
	cfg, db := embedded(t)
	migrateTo(t, cfg, db, sqlstore.Up)
	migrateTo(t, cfg, db, sqlstore.Up)
	if names := backups(t, cfg); len(names) != 0 {
		t.Errorf("a new database and one that is current were backed up: %v", names)
	}
	for n := range keepBackups {
		migrateTo(t, cfg, db, sqlstore.Down)
		migrateTo(t, cfg, db, sqlstore.Up)
		if got, want := len(backups(t, cfg)), min(2*(n+1), keepBackups); got != want {
			t.Fatalf("%d backups, want %d", got, want)
		}
	}
	names := backups(t, cfg)
	last := names[len(names)-1]
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, aside, err := Restore(t.Context(), cfg, last); err != nil || aside == "" {
		t.Fatalf("%s can't be restored: %v", last, err)
	}
	if err := checkOpen(t, cfg); err == nil || !strings.Contains(err.Error(), "migrate up") {
		t.Errorf("it should be a schema older: %v", err)
	}
}

func checkOpen(t *testing.T, cfg Config) error {
	t.Helper()
	db, err := OpenDatabase(cfg)
	if err != nil {
		return err
	}
	return errors.Join(sqlstore.CheckSchema(t.Context(), db), db.Close())
}

func TestWithoutABackupNothingIsMigrated(t *testing.T) {
	t.Parallel()
	cfg, db := embedded(t)
	migrateTo(t, cfg, db, sqlstore.Up)
	migrateTo(t, cfg, db, sqlstore.Down)
	if err := os.RemoveAll(filepath.Join(cfg.DataDir, "backups")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cfg.DataDir, "backups"), nil, 0o600); err != nil { // no folder can be made
		t.Fatal(err)
	}
	_, err := Migrate(t.Context(), cfg, db, sqlstore.Up, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("the error is %v", err)
	}
	if err := sqlstore.CheckSchema(t.Context(), db); err == nil {
		t.Error("it was migrated")
	}
}

func TestARestoreNeedsTheServerToBeStopped(t *testing.T) {
	t.Parallel()
	cfg, db := embedded(t)
	migrateTo(t, cfg, db, sqlstore.Up)
	file := filepath.Join(t.TempDir(), "b.tar")
	if _, err := Backup(t.Context(), cfg, file, false); err != nil {
		t.Fatal(err)
	}
	d := &dataDir{}
	if err := d.lock(cfg); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Restore(t.Context(), cfg, file); err == nil || !strings.Contains(err.Error(), "another process is serving") {
		t.Errorf("the error is %v", err)
	}
	if err := d.unlock(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Restore(t.Context(), cfg, file); err != nil {
		t.Error(err)
	}
}

func TestACommandDoesNotOpenADatabaseWhoseRestoreWasInterrupted(t *testing.T) {
	t.Parallel()
	cfg, _ := embedded(t)
	if err := os.Mkdir(cfg.databaseFile()+".restoring", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDatabase(cfg); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("the error is %v", err)
	}
}

func TestBackupAndRestoreLeavePostgreSQLToItsOwnTools(t *testing.T) {
	t.Parallel()
	cfg := Config{DatabaseURL: "postgres://nobody@127.0.0.1:1/x", DataDir: t.TempDir()}
	_, err := Backup(t.Context(), cfg, "x", false)
	_, _, restoreErr := Restore(t.Context(), cfg, "x")
	for _, err := range []error{err, restoreErr} {
		if err == nil || !strings.Contains(err.Error(), "pg_dump") {
			t.Errorf("the error is %v", err)
		}
	}
	cfg.DatabaseURL = "sqlite:" + filepath.Join(cfg.DataDir, "none.db")
	if _, err := Backup(t.Context(), cfg, "x", false); err == nil || !strings.Contains(err.Error(), "nothing to back up") {
		t.Errorf("the error is %v", err)
	}
}
