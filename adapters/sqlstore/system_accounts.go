package sqlstore

import (
	"context"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// Accounts lists all; see ports.AccountAdmin.
func (s *Identity) Accounts(ctx context.Context) ([]domain.Account, error) {
	rows, err := s.db.pool().QueryContext(ctx, `SELECT `+credentialColumns+` FROM accounts AS a ORDER BY a.created_at, a.id`)
	if err != nil {
		return nil, mapErr(ctx, err)
	}
	defer func() { _ = rows.Close() }()
	var out []domain.Account
	for rows.Next() {
		var c domain.Credential
		var created, updated stamp
		if err := rows.Scan(credentialFields(&c, &created, &updated)...); err != nil {
			return nil, mapErr(ctx, err)
		}
		c.CreatedAt, c.UpdatedAt = time.Time(created), time.Time(updated)
		out = append(out, c.Account)
	}
	return out, mapErr(ctx, rows.Err())
}

// SetScope replaces an account's scope; see ports.AccountAdmin.
func (s *Identity) SetScope(ctx context.Context, id, scope string, now time.Time) error {
	if err := storable(id, scope); err != nil {
		return err
	}
	return mapErr(ctx, s.db.write(ctx, func(ctx context.Context, c conn) error {
		n, err := affected(c.ExecContext(ctx, numberedFor(s.db, `UPDATE accounts SET scope = $1, updated_at = $2 WHERE id = $3`), scope, stamp(now).String(), id))
		if err != nil {
			return err
		}
		if n == 0 {
			return domain.NotFound("there is no such account")
		}
		return s.closeCodes(ctx, c, &domain.Account{Scope: scope})
	}))
}

// Offer opens a code for the first operator; see ports.AccountAdmin.
func (s *Identity) Offer(ctx context.Context, code []byte, now, expires time.Time) (bool, error) {
	var n int64
	err := s.db.write(ctx, func(ctx context.Context, c conn) error {
		_, err := c.ExecContext(ctx, numberedFor(s.db, `DELETE FROM sign_up_codes WHERE expires_at <= $1`), stamp(now).String())
		if err != nil {
			return err
		}
		n, err = affected(c.ExecContext(ctx, `INSERT INTO sign_up_codes (hash, expires_at) SELECT `+s.db.pick(`$1::bytea, $2::timestamptz`, `?1, ?2`)+
			` WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE `+isOperator+`)`, code, stamp(expires).String()))
		return err
	})
	return n > 0, mapErr(ctx, err)
}

// DeleteSessionsBefore deletes up to limit sessions that ended before, and returns how many.
func (s *Identity) DeleteSessionsBefore(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.db.deleted(ctx, `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < `+
		s.db.pick("$1::timestamptz", "?1")+` LIMIT `+s.db.pick("$2", "?2")+`)`, stamp(before).String(), int64(limit))
}
