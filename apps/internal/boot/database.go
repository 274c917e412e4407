package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
)

// startTimeout is how long a start waits for a database that does not answer.
const startTimeout = 20 * time.Second

// OpenDatabase opens the configured database without touching it, and makes
// DATA_DIR when it is there.
func OpenDatabase(cfg Config) (*sqlstore.DB, error) {
	if cfg.Embedded() {
		if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
			return nil, fmt.Errorf("DATA_DIR: %w", err)
		}
	}
	return sqlstore.Open(sqlstore.Config{URL: cfg.DatabaseURL})
}

// database is in the graph to say: the schema is there. What is started after it
// may use the database.
type database struct{ db *sqlstore.DB }

func newDatabase(lc fx.Lifecycle, cfg Config, log *slog.Logger, _ *server) (*database, *sqlstore.DB, error) {
	db, err := OpenDatabase(cfg)
	if err != nil {
		return nil, nil, err
	}
	d := &database{db}
	run := background(log, "database notifications", db.Run)
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			if err := d.prepare(ctx, cfg, log); err != nil {
				return err
			}
			return run.start(ctx)
		},
		OnStop: func(ctx context.Context) error { return errors.Join(run.stop(ctx), db.Close()) },
	})
	return d, db, nil
}

// dataDir is in the graph to say: nobody else serves this directory. It comes
// before everything else, the port included.
type dataDir struct{ lock *flock.Flock }

func newDataDir(lc fx.Lifecycle, cfg Config) *dataDir {
	d := &dataDir{}
	if !cfg.Embedded() {
		return d
	}
	lc.Append(fx.StartStopHook(
		func() (err error) {
			d.lock, err = lockDataDir(cfg.DataDir)
			return err
		},
		func() error { return d.lock.Unlock() },
	))
	return d
}

// lockDataDir makes sure that one process at a time serves a directory.
func lockDataDir(dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	l := flock.New(filepath.Join(dir, "lock"))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("can't lock DATA_DIR %s: %w", dir, err)
	}
	if !ok {
		return nil, fmt.Errorf("another process is serving DATA_DIR %s: stop it, or choose another directory with DATA_DIR", dir)
	}
	return l, nil
}

// prepare waits for the database and brings or checks its schema.
func (d *database) prepare(ctx context.Context, cfg Config, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	wait := 100 * time.Millisecond
	for {
		err := d.schema(ctx, cfg)
		if err == nil || !errors.Is(err, domain.ErrUnavailable) && ctx.Err() == nil {
			return err
		}
		log.WarnContext(ctx, "the database does not answer yet", "error", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("the database in DATABASE_URL did not answer within %s: %w", startTimeout, err)
		case <-time.After(wait):
		}
		wait = min(2*wait, 2*time.Second)
	}
}

func (d *database) schema(ctx context.Context, cfg Config) error {
	if cfg.Migrate == "on" || cfg.Migrate == "auto" && cfg.Embedded() {
		if _, err := sqlstore.Migrate(ctx, d.db, sqlstore.Up); err != nil {
			return err
		}
	}
	return sqlstore.CheckSchema(ctx, d.db)
}
