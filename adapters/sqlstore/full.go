package sqlstore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/tasktide/tasktide/core/domain"
)

// fullFor is how long a database counts as full after it refused a write for want of
// room; then a small write finds out whether that is still so.
const fullFor = 2 * time.Second

// room remembers when a database last had none. A full disk answers reads, so that
// who asks whether the database works would not learn it otherwise.
type room struct{ refused atomic.Pointer[refusal] }

type refusal struct {
	at  time.Time
	err error
}

// note looks at the error of any write.
func (r *room) note(err error) {
	if noRoom(err) {
		r.refused.Store(&refusal{time.Now(), err})
	}
}

// check is nil when the database has not refused a write lately, or takes one again.
func (r *room) check(ctx context.Context, write func(context.Context) error) error {
	last := r.refused.Load()
	if last == nil {
		return nil
	}
	if time.Since(last.at) < fullFor {
		return domain.DiskFull("database", last.err)
	}
	if err := write(ctx); err != nil {
		return mapErr(ctx, err)
	}
	r.refused.CompareAndSwap(last, nil)
	return nil
}

func noRoom(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "53100"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == lib.SQLITE_FULL
}

// TraceQueryStart is for pgx.
func (r *room) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd sees every statement's error, whoever sent it.
func (r *room) TraceQueryEnd(_ context.Context, _ *pgx.Conn, d pgx.TraceQueryEndData) {
	if d.Err != nil {
		r.note(d.Err)
	}
}
