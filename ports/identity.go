package ports

import (
	"context"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// AccountStore keeps accounts.
type AccountStore interface {
	// Create writes n in one transaction. domain.ErrConflict: an account has this
	// EmailKey. domain.ErrGone: the code is not open, or there is an operator already.
	// An operator's account closes all codes.
	Create(ctx context.Context, n domain.NewAccount) error
	// ByEmail and ByID return domain.ErrNotFound without such an account.
	ByEmail(ctx context.Context, emailKey string) (domain.Credential, error)
	ByID(ctx context.Context, id string) (domain.Credential, error)
	// Change sets the given fields. domain.ErrNotFound.
	Change(ctx context.Context, id string, c domain.AccountChange, now time.Time) (domain.Account, error)
	// SetPassword does all of p or nothing. domain.ErrNotFound: no account, or it has
	// not the old password any more.
	SetPassword(ctx context.Context, p domain.PasswordChange) error
}

// AccountSessions keeps the sessions of accounts.
type AccountSessions interface {
	// Begin keeps s if its account has the password of this hash still: a session can't
	// outlive a change of the password that ends all. domain.ErrNotFound if not.
	Begin(ctx context.Context, s domain.AccountSession, hash string) error
	// Session returns a session, ended or not, and its account. domain.ErrNotFound.
	Session(ctx context.Context, id string) (domain.AccountSession, domain.Account, error)
	// Extend moves a session's end, if there is such a session.
	Extend(ctx context.Context, id string, now, expires time.Time) error
	// End removes a session of the account; one of another account stays. No error
	// without such a session.
	End(ctx context.Context, account, id string) error
	// Sessions returns those of an account that have not ended at now, oldest first.
	Sessions(ctx context.Context, account string, now time.Time) ([]domain.AccountSession, error)
}

// AccountAdmin is what operators do with accounts.
type AccountAdmin interface {
	// Accounts returns all, oldest first.
	Accounts(ctx context.Context) ([]domain.Account, error)
	// SetScope replaces the scope; an operator's closes all codes. domain.ErrNotFound.
	SetScope(ctx context.Context, id, scope string, now time.Time) error
	// Offer opens a code for the first operator until expires, and removes those that
	// have expired; false, and nothing is open, when there is an operator.
	Offer(ctx context.Context, code []byte, now, expires time.Time) (bool, error)
}

// KeyStore keeps the keys that sign tokens.
type KeyStore interface {
	// Keys returns all, by generation.
	Keys(ctx context.Context) ([]domain.SigningKey, error)
	// AddKey keeps a key. domain.ErrConflict: its generation is there.
	AddKey(ctx context.Context, k domain.SigningKey) error
	// HoldKey keeps TokensUntil of a key from being before until. domain.ErrNotFound.
	HoldKey(ctx context.Context, id string, until time.Time) error
	// RemoveKey removes a key, if it is there.
	RemoveKey(ctx context.Context, id string) error
}
