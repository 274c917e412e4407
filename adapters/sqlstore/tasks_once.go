package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.OnceStore = (*Tasks)(nil)

var errKeyGone = domain.Unavailable("database", errors.New("the idempotency key was removed while it was read"))

// CreateOnce stores a task and the answer to its request in one transaction of its
// own; see ports.OnceStore.
func (t *Tasks) CreateOnce(ctx context.Context, task domain.Task, e domain.Event, a domain.KeptAnswer) (domain.KeptAnswer, error) {
	c, err := t.changeOf(task, e)
	if err != nil {
		return domain.KeptAnswer{}, err
	}
	if err := firstErr(storable(a.Key, a.Fingerprint, string(a.Response)), datable(a.CreatedAt)); err != nil {
		return domain.KeptAnswer{}, err
	}
	var kept domain.KeptAnswer
	created := false
	err = t.db.write(ctx, func(ctx context.Context, db conn) (err error) {
		kept, created, err = t.createOnce(ctx, db, c, a)
		return err
	})
	if err != nil {
		return domain.KeptAnswer{}, mapErr(ctx, err)
	}
	if created {
		t.db.signals.committed(e.Source, c.event.UserID)
		t.db.signals.stored(&task)
	}
	return kept, nil
}

// createOnce inserts the key first: on PostgreSQL who comes second waits there for
// the transaction of who came first. SQLite has one writer, whose pieces must not
// fail behind a write: it looks first.
func (t *Tasks) createOnce(ctx context.Context, db conn, c change, a domain.KeptAnswer) (kept domain.KeptAnswer, created bool, err error) {
	if !t.db.postgres() {
		kept, err = t.kept(ctx, db, c.event.UserID, a.Key)
		if !errors.Is(err, sql.ErrNoRows) {
			return kept, false, err
		}
		if _, err = t.insertLite(ctx, db, c); err != nil {
			return kept, false, err
		}
	}
	n, err := affected(db.ExecContext(ctx, numberedFor(t.db, `INSERT INTO idempotency_keys (user_id, key, fingerprint, response, created_at)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id, key) DO NOTHING`),
		c.event.UserID, a.Key, a.Fingerprint, string(a.Response), stamp(a.CreatedAt).String()))
	if err != nil || !t.db.postgres() {
		return a, err == nil, err
	}
	if n == 0 {
		kept, err = t.kept(ctx, db, c.event.UserID, a.Key)
		if errors.Is(err, sql.ErrNoRows) {
			err = errKeyGone
		}
		return kept, false, err
	}
	positions, err := t.createRows(ctx, db, []creation{creation(c)})
	if err == nil && positions[0] == 0 {
		err = errTaskExists
	}
	return a, err == nil, err
}

func (t *Tasks) kept(ctx context.Context, db conn, user, key string) (domain.KeptAnswer, error) {
	a := domain.KeptAnswer{Key: key}
	var at stamp
	err := db.QueryRowContext(ctx, numberedFor(t.db, "SELECT fingerprint, response, created_at FROM idempotency_keys WHERE user_id = $1 AND key = $2"), user, key).
		Scan(&a.Fingerprint, &a.Response, &at)
	a.CreatedAt = *at.ptr()
	return a, err
}
