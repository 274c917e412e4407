package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"

	"github.com/tasktide/tasktide/core/coalesce"
)

// Config says which database and how.
type Config struct {
	// URL is postgres://… or postgresql://… for PostgreSQL; sqlite:PATH for SQLite.
	URL string
	// MaxConns bounds the connections of requests to PostgreSQL and the readers of
	// SQLite; 0 is 16. The relay, the state and reminders have up to 6 more of their own.
	MaxConns int
	// Pooled says that URL leads to a transaction pooler (PgBouncer, Neon's
	// "-pooler" hosts): no LISTEN, no prepared statements, no migrations; relays and reminders poll.
	Pooled bool
	// IndexFrom is how many changes a user made before that user's tasks get into the
	// index of words; four times as many tasks are read to find a page before that
	// index is asked. 0 is 500.
	IndexFrom int64
	// OpenDB opens the pools, for who wants to see their statements; nil: sql.OpenDB.
	OpenDB func(driver.Connector) *sql.DB
	// Watch follows the calls that share a statement or a transaction: which they are, such
	// as INSERT on tasks; nil: nobody does.
	Watch func(operation, table string) *coalesce.Watch
}

// DB is one database. Make it with Open, end it with Close.
type DB struct {
	bun     *bun.DB // PostgreSQL: requests; SQLite: reads
	fresh   *sql.DB // PostgreSQL: statements that are planned at each call; SQLite: reads
	kept    *sql.DB // PostgreSQL: statements whose plan is kept, see keepPlans; SQLite: reads
	sqlite  *writer // nil on PostgreSQL
	path    string  // SQLite's file
	crowd   *crowd
	pooled  bool
	walk    int             // tasks that a list reads before it asks the index of words
	own     *pgx.ConnConfig // PostgreSQL: how to connect
	listen  *pgx.ConnConfig // the same, unless a pooler is there
	signals signals
	room    *room
	watch   func(operation, table string) *coalesce.Watch
}

// conn is what a statement runs on: a pool, a transaction or SQLite's writer.
type conn = bun.IConn

// Open prepares a DB. It does no I/O: a database that is not there is found out
// by Ping or the first call.
func Open(c Config) (*DB, error) {
	if c.MaxConns <= 0 {
		c.MaxConns = 16
	}
	if c.IndexFrom <= 0 {
		c.IndexFrom = 500
	}
	if c.OpenDB == nil {
		c.OpenDB = sql.OpenDB
	}
	if c.Watch == nil {
		c.Watch = func(string, string) *coalesce.Watch { return nil }
	}
	if path, ok := strings.CutPrefix(c.URL, "sqlite:"); ok {
		return openSQLite(path, c)
	}
	if strings.HasPrefix(c.URL, "postgres://") || strings.HasPrefix(c.URL, "postgresql://") {
		return openPostgres(c)
	}
	return nil, fmt.Errorf("a database URL begins with postgres:// or sqlite:, not %.12q", c.URL)
}

// OpenPostgres is Open for a postgres:// URL.
func OpenPostgres(url string) (*DB, error) { return Open(Config{URL: url}) }

// OpenSQLite is Open for a file.
func OpenSQLite(path string) (*DB, error) { return Open(Config{URL: "sqlite:" + path}) }

func openPostgres(c Config) (*DB, error) {
	cfg, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", redactURL(err, c.URL))
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	db := &DB{crowd: newCrowd(c.IndexFrom), walk: int(4 * c.IndexFrom), room: &room{}, watch: c.Watch, pooled: c.Pooled}
	cfg.Tracer = db.room
	db.own = cfg.Copy()
	if c.Pooled {
		cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	} else {
		db.listen = db.own
		if _, given := cfg.RuntimeParams["plan_cache_mode"]; !given {
			cfg.RuntimeParams["plan_cache_mode"] = "auto" // the default; a pooler that nobody named refuses every connection that says something here
		}
	}
	db.bun = bun.NewDB(poolOf(c, cfg, c.MaxConns), pgdialect.New())
	fresh, kept := cfg, cfg
	if !c.Pooled {
		fresh, kept = cfg.Copy(), cfg.Copy()
		fresh.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
		maps.Copy(kept.RuntimeParams, keepPlans)
	}
	db.fresh, db.kept = poolOf(c, fresh, 2), poolOf(c, kept, 4)
	db.signals.init(db.listen != nil)
	return db, nil
}

