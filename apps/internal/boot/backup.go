package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/apps/internal/backup"
)

// keepBackups is how many backups from before migrations are kept.
const keepBackups = 5

var errPostgresBackup = errors.New("the database is PostgreSQL: use its own pg_dump and pg_restore, as docs/self-host.md shows; " +
	"backup and restore are for the SQLite file of one server")

// place is where an embedded installation has its data.
func (c *Config) place() backup.Place {
	return backup.Place{Database: c.databaseFile(), Version: Version().Version}
}

// Backup writes the installation's data to path while others use it.
func Backup(ctx context.Context, cfg Config, path string, force bool) (backup.Manifest, error) {
	if !cfg.Embedded() {
		return backup.Manifest{}, errPostgresBackup
	}
	if _, err := os.Stat(cfg.databaseFile()); err != nil { // never makes an empty one
		return backup.Manifest{}, fmt.Errorf("there is nothing to back up, look at DATA_DIR and DATABASE_URL: %w", err)
	}
	db, err := OpenDatabase(cfg)
	if err != nil {
		return backup.Manifest{}, err
	}
	m, err := backup.Create(ctx, db, cfg.place(), path, force)
	return m, errors.Join(err, db.Close())
}

// Restore replaces the installation's data by a backup, while nobody serves it. aside
// is the folder with what was there.
func Restore(ctx context.Context, cfg Config, path string) (m backup.Manifest, aside string, err error) {
	if !cfg.Embedded() {
		return m, "", errPostgresBackup
	}
	d := &dataDir{}
	if err := d.lock(cfg); err != nil {
		return m, "", err
	}
	defer func() { err = errors.Join(err, d.unlock()) }()
	return backup.Restore(ctx, cfg.place(), path)
}

// Migrate moves the schema. A SQLite file that has data is backed up first; when that
// fails, nothing is migrated.
func Migrate(ctx context.Context, cfg Config, db *sqlstore.DB, dir sqlstore.Direction, log *slog.Logger) ([]sqlstore.Migration, error) {
	if cfg.Embedded() && dir != sqlstore.Status {
		if err := backupBefore(ctx, cfg, db, dir, log); err != nil {
			return nil, err
		}
	}
	return sqlstore.Migrate(ctx, db, dir)
}

func backupBefore(ctx context.Context, cfg Config, db *sqlstore.DB, dir sqlstore.Direction, log *slog.Logger) error {
	steps, err := sqlstore.Migrate(ctx, db, sqlstore.Status)
	if err != nil {
		return err
	}
	have, pending := int64(0), false
	for _, s := range steps {
		if s.Applied {
			have = s.Version
		}
		pending = pending || !s.Applied
	}
	if have == 0 || dir == sqlstore.Up && !pending {
		return nil
	}
	folder := filepath.Join(cfg.DataDir, "backups")
	name := filepath.Join(folder, fmt.Sprintf("before-migration-%s-schema-%04d.tar", time.Now().UTC().Format("20060102T150405.000Z"), have))
	err = os.MkdirAll(folder, 0o700)
	if err == nil {
		_, err = backup.Create(ctx, db, cfg.place(), name, false)
	}
	if err != nil { // not %w: whatever the cause, waiting does not help, and nothing was changed
		return fmt.Errorf("the schema was not migrated, because it could not be backed up before, and nothing was changed: make room or give access, then start again: %v", err) //nolint:errorlint // see above
	}
	log.InfoContext(ctx, "backed up before a migration", "file", name)
	return prune(folder)
}

// prune removes all but the newest backups; their names sort by time.
func prune(folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, "before-migration-*.tar"))
	if err != nil {
		return err
	}
	slices.Sort(names)
	var errs []error
	for _, old := range names[:max(0, len(names)-keepBackups)] {
		errs = append(errs, os.Remove(old))
	}
	return errors.Join(errs...)
}
