package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/adapters/telemetry"
	"github.com/tasktide/tasktide/apps/internal/backup"
	"github.com/tasktide/tasktide/core/domain"
)

// startTimeout is how long a start waits for a database that does not answer.
const startTimeout = 20 * time.Second

// database is how to reach the database.
func (c *Config) database() sqlstore.Config {
	return sqlstore.Config{URL: c.DatabaseURL, MaxConns: c.DatabaseConnections, Pooled: c.DatabasePooled}
}

// OpenDatabase opens the configured database without touching it, and makes
// DATA_DIR when it is there.
func OpenDatabase(cfg Config) (*sqlstore.DB, error) {
	if cfg.Embedded() {
		if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
			return nil, fmt.Errorf("DATA_DIR: %w", err)
		}
	}
	if cfg.Embedded() && backup.Pending(cfg.place()) {
		return nil, errors.New("a restore of this database was interrupted: start the server, which finishes it, or run tasktide restore again")
	}
	if err := cfg.makeDatabaseFile(); err != nil {
		return nil, err
	}
	return sqlstore.Open(cfg.database())
}

// OpenAccounts is OpenDatabase for commands on accounts, which work before the first
// start: an embedded database that is new gets its schema. Another must have it.
func OpenAccounts(ctx context.Context, cfg Config) (*sqlstore.DB, error) {
	db, err := OpenDatabase(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Embedded() && cfg.Migrate != "off" {
		steps, err := sqlstore.Migrate(ctx, db, sqlstore.Status)
		if err == nil && !steps[0].Applied {
			_, err = sqlstore.Migrate(ctx, db, sqlstore.Up)
		}
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	if err := sqlstore.CheckSchema(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// databaseFile is the path of an embedded database; "" of another.
func (c *Config) databaseFile() string {
	path, embedded := strings.CutPrefix(c.DatabaseURL, "sqlite:")
	if !embedded {
		return ""
	}
	return path
}

// makeDatabaseFile makes a new database its owner's alone; SQLite gives the files
// beside it the same mode.
func (c *Config) makeDatabaseFile() error {
	path := c.databaseFile()
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("the database in DATABASE_URL or DATA_DIR can't be opened: %w", err)
	}
	return f.Close()
}

// newDB opens the database and closes it last, after the port.
func newDB(lc fx.Lifecycle, cfg Config, _ *dataDir, tracing *telemetry.Tracing) (*sqlstore.DB, error) {
	c := cfg.database()
	if tracing != nil {
		c.OpenDB, c.Watch = tracing.OpenDB, tracing.Watch
	}
	db, err := sqlstore.Open(c)
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StartStopHook(cfg.makeDatabaseFile, db.Close))
	return db, nil
}

// database is in the graph to say: the schema is there. What is started after it
// may use the database.
type database struct{ db *sqlstore.DB }

func newDatabase(lc fx.Lifecycle, cfg Config, log *slog.Logger, db *sqlstore.DB, _ *server) *database {
	d := &database{db}
	run := background(log, "database notifications", db.Run)
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			if err := d.prepare(ctx, cfg, log); err != nil {
				return err
			}
			return run.start(ctx)
		},
		OnStop: run.stop,
	})
	return d
}

// dataDir is in the graph to say: nobody else serves this directory, nor the
// database file. It comes before everything else, the port included.
type dataDir struct{ locks []*flock.Flock }

func newDataDir(lc fx.Lifecycle, cfg Config) *dataDir {
	d := &dataDir{}
	if cfg.Embedded() {
		lc.Append(fx.StartStopHook(func() error {
			if err := d.lock(cfg); err != nil {
				return err
			}
			_, err := backup.Finish(cfg.place())
			return err
		}, d.unlock))
	}
	return d
}

func (d *dataDir) lock(cfg Config) error {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("DATA_DIR: %w", err)
	}
	for _, one := range [][2]string{
		{"DATA_DIR " + cfg.DataDir, filepath.Join(cfg.DataDir, "lock")},
		{"the database " + cfg.databaseFile(), cfg.databaseFile() + ".lock"},
	} {
		l, err := lockFile(one[0], one[1])
		if err != nil {
			return errors.Join(err, d.unlock())
		}
		d.locks = append(d.locks, l)
	}
	return nil
}

func (d *dataDir) unlock() error {
	var errs []error
	for _, l := range d.locks {
		errs = append(errs, l.Unlock())
	}
	return errors.Join(errs...)
}

// lockFile makes sure that one process at a time serves what is called name.
func lockFile(name, path string) (*flock.Flock, error) {
	l := flock.New(path)
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("can't lock %s: %w", name, err)
	}
	if !ok {
		return nil, fmt.Errorf("another process is serving %s: stop it, or choose another directory with DATA_DIR", name)
	}
	return l, nil
}

// prepare waits for the database, brings or checks its schema, and checks what we may do there: who can't work
// takes nothing from those who can.
func (d *database) prepare(ctx context.Context, cfg Config, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	wait := 100 * time.Millisecond
	for {
		err := d.schema(ctx, cfg, log)
		var known *domain.Error
		if errors.As(err, &known) && known.Advice != "" {
			return err
		}
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

func (d *database) schema(ctx context.Context, cfg Config, log *slog.Logger) error {
	if cfg.Migrate == "on" || cfg.Migrate == "auto" && cfg.Embedded() {
		if _, err := Migrate(ctx, cfg, d.db, sqlstore.Up, log); err != nil {
			return err
		}
	}
	if err := sqlstore.CheckSchema(ctx, d.db); err != nil {
		return err
	}
	return sqlstore.CheckRights(ctx, d.db, cfg.Service)
}
