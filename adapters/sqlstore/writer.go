package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/tasktide/tasktide/core/coalesce"
	"github.com/tasktide/tasktide/core/domain"
)

// writer is SQLite's one writer. Everything that waits for it goes into one
// transaction and shares one fsync. A piece that fails halfway is rare and must
// not harm the others: the batch is then repeated with a savepoint for each piece
// (savepoints always would cost a quarter of the throughput).
type writer struct {
	db    *sql.DB
	group *coalesce.Group[piece, struct{}]
	room  *room

	mu   sync.Mutex // held while conn is used
	conn *prepared
}

// piece may run more than once. It returns an error of package domain only
// before it has written anything.
type piece func(ctx context.Context, c conn) error

func newWriter(db *sql.DB, watch *coalesce.Watch) *writer {
	w := &writer{db: db}
	w.group = coalesce.New(w.flush, coalesce.Options{MaxBatch: 512, MaxFlushes: 1, Watch: watch})
	return w
}

// do runs p in a transaction and returns when that is durable.
func (w *writer) do(ctx context.Context, p piece) error {
	_, err := w.group.Do(ctx, p)
	return err
}

func (w *writer) flush(ctx context.Context, pieces []piece) []coalesce.Result[struct{}] {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]coalesce.Result[struct{}], len(pieces))
	err := w.transaction(ctx, pieces, out, w.plainly)
	if errors.Is(err, errHalfway) {
		clear(out)
		err = w.transaction(ctx, pieces, out, w.inSavepoint)
	}
	if err != nil {
		w.room.note(err)
		for i := range out {
			if out[i].Err == nil {
				out[i].Err = err
			}
		}
	}
	return out
}

// transaction returns an error when nothing was committed. The connection then
// ends, whatever state it is in; so it does when a piece panics.
func (w *writer) transaction(ctx context.Context, pieces []piece, out []coalesce.Result[struct{}], run func(context.Context, piece) (failed, err error)) (err error) {
	done := false
	defer func() {
		if !done {
			w.drop()
		}
	}()
	if w.conn == nil {
		c, err := w.db.Conn(ctx)
		if err != nil {
			return err
		}
		w.conn = &prepared{Conn: c, stmts: map[string]*sql.Stmt{}}
	}
	if err := w.conn.run(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for i, p := range pieces {
		if out[i].Err, err = run(ctx, p); err != nil {
			return err
		}
	}
	err = w.conn.run(ctx, "COMMIT")
	done = err == nil
	return err
}

// errHalfway says that a piece may have written a part of what it should.
var errHalfway = errors.New("a piece failed halfway")

// plainly runs p without a way back for it alone.
func (w *writer) plainly(ctx context.Context, p piece) (failed, err error) {
	failed = p(ctx, w.conn)
	var refused *domain.Error
	if failed != nil && !errors.As(failed, &refused) {
		return nil, errHalfway
	}
	return failed, nil
}

// inSavepoint takes back what p wrote when it fails; err ends the batch.
func (w *writer) inSavepoint(ctx context.Context, p piece) (failed, err error) {
	if err := w.conn.run(ctx, "SAVEPOINT piece"); err != nil {
		return nil, err
	}
	if failed = p(ctx, w.conn); failed != nil {
		if err := w.conn.run(ctx, "ROLLBACK TO piece"); err != nil {
			return failed, err
		}
	}
	return failed, w.conn.run(ctx, "RELEASE piece")
}

func (w *writer) drop() {
	if w.conn == nil {
		return
	}
	ctx := context.Background()
	_, _ = w.conn.Conn.ExecContext(ctx, "ROLLBACK") // no transaction: no harm
	for _, s := range w.conn.stmts {
		_ = s.Close()
	}
	_ = w.conn.Close()
	w.conn = nil
}

func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop()
	return w.db.Close()
}

// prepared keeps statements that carry parameters prepared on the one
// connection. Statements without are bun's, each with its own text.
type prepared struct {
	*sql.Conn
	stmts map[string]*sql.Stmt
}

func (c *prepared) run(ctx context.Context, query string) error {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(ctx)
	return err
}

func (c *prepared) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	c.stmts[query] = s
	return s, nil
}

func (c *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if len(args) == 0 {
		return c.Conn.ExecContext(ctx, query)
	}
	s, err := c.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (c *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if len(args) == 0 {
		return c.Conn.QueryContext(ctx, query)
	}
	s, err := c.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (c *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if len(args) > 0 {
		if s, err := c.stmt(ctx, query); err == nil {
			return s.QueryRowContext(ctx, args...)
		}
	}
	return c.Conn.QueryRowContext(ctx, query, args...)
}
