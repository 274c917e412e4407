package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strings"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// CodeLife is how long the link of a first run can be used.
const CodeLife = 24 * time.Hour

// Offer opens a code for the first operator's account; "" when there is an operator.
func Offer(ctx context.Context, store ports.AccountAdmin, clock ports.Clock) (code string, err error) {
	code = rand.Text()
	now := clock.Now()
	open, err := store.Offer(ctx, hashCode(code), now, now.Add(CodeLife))
	if err != nil || !open {
		return "", err
	}
	return code, nil
}

func hashCode(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}

// Admin is what operators do with accounts, beside the server.
type Admin struct {
	*Service
	store ports.AccountAdmin
}

// NewAdmin makes the operator's use cases.
func NewAdmin(s *Service, store ports.AccountAdmin) *Admin { return &Admin{s, store} }

// Create makes an account, whether sign-up is open or not. Errors: a Refusal.
func (a *Admin) Create(ctx context.Context, name, email, password, scope string) (domain.Account, error) {
	n, err := a.newAccount(ctx, name, email, password, nil)
	if err != nil {
		return domain.Account{}, err
	}
	n.Scope = scope
	return n.Account, a.create(ctx, n)
}

// List returns all accounts, oldest first.
func (a *Admin) List(ctx context.Context) ([]domain.Account, error) { return a.store.Accounts(ctx) }

// Find finds an account by its id or e-mail address. Errors: domain.ErrNotFound.
func (a *Admin) Find(ctx context.Context, who string) (domain.Account, error) {
	c, err := a.d.Accounts.ByID(ctx, who)
	if errors.Is(err, domain.ErrNotFound) {
		if _, key, ok := Email(who); ok {
			c, err = a.d.Accounts.ByEmail(ctx, key)
		}
	}
	return c.Account, err
}

// Grant gives an account a scope, or takes it away, and returns what it has then.
// Tokens of before live for up to TokenLife.
func (a *Admin) Grant(ctx context.Context, id, scope string, take bool) (string, error) {
	c, err := a.d.Accounts.ByID(ctx, id)
	if err != nil {
		return "", err
	}
	var all []string
	for _, s := range strings.Fields(c.Scope) {
		if s != scope {
			all = append(all, s)
		}
	}
	if !take {
		all = append(all, scope)
	}
	joined := strings.Join(all, " ")
	return joined, a.store.SetScope(ctx, id, joined, a.now())
}

// ResetPassword replaces an account's password and ends all of its sessions. Errors: a
// Refusal; domain.ErrNotFound.
func (a *Admin) ResetPassword(ctx context.Context, id, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return a.d.Accounts.SetPassword(ctx, domain.PasswordChange{AccountID: id, Hash: hash, At: a.now(), EndSessions: true})
}

// GeneratePassword makes a password that can be typed from paper.
func GeneratePassword() string {
	text := strings.ToLower(rand.Text())
	return text[:5] + "-" + text[5:10] + "-" + text[10:15] + "-" + text[15:20]
}
