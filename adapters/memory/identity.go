package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
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

// Identity keeps accounts, sessions and signing keys in memory.
type Identity struct {
	mu       sync.Mutex
	accounts map[string]domain.Credential
	sessions map[string]domain.AccountSession
	codes    map[string]time.Time // when each expires
	keys     []domain.SigningKey
}

// NewIdentity makes an empty store.
func NewIdentity() *Identity {
	return &Identity{accounts: map[string]domain.Credential{}, sessions: map[string]domain.AccountSession{}, codes: map[string]time.Time{}}
}

// Create implements ports.AccountStore.
func (s *Identity) Create(_ context.Context, n domain.NewAccount) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.Code != nil {
		if expires, open := s.codes[string(n.Code)]; !open || !n.CreatedAt.Before(expires) || s.hasOperator() {
			return domain.Gone("this link was used already, has expired, or there is an operator's account already")
		}
	}
	if _, taken := s.byEmail(n.EmailKey); taken || s.accounts[n.ID].ID != "" {
		return domain.Conflict("it exists already")
	}
	s.accounts[n.ID] = n.Credential
	if n.IsOperator() || n.Code != nil {
		clear(s.codes)
	}
	if n.Session != nil {
		s.sessions[n.Session.ID] = *n.Session
	}
	return nil
}

func (s *Identity) hasOperator() bool {
	for _, c := range s.accounts {
		if c.IsOperator() {
			return true
		}
	}
	return false
}

func (s *Identity) byEmail(key string) (domain.Credential, bool) {
	for _, c := range s.accounts {
		if c.EmailKey == key {
			return c, true
		}
	}
	return domain.Credential{}, false
}

func noAccount() error { return domain.NotFound("there is no such account") }

// ByEmail implements ports.AccountStore.
func (s *Identity) ByEmail(_ context.Context, emailKey string) (domain.Credential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.byEmail(emailKey)
	if !ok {
		return c, noAccount()
	}
	return c, nil
}

// ByID implements ports.AccountStore.
func (s *Identity) ByID(_ context.Context, id string) (domain.Credential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.accounts[id]
	if !ok {
		return c, noAccount()
	}
	return c, nil
}

// update changes an account that is there.
func (s *Identity) update(id string, now time.Time, change func(*domain.Credential) error) (domain.Credential, error) {
	c, ok := s.accounts[id]
	if !ok {
		return c, noAccount()
	}
	if err := change(&c); err != nil {
		return c, err
	}
	c.UpdatedAt = now
	s.accounts[id] = c
	return c, nil
}

// Change implements ports.AccountStore.
func (s *Identity) Change(_ context.Context, id string, change domain.AccountChange, now time.Time) (domain.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.update(id, now, func(c *domain.Credential) error {
		if change.Name != nil {
			c.Name = *change.Name
		}
		if change.Image != nil {
			c.Image = *change.Image
		}
		return nil
	})
	return c.Account, err
}

// SetPassword implements ports.AccountStore.
func (s *Identity) SetPassword(_ context.Context, p domain.PasswordChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.update(p.AccountID, p.At, func(c *domain.Credential) error {
		if p.Old != "" && p.Old != c.Hash {
			return noAccount()
		}
		c.Hash = p.Hash
		return nil
	})
	if err != nil {
		return err
	}
	for id, session := range s.sessions {
		if p.EndSessions && session.AccountID == p.AccountID {
			delete(s.sessions, id)
		}
	}
	if p.Begin != nil {
		s.sessions[p.Begin.ID] = *p.Begin
	}
	return nil
}

// Begin implements ports.AccountSessions.
func (s *Identity) Begin(_ context.Context, session domain.AccountSession, hash string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.accounts[session.AccountID]; !ok || c.Hash != hash {
		return domain.NotFound("there is no account with this password")
	}
	s.sessions[session.ID] = session
	return nil
}

// Session implements ports.AccountSessions.
func (s *Identity) Session(_ context.Context, id string) (domain.AccountSession, domain.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok := s.sessions[id]
	c, there := s.accounts[session.AccountID]
	if !ok || !there {
		return domain.AccountSession{}, domain.Account{}, noAccount()
	}
	return session, c.Account, nil
}

// Extend implements ports.AccountSessions.
func (s *Identity) Extend(_ context.Context, id string, now, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if session, ok := s.sessions[id]; ok {
		session.UpdatedAt, session.ExpiresAt = now, expires
		s.sessions[id] = session
	}
	return nil
}

// End implements ports.AccountSessions.
func (s *Identity) End(_ context.Context, account, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[id].AccountID == account {
		delete(s.sessions, id)
	}
	return nil
}

// Sessions implements ports.AccountSessions.
func (s *Identity) Sessions(_ context.Context, account string, now time.Time) (out []domain.AccountSession, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		if session.AccountID == account && now.Before(session.ExpiresAt) {
			out = append(out, session)
		}
	}
	slices.SortFunc(out, func(a, b domain.AccountSession) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// Accounts implements ports.AccountAdmin.
func (s *Identity) Accounts(context.Context) (out []domain.Account, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.accounts {
		out = append(out, c.Account)
	}
	slices.SortFunc(out, func(a, b domain.Account) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// SetScope implements ports.AccountAdmin.
func (s *Identity) SetScope(_ context.Context, id, scope string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.update(id, now, func(c *domain.Credential) error { c.Scope = scope; return nil })
	if err == nil && c.IsOperator() {
		clear(s.codes)
	}
	return err
}

// Offer implements ports.AccountAdmin.
func (s *Identity) Offer(_ context.Context, code []byte, now, expires time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, until := range s.codes {
		if !now.Before(until) {
			delete(s.codes, c)
		}
	}
	if s.hasOperator() {
		return false, nil
	}
	s.codes[string(code)] = expires
	return true, nil
}

// Keys implements ports.KeyStore.
func (s *Identity) Keys(context.Context) ([]domain.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.keys), nil
}

// AddKey implements ports.KeyStore.
func (s *Identity) AddKey(_ context.Context, k domain.SigningKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.keys {
		if other.Generation == k.Generation || other.ID == k.ID {
			return domain.Conflict("it exists already")
		}
	}
	k.Public, k.Private = bytes.Clone(k.Public), bytes.Clone(k.Private)
	s.keys = append(s.keys, k)
	slices.SortFunc(s.keys, func(a, b domain.SigningKey) int { return cmp.Compare(a.Generation, b.Generation) })
	return nil
}

// HoldKey implements ports.KeyStore.
func (s *Identity) HoldKey(_ context.Context, id string, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.keys {
		if k := &s.keys[i]; k.ID == id {
			if until.After(k.TokensUntil) {
				k.TokensUntil = until
			}
			return nil
		}
	}
	return domain.NotFound("there is no such key")
}

// RemoveKey implements ports.KeyStore.
func (s *Identity) RemoveKey(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = slices.DeleteFunc(s.keys, func(k domain.SigningKey) bool { return k.ID == id })
	return nil
}
