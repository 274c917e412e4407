package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var (
	_ ports.AccountStore    = (*Identity)(nil)
	_ ports.AccountSessions = (*Identity)(nil)
	_ ports.AccountAdmin    = (*Identity)(nil)
	_ ports.KeyStore        = (*Identity)(nil)
)

// Identity keeps accounts, their sessions and the keys that sign tokens.
type Identity struct{ db *DB }

// NewIdentity returns the accounts of db.
func NewIdentity(db *DB) *Identity { return &Identity{db} }

// errCodeClosed is no domain error, since something was written before it.
var errCodeClosed = errors.New("the code is not open")

// Create writes an account in one transaction; see ports.AccountStore.
//
// Of two that use codes at once one waits for the other: both delete all codes, and
// whoever waited finds none left, or an operator.
func (s *Identity) Create(ctx context.Context, n domain.NewAccount) error {
	if err := storable(n.ID, n.Email, n.EmailKey, n.Name, textOf(n.Image), n.Scope); err != nil {
		return err
	}
	err := s.db.write(ctx, func(ctx context.Context, c conn) error {
		if n.Code != nil {
			if err := s.useCode(ctx, c, n.Code, n.CreatedAt); err != nil {
				return err
			}
		} else if err := s.closeCodes(ctx, c, &n.Account); err != nil {
			return err
		}
		_, err := c.ExecContext(ctx, numberedFor(s.db, `INSERT INTO accounts (id, email, email_key, name, image, scope, password, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`), n.ID, n.Email, n.EmailKey, n.Name, n.Image, n.Scope, n.Hash, stamp(n.CreatedAt).String(), stamp(n.UpdatedAt).String())
		if err != nil || n.Session == nil {
			return err
		}
		return s.begin(ctx, c, *n.Session)
	})
	if errors.Is(err, errCodeClosed) {
		return domain.Gone("this link was used already, has expired, or there is an operator's account already")
	}
	return mapErr(ctx, err)
}

func (s *Identity) useCode(ctx context.Context, c conn, code []byte, now time.Time) error {
	n, err := affected(c.ExecContext(ctx, numberedFor(s.db, `DELETE FROM sign_up_codes WHERE hash = $1 AND expires_at > $2`), code, stamp(now).String()))
	if err == nil && n == 0 {
		err = errCodeClosed
	}
	if err == nil {
		_, err = c.ExecContext(ctx, `DELETE FROM sign_up_codes`)
	}
	if err != nil {
		return err
	}
	var operators int
	err = c.QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE `+isOperator).Scan(&operators)
	if err == nil && operators > 0 {
		err = errCodeClosed
	}
	return err
}

const isOperator = `' ' || scope || ' ' LIKE '% ` + domain.ScopeOperator + ` %'`

func (s *Identity) closeCodes(ctx context.Context, c conn, a *domain.Account) error {
	if !a.IsOperator() {
		return nil
	}
	_, err := c.ExecContext(ctx, `DELETE FROM sign_up_codes`)
	return err
}

const credentialColumns = `a.id, a.email, a.email_key, a.name, a.image, a.scope, a.password, a.created_at, a.updated_at` //nolint:gosec // names of columns

func credentialFields(c *domain.Credential, created, updated *stamp) []any {
	return []any{&c.ID, &c.Email, &c.EmailKey, &c.Name, &c.Image, &c.Scope, &c.Hash, created, updated}
}

func (s *Identity) credential(ctx context.Context, where, value string) (c domain.Credential, err error) {
	if err := storable(value); err != nil {
		return c, err
	}
	var created, updated stamp
	err = s.db.pool().QueryRowContext(ctx, numberedFor(s.db, `SELECT `+credentialColumns+` FROM accounts AS a WHERE a.`+where+` = $1`), value).
		Scan(credentialFields(&c, &created, &updated)...)
	c.CreatedAt, c.UpdatedAt = time.Time(created), time.Time(updated)
	return c, mapErr(ctx, noAccount(err))
}

func noAccount(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return domain.NotFound("there is no such account")
	}
	return err
}

// ByEmail finds an account; see ports.AccountStore.
func (s *Identity) ByEmail(ctx context.Context, emailKey string) (domain.Credential, error) {
	return s.credential(ctx, "email_key", emailKey)
}

// ByID finds an account; see ports.AccountStore.
func (s *Identity) ByID(ctx context.Context, id string) (domain.Credential, error) {
	return s.credential(ctx, "id", id)
}

// Change sets the given fields; see ports.AccountStore.
func (s *Identity) Change(ctx context.Context, id string, change domain.AccountChange, now time.Time) (domain.Account, error) {
	var image *string
	if change.Image != nil {
		image = *change.Image
	}
	if err := storable(id, textOf(change.Name), textOf(image)); err != nil {
		return domain.Account{}, err
	}
	var a domain.Credential
	var created, updated stamp
	query := s.db.pick(`UPDATE accounts AS a SET name = coalesce($2::text, name), image = CASE WHEN $3::boolean THEN $4::text ELSE image END, updated_at = $5 WHERE a.id = $1 RETURNING `,
		`UPDATE accounts AS a SET name = coalesce(?2, name), image = CASE WHEN ?3 THEN ?4 ELSE image END, updated_at = ?5 WHERE a.id = ?1 RETURNING `)
	err := s.db.write(ctx, func(ctx context.Context, c conn) error {
		return noAccount(c.QueryRowContext(ctx, query+s.db.pick(credentialColumns, unaliased(credentialColumns)), id, change.Name, change.Image != nil, image, stamp(now).String()).
			Scan(credentialFields(&a, &created, &updated)...))
	})
	a.CreatedAt, a.UpdatedAt = time.Time(created), time.Time(updated)
	return a.Account, mapErr(ctx, err)
}

// SetPassword does all of p or nothing; see ports.AccountStore. The account's row is
// first, so that a session that begins is seen here or sees the change.
func (s *Identity) SetPassword(ctx context.Context, p domain.PasswordChange) error {
	return mapErr(ctx, s.db.write(ctx, func(ctx context.Context, c conn) error {
		n, err := affected(c.ExecContext(ctx, numberedFor(s.db, `UPDATE accounts SET password = $1, updated_at = $2 WHERE id = $3 AND ($4 = '' OR password = $4)`),
			p.Hash, stamp(p.At).String(), p.AccountID, p.Old))
		if err != nil {
			return err
		}
		if n == 0 {
			return noAccount(sql.ErrNoRows)
		}
		if p.EndSessions {
			if _, err := c.ExecContext(ctx, numberedFor(s.db, `DELETE FROM sessions WHERE account_id = $1`), p.AccountID); err != nil {
				return err
			}
		}
		if p.Begin == nil {
			return nil
		}
		return s.begin(ctx, c, *p.Begin)
	}))
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
