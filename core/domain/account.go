package domain

import (
	"slices"
	"strings"
	"time"
)

// ScopeOperator is the scope of who runs the system.
const ScopeOperator = "operator"

// Account is somebody who signs in with a password.
type Account struct {
	ID                   string
	Email                string // as it is shown
	Name                 string
	Image                *string
	Scope                string // space-separated, as in a token's claim
	CreatedAt, UpdatedAt time.Time
}

// IsOperator says whether the account may do what operators do.
func (a *Account) IsOperator() bool {
	return slices.Contains(strings.Fields(a.Scope), ScopeOperator)
}

// Credential is an account with what is compared at a sign-in. Hash never leaves the
// core: no answer, export or log has it.
type Credential struct {
	Account
	EmailKey string // equal for all spellings of one address
	Hash     string // of the password
}

// NewAccount is an account that is to be created, with what is written together with it.
type NewAccount struct {
	Credential
	Session *AccountSession // that begins with it; nil: none
	Code    []byte          // hash of the code of a first run that it uses up; nil: none
}

// AccountChange is what to change; nil stays as it is.
type AccountChange struct {
	Name  *string
	Image **string // a nil inside removes it
}

// PasswordChange is a new password and what becomes of the account's sessions.
type PasswordChange struct {
	AccountID   string
	Old         string // the hash that must be there still; "" for any
	Hash        string
	At          time.Time
	EndSessions bool            // all of them
	Begin       *AccountSession // one that begins; nil: none
}

// AccountSession is one sign-in that lasts. Secret is the SHA-256 of what its cookie proves.
type AccountSession struct {
	ID, AccountID                   string
	Secret                          []byte
	Remembered                      bool // false: it ends with the browser, and is not prolonged
	Address, UserAgent              string
	CreatedAt, UpdatedAt, ExpiresAt time.Time
}

// SigningKey is an Ed25519 key that signs tokens.
type SigningKey struct {
	ID          string
	Generation  int64 // 1, 2, 3 …: each replaces the one before
	Public      []byte
	Private     []byte // the seed, encrypted when Sealed
	Sealed      bool
	CreatedAt   time.Time
	SignsFrom   time.Time
	TokensUntil time.Time // the latest end of a token that lives longer than usual; zero without
}