// keepPlans are the settings of connections that plan a statement once, whatever
// the tables hold then. Nothing but walks of indexes is left to the planner, so
// that the plan of an empty table is right for a huge one.
var keepPlans = map[string]string{
	"plan_cache_mode": "force_generic_plan",
	"enable_seqscan":  "off", "enable_bitmapscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
	"jit": "off", // what is switched off costs so much by estimate that it would be compiled
}

func poolOf(c Config, cfg *pgx.ConnConfig, conns int) *sql.DB {
	pool := c.OpenDB(stdlib.GetConnector(*cfg))
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return pool
}

// redactURL keeps a password that stands in the URL out of the message.
func redactURL(err error, raw string) error {
	return fmt.Errorf("%s", strings.ReplaceAll(err.Error(), raw, "the given URL"))
}

func openSQLite(path string, c Config) (*DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("database path: %w", err)
	}
	dsn := func(more string) string {
		u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: "_busy_timeout=10000&_journal_mode=WAL&_synchronous=FULL&_dqs=0" + more}
		return u.String()
	}
	toRead, err := sqlite.NewConnector(dsn("&_query_only=1"))
	if err != nil {
		return nil, err
	}
	toWrite, err := sqlite.NewConnector(dsn("&_txlock=immediate&_pragma=temp_store(MEMORY)"))
	if err != nil {
		return nil, err
	}
	read, write := c.OpenDB(toRead), c.OpenDB(toWrite)
	readers := min(c.MaxConns, max(4, runtime.NumCPU()))
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	write.SetMaxOpenConns(2) // the writer's own, and migrations
	db := &DB{bun: bun.NewDB(read, sqlitedialect.New()), fresh: read, kept: read, sqlite: newWriter(write, c.Watch("TRANSACTION", "")), path: abs, crowd: newCrowd(c.IndexFrom), walk: int(4 * c.IndexFrom), room: &room{}, watch: c.Watch}
	db.sqlite.room = db.room
	db.signals.init(false)
	return db, nil
}

// Ping says whether the database answers and, when it lately had no room for a write,
// whether it takes one; domain.ErrUnavailable when not.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	if err := db.bun.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return mapErr(ctx, err)
	}
	return db.room.check(ctx, func(ctx context.Context) error {
		return db.write(ctx, func(ctx context.Context, c conn) error {
			_, err := c.ExecContext(ctx, "UPDATE stream_epoch SET id = id") // nothing that could be changed
			return err
		})
	})
}

// Close ends all connections. Calls that are under way fail.
func (db *DB) Close() error {
	err := firstErr(db.bun.Close(), db.fresh.Close(), db.kept.Close())
	if db.sqlite != nil {
		err = firstErr(err, db.sqlite.close())
	}
	return err
}

func (db *DB) postgres() bool { return db.sqlite == nil }

// pool is the *sql.DB of the hot statements, which carry bind parameters and
// are planned once for each connection; bun writes arguments into the text.
func (db *DB) pool() *sql.DB { return db.bun.DB }

// anew is the *sql.DB of statements on tables that are empty now and huge a
// minute later: a plan that was kept from the first state would read the whole
// table for each row.
func (db *DB) anew() *sql.DB { return db.fresh }

// hot is the *sql.DB of the relay's and the state's statements, which cost more
// to plan than to run. Where a table has several indexes, the statement is written
// so that one of them alone serves it: with an empty table all look alike to the
// planner. It is apart so that requests can't hold up the relay.
func (db *DB) hot() *sql.DB { return db.kept }

// write runs fn in one transaction. fn may run more than once: it must not
// keep anything from a run that failed. See piece for its errors.
func (db *DB) write(ctx context.Context, fn func(ctx context.Context, c conn) error) error {
	if db.sqlite != nil {
		return db.sqlite.do(ctx, fn)
	}
	return retry(ctx, func() error {
		tx, err := db.pool().BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // after a commit: no effect
		if err := fn(ctx, tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}
