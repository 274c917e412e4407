package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/tasktide/tasktide/core/domain"
)

// mapErr gives err its kind. The end of the caller's own context stays what it
// is; an error that has a kind already keeps it.
func mapErr(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctxErr := ctx.Err(); ctxErr != nil {
		return fmt.Errorf("database call ended: %w", ctxErr)
	}
	var known *domain.Error
	if errors.As(err, &known) {
		return err
	}
	switch kindOf(err) {
	case domain.KindUnavailable:
		if noRoom(err) {
			return domain.DiskFull("database", err)
		}
		if advice := advice(err); advice != "" {
			return domain.Misconfigured("database", advice, err)
		}
		return domain.Unavailable("database", err)
	case domain.KindConflict:
		return &domain.Error{Kind: domain.KindConflict, Detail: "it exists already", Err: err}
	case domain.KindInvalid:
		return &domain.Error{Kind: domain.KindInvalid, Detail: "the database can't store this value", Err: err}
	}
	return fmt.Errorf("database: %w", err)
}

// advice is what to do when waiting does not help: the server is there and does not let us in.
func advice(err error) string {
	switch code := reported(err); {
	case strings.HasPrefix(code, "28"): // invalid authorization, wrong password
		return "it refuses the user or the password in DATABASE_URL: correct it (in Kubernetes in the secret, then restart the pods)"
	case code == "3D000":
		return "there is no database of the name in DATABASE_URL: create it, or correct the name"
	case code == protocolViolation && strings.Contains(err.Error(), "startup parameter: plan_cache_mode"):
		return "DATABASE_URL leads to a pooler such as PgBouncer: set DATABASE_POOLED=true, or name the database's own address"
	case code == protocolViolation && strings.Contains(err.Error(), "startup parameter"):
		return "the pooler in DATABASE_URL takes no such parameter: remove it from the address, and set it by ALTER ROLE … SET, or ALTER DATABASE … SET"
	case code == insufficientPrivilege:
		return "the role in DATABASE_URL may not do this: run tasktide roles apply as the owner of the tables (as whom migrations run, too), and give each service its own address"
	}
	return ""
}

// reported is the SQLSTATE of err as PostgreSQL reports it: PgBouncer has one for all that keeps a client out.
func reported(err error) string {
	code := sqlState(err)
	if code != protocolViolation {
		return code
	}
	switch said := err.Error(); {
	case strings.Contains(said, "authentication failed"), strings.Contains(said, "no such user"):
		return "28P01"
	case strings.Contains(said, `database "`) && strings.Contains(said, "does not exist"), strings.Contains(said, "no such database"):
		return "3D000"
	}
	return code
}

func kindOf(err error) domain.Kind {
	// A server that refuses to let us in (wrong password, no such database, starting
	// up) is away, whatever code it says so with.
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return domain.KindUnavailable
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return kindOfPostgres(pg.Code)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return kindOfSQLite(lite.Code())
	}
	var network net.Error
	switch {
	case errors.As(err, &network), pgconn.Timeout(err), pgconn.SafeToRetry(err),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		// These two have no exported value to compare with.
		strings.Contains(err.Error(), "conn closed"), strings.Contains(err.Error(), "database is closed"):
		return domain.KindUnavailable
	}
	return domain.KindInternal
}

// kindOfPostgres reads an SQLSTATE: class 08 connection, 53 resources (too many
// connections, disk full), 55P03 lock, 57 operator (shutdown, timeout), 58 system,
// 42501 a right that our role lacks until somebody grants it, 25006 read-only after a failover, 40 rollback; 23505 unique; 22 and 54 data.
func kindOfPostgres(code string) domain.Kind {
	switch {
	case code == "25006", code == "55P03", code == insufficientPrivilege:
		return domain.KindUnavailable
	case code == "23505":
		return domain.KindConflict
	case len(code) < 2:
		return domain.KindInternal
	}
	switch code[:2] {
	case "08", "40", "53", "57", "58":
		return domain.KindUnavailable
	case "22", "54":
		return domain.KindInvalid
	}
	return domain.KindInternal
}

func kindOfSQLite(code int) domain.Kind {
	switch code {
	case lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_ROWID:
		return domain.KindConflict
	}
	switch code & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_NOMEM, lib.SQLITE_READONLY, lib.SQLITE_INTERRUPT,
		lib.SQLITE_IOERR, lib.SQLITE_FULL, lib.SQLITE_CANTOPEN:
		return domain.KindUnavailable
	case lib.SQLITE_TOOBIG:
		return domain.KindInvalid
	}
	return domain.KindInternal
}

// retry repeats fn when PostgreSQL took it back (serialization, deadlock, a
// prepared statement that a migration made stale) and nothing was written.
func retry(ctx context.Context, fn func() error) error {
	for attempt := 1; ; attempt++ {
		err := fn()
		if err == nil || attempt == 6 || !takenBack(err) {
			return err
		}
		wait := time.NewTimer(time.Duration(rand.Int64N(int64(attempt) * int64(4*time.Millisecond))))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return err
		}
	}
}

func takenBack(err error) bool {
	switch sqlState(err) {
	case "40001", "40P01", "26000":
		return true
	case "0A000":
		return strings.Contains(err.Error(), "cached plan")
	}
	return false
}

const (
	insufficientPrivilege = "42501"
	protocolViolation     = "08P01"
	notAuthorized         = "28000"
)

const lockNotAvailable = "55P03" // somebody holds a row that was asked for with NOWAIT

// sqlState is PostgreSQL's code of an error; "" when it is none of PostgreSQL's.
func sqlState(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

func firstErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// storable refuses what PostgreSQL can't keep in a text, so that both
// dialects refuse the same and one value can't spoil a batch.
func storable(texts ...string) error {
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return &domain.Error{Kind: domain.KindInvalid, Detail: "a text must be valid UTF-8 without NUL"}
		}
	}
	return nil
}

// cleaned makes a text from outside storable instead of refusing it.
func cleaned(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
