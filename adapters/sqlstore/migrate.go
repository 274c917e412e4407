package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/migrations"
)

// Direction is what Migrate does.
type Direction string

// Up applies everything that is missing, Down takes back the newest migration,
// Status only reads.
const (
	Up     Direction = "up"
	Down   Direction = "down"
	Status Direction = "status"
)

// Migration is one step of the schema.
type Migration struct {
	Version int64
	Name    string
	Applied bool
}

// Migrate moves the schema and returns every known migration as it is
// afterwards. On PostgreSQL it holds an advisory lock of the session: several
// processes may start at once. Through a transaction pooler it is refused.
func Migrate(ctx context.Context, db *DB, dir Direction) ([]Migration, error) {
	return MigrateFrom(ctx, db, migrations.FS, dir)
}

// MigrateFrom is Migrate with other files, in the folders of migrations.FS.
func MigrateFrom(ctx context.Context, db *DB, files fs.FS, dir Direction) ([]Migration, error) {
	if db.sqlite != nil {
		if err := os.MkdirAll(filepath.Dir(db.path), 0o700); err != nil {
			return nil, domain.Unavailable("database", err)
		}
	}
	if db.pooled && dir != Status {
		return nil, errPooled("migrations run")
	}
	steps, err := readSteps(files, db.folder())
	if err != nil {
		return nil, err
	}
	provider, err := db.provider(steps)
	if err != nil {
		return nil, err
	}
	switch dir {
	case Up:
		_, err = provider.Up(ctx)
	case Down:
		if _, err = provider.Down(ctx); errors.Is(err, goose.ErrNoNextVersion) {
			err = nil
		}
	case Status:
	default:
		return nil, fmt.Errorf("a migration goes up or down, or shows its status; not %q", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", dir, mapErr(ctx, err))
	}
	return db.status(ctx, steps)
}

// CheckSchema returns an error, which says what to do, unless the schema is
// exactly the one that this binary knows.
func CheckSchema(ctx context.Context, db *DB) error {
	steps, err := readSteps(migrations.FS, db.folder())
	if err != nil {
		return err
	}
	want := steps[len(steps)-1].version
	have, err := db.schemaVersion(ctx)
	switch {
	case err != nil:
		return err
	case have > want:
		return fmt.Errorf("the database has schema version %d, this binary knows %d: it was migrated by a newer version of Tasktide; run that version", have, want)
	case have < want:
		return fmt.Errorf("the database has schema version %d, this binary needs %d: run tasktide migrate up", have, want)
	}
	return nil
}

type step struct {
	version  int64
	name     string
	up, down string
}

func errPooled(what string) error {
	return errors.New(what + " at the database itself, and not through a transaction pooler, which keeps no session: name its own address, without DATABASE_POOLED")
}

func readSteps(files fs.FS, folder string) ([]step, error) {
	names, err := fs.Glob(files, folder+"/*.up.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []step
	for _, name := range names {
		up, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		stem := strings.TrimSuffix(name, ".up.sql")
		down, err := fs.ReadFile(files, stem+".down.sql")
		if err != nil {
			return nil, err
		}
		version, err := goose.NumericComponent(path.Base(name))
		if err != nil {
			return nil, err
		}
		out = append(out, step{version: version, name: path.Base(stem), up: string(up), down: string(down)})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no migrations in %s", folder)
	}
	return out, nil
}

func (db *DB) folder() string {
	if db.postgres() {
		return "postgres"
	}
	return "sqlite"
}

func (db *DB) provider(steps []step) (*goose.Provider, error) {
	var list []*goose.Migration
	for _, s := range steps {
		list = append(list, goose.NewGoMigration(s.version, script(s.up), script(s.down)))
	}
	opts := []goose.ProviderOption{goose.WithGoMigrations(list...), goose.WithDisableGlobalRegistry(true)}
	if !db.postgres() {
		return goose.NewProvider(goose.DialectSQLite3, db.sqlite.db, nil, opts...)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db.pool(), nil, append(opts, goose.WithSessionLocker(locker))...)
}

func script(text string) *goose.GoFunc {
	return &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, text) // without parameters: many statements at once
		return err
	}}
}

// schemaVersion is 0 for a database that was never migrated.
func (db *DB) schemaVersion(ctx context.Context) (int64, error) {
	if !db.postgres() {
		if _, err := os.Stat(db.path); errors.Is(err, fs.ErrNotExist) {
			return 0, nil
		}
	}
	exists := "SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'"
	if db.postgres() {
		exists = "SELECT count(*) FROM pg_class WHERE oid = to_regclass('goose_db_version')"
	}
	var n, version int64
	if err := db.bun.QueryRowContext(ctx, exists).Scan(&n); err != nil || n == 0 {
		return 0, mapErr(ctx, err)
	}
	err := db.bun.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&version)
	return version, mapErr(ctx, err)
}

func (db *DB) status(ctx context.Context, steps []step) ([]Migration, error) {
	version, err := db.schemaVersion(ctx)
	if err != nil {
		return nil, err
	}
	var out []Migration
	for _, s := range steps {
		out = append(out, Migration{Version: s.version, Name: s.name, Applied: s.version <= version})
	}
	return out, nil
}
