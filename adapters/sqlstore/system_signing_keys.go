package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// Keys lists all keys; see ports.KeyStore.
func (s *Identity) Keys(ctx context.Context) ([]domain.SigningKey, error) {
	rows, err := s.db.pool().QueryContext(ctx, `SELECT id, generation, public, private, sealed, created_at, signs_from, tokens_until FROM signing_keys ORDER BY generation`)
	if err != nil {
		return nil, mapErr(ctx, err)
	}
	defer func() { _ = rows.Close() }()
	var out []domain.SigningKey
	for rows.Next() {
		var k domain.SigningKey
		var created, from stamp
		var until *stamp
		if err := rows.Scan(&k.ID, &k.Generation, &k.Public, &k.Private, &k.Sealed, &created, &from, &until); err != nil {
			return nil, mapErr(ctx, err)
		}
		k.CreatedAt, k.SignsFrom = time.Time(created), time.Time(from)
		if until != nil {
			k.TokensUntil = time.Time(*until)
		}
		out = append(out, k)
	}
	return out, mapErr(ctx, rows.Err())
}

// AddKey keeps a key; see ports.KeyStore.
func (s *Identity) AddKey(ctx context.Context, k domain.SigningKey) error {
	var until *string
	if !k.TokensUntil.IsZero() {
		text := stamp(k.TokensUntil).String()
		until = &text
	}
	return s.run(ctx, `INSERT INTO signing_keys (id, generation, public, private, sealed, created_at, signs_from, tokens_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		k.ID, k.Generation, k.Public, k.Private, k.Sealed, stamp(k.CreatedAt).String(), stamp(k.SignsFrom).String(), until)
}

// HoldKey moves TokensUntil of a key, never back; see ports.KeyStore.
func (s *Identity) HoldKey(ctx context.Context, id string, until time.Time) error {
	query := s.db.pick(`UPDATE signing_keys SET tokens_until = greatest(tokens_until, $1::timestamptz) WHERE id = $2`,
		`UPDATE signing_keys SET tokens_until = max(coalesce(tokens_until, ?1), ?1) WHERE id = ?2`)
	return mapErr(ctx, s.db.write(ctx, func(ctx context.Context, c conn) error {
		n, err := affected(c.ExecContext(ctx, query, stamp(until).String(), id))
		if err == nil && n == 0 {
			err = noAccount(sql.ErrNoRows)
		}
		return err
	}))
}

// RemoveKey removes a key; see ports.KeyStore.
func (s *Identity) RemoveKey(ctx context.Context, id string) error {
	return s.run(ctx, `DELETE FROM signing_keys WHERE id = $1`, id)
}
