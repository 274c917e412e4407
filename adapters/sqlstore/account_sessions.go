package sqlstore

import (
	"context"
	"strings"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

var sessionColumns = [...]column{
	{"id", "text"}, {"account_id", "text"}, {"secret", "bytea"}, {"remembered", "boolean"}, {"address", "text"}, {"user_agent", "text"},
	{"created_at", "timestamptz"}, {"updated_at", "timestamptz"}, {"expires_at", "timestamptz"},
}

func sessionValues(s domain.AccountSession) []any {
	return []any{
		s.ID, s.AccountID, s.Secret, s.Remembered, cleaned(s.Address), cleaned(s.UserAgent),
		stamp(s.CreatedAt).String(), stamp(s.UpdatedAt).String(), stamp(s.ExpiresAt).String(),
	}
}

// begin writes a session whose account the same transaction has written.
func (s *Identity) begin(ctx context.Context, c conn, session domain.AccountSession) error {
	all := sessionColumns[:]
	_, err := c.ExecContext(ctx, `INSERT INTO sessions (`+names("", all)+`) VALUES (`+s.db.pick(bound(1, all), marks(len(all)))+`)`, sessionValues(session)...)
	return err
}

// Begin keeps a session if the password is what it was; see ports.AccountSessions.
// The lock on the account's row makes it wait for a change of the password that is
// under way, and look again.
func (s *Identity) Begin(ctx context.Context, session domain.AccountSession, hash string) error {
	all := sessionColumns[:]
	query := `INSERT INTO sessions (` + names("", all) + `) SELECT ` + s.db.pick(bound(1, all), numbered("$1, $2, $3, $4, $5, $6, $7, $8, $9")) +
		numberedFor(s.db, ` FROM accounts WHERE id = $2 AND password = $10`) + s.db.pick(` FOR SHARE`, ``)
	var n int64
	err := s.db.write(ctx, func(ctx context.Context, c conn) (err error) {
		n, err = affected(c.ExecContext(ctx, query, append(sessionValues(session), hash)...))
		return err
	})
	if err == nil && n == 0 {
		return domain.NotFound("there is no account with this password")
	}
	return mapErr(ctx, err)
}

func sessionFields(s *domain.AccountSession, created, updated, expires *stamp) []any {
	return []any{&s.ID, &s.AccountID, &s.Secret, &s.Remembered, &s.Address, &s.UserAgent, created, updated, expires}
}

// Session finds a session and its account; see ports.AccountSessions.
func (s *Identity) Session(ctx context.Context, id string) (session domain.AccountSession, a domain.Account, err error) {
	if err := storable(id); err != nil {
		return session, a, err
	}
	var c domain.Credential
	var at [5]stamp
	query := numberedFor(s.db, `SELECT `+names("s.", sessionColumns[:])+`, `+credentialColumns+`
FROM sessions AS s JOIN accounts AS a ON a.id = s.account_id WHERE s.id = $1`)
	err = s.db.pool().QueryRowContext(ctx, query, id).
		Scan(append(sessionFields(&session, &at[0], &at[1], &at[2]), credentialFields(&c, &at[3], &at[4])...)...)
	session.CreatedAt, session.UpdatedAt, session.ExpiresAt = time.Time(at[0]), time.Time(at[1]), time.Time(at[2])
	c.CreatedAt, c.UpdatedAt = time.Time(at[3]), time.Time(at[4])
	return session, c.Account, mapErr(ctx, noAccount(err))
}

// Extend moves a session's end; see ports.AccountSessions.
func (s *Identity) Extend(ctx context.Context, id string, now, expires time.Time) error {
	return s.run(ctx, `UPDATE sessions SET updated_at = $1, expires_at = $2 WHERE id = $3`, stamp(now).String(), stamp(expires).String(), id)
}

// End removes a session of the account; see ports.AccountSessions.
func (s *Identity) End(ctx context.Context, account, id string) error {
	if err := storable(account, id); err != nil {
		return err
	}
	return s.run(ctx, `DELETE FROM sessions WHERE account_id = $1 AND id = $2`, account, id)
}

// Sessions lists the account's; see ports.AccountSessions.
func (s *Identity) Sessions(ctx context.Context, account string, now time.Time) ([]domain.AccountSession, error) {
	if err := storable(account); err != nil {
		return nil, err
	}
	rows, err := s.db.pool().QueryContext(ctx, numberedFor(s.db, `SELECT `+names("", sessionColumns[:])+` FROM sessions
WHERE account_id = $1 AND expires_at > $2 ORDER BY created_at, id`), account, stamp(now).String())
	if err != nil {
		return nil, mapErr(ctx, err)
	}
	defer func() { _ = rows.Close() }()
	var out []domain.AccountSession
	for rows.Next() {
		var one domain.AccountSession
		var at [3]stamp
		if err := rows.Scan(sessionFields(&one, &at[0], &at[1], &at[2])...); err != nil {
			return nil, mapErr(ctx, err)
		}
		one.CreatedAt, one.UpdatedAt, one.ExpiresAt = time.Time(at[0]), time.Time(at[1]), time.Time(at[2])
		out = append(out, one)
	}
	return out, mapErr(ctx, rows.Err())
}

// run is one statement in a transaction of its own.
func (s *Identity) run(ctx context.Context, query string, args ...any) error {
	return mapErr(ctx, s.db.write(ctx, func(ctx context.Context, c conn) error {
		_, err := c.ExecContext(ctx, numberedFor(s.db, query), args...)
		return err
	}))
}

// unaliased are the columns for SQLite's RETURNING, which knows no alias.
func unaliased(columns string) string { return strings.ReplaceAll(columns, "a.", "") }
