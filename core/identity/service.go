package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// How long a session lasts.
const (
	SessionLife  = 7 * 24 * time.Hour // prolonged by use
	prolongAfter = 24 * time.Hour
	browserLife  = 24 * time.Hour // of one that is not remembered
	fresh        = 24 * time.Hour // since the sign-in, for what can't be undone
)

const (
	maxName      = 255
	maxImage     = 2048
	maxUserAgent = 512
)

// Deps is what the use cases need from outside.
type Deps struct {
	Accounts ports.AccountStore
	Sessions ports.AccountSessions
	Eraser   ports.UserEraser // of everything that a user has, the account included
	Clock    ports.Clock
	Cost     HashCost // zero: DefaultHashCost
	Open     bool     // anybody may sign up
}

// Service is the use cases. It may be called concurrently.
type Service struct {
	d      Deps
	hasher *hasher
	tries  *tries
}

// New makes the use cases.
func New(d Deps) *Service {
	if d.Cost == (HashCost{}) {
		d.Cost = DefaultHashCost()
	}
	return &Service{d: d, hasher: newHasher(d.Cost), tries: newTries(d.Clock)}
}

// Visitor is where a request comes from, for the list of sessions.
type Visitor struct{ Address, UserAgent string }

// Signed is somebody who is signed in.
type Signed struct {
	Account domain.Account
	Session domain.AccountSession
	Cookie  string // what proves the session; only where it has just begun or been shown
	Renewed bool   // the cookie has a new end
}

// NewUser is what a sign-up gives.
type NewUser struct {
	Name, Email, Password string
	Image                 *string
	Code                  string // of the first operator's link; "" without
	Forget                bool   // the session ends with the browser
}

// SignUp makes an account and signs it in. Errors: a Refusal; domain.ErrUnavailable.
func (s *Service) SignUp(ctx context.Context, u NewUser, v Visitor) (Signed, error) {
	if !s.d.Open && u.Code == "" {
		return Signed{}, ErrSignUpClosed
	}
	n, err := s.newAccount(ctx, u.Name, u.Email, u.Password, u.Image)
	if err != nil {
		return Signed{}, err
	}
	if u.Code != "" {
		n.Code, n.Scope = hashCode(u.Code), domain.ScopeOperator
	}
	session, cookie := s.newSession(n.ID, !u.Forget, v)
	n.Session = &session
	if err := s.create(ctx, n); err != nil {
		return Signed{}, err
	}
	return Signed{Account: n.Account, Session: session, Cookie: cookie, Renewed: true}, nil
}

// newAccount checks what was given and hashes the password.
func (s *Service) newAccount(ctx context.Context, name, email, password string, image *string) (domain.NewAccount, error) {
	shown, key, ok := Email(email)
	if !ok {
		return domain.NewAccount{}, invalid("email", "Invalid email address")
	}
	if err := errors.Join(checkName(&name), checkImage(image)); err != nil {
		return domain.NewAccount{}, err
	}
	if err := checkPassword(password); err != nil {
		return domain.NewAccount{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return domain.NewAccount{}, err
	}
	now := s.now()
	return domain.NewAccount{Credential: domain.Credential{
		Account:  domain.Account{ID: newID(), Email: shown, Name: name, Image: image, CreatedAt: now, UpdatedAt: now},
		EmailKey: key, Hash: hash,
	}}, nil
}

func (s *Service) create(ctx context.Context, n domain.NewAccount) error {
	err := s.d.Accounts.Create(ctx, n)
	switch {
	case errors.Is(err, domain.ErrConflict):
		return ErrEmailTaken
	case errors.Is(err, domain.ErrGone):
		return ErrCodeClosed
	}
	return err
}

// SignIn begins a session. Errors: a Refusal; domain.ErrUnavailable.
func (s *Service) SignIn(ctx context.Context, email, password string, remember bool, v Visitor) (Signed, error) {
	_, key, ok := Email(email)
	switch {
	case !ok:
		return Signed{}, ErrInvalidEmail
	case utf8.RuneCountInString(password) > MaxPassword:
		return Signed{}, ErrPasswordTooLong
	}
	wait := s.tries.begin(key)
	c, err := s.d.Accounts.ByEmail(ctx, key)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return Signed{}, err
	}
	if err := s.d.Clock.Wait(ctx, wait); err != nil {
		return Signed{}, err
	}
	ok, err = s.hasher.matches(ctx, password, c.Hash)
	if err != nil {
		return Signed{}, err
	}
	if !ok {
		return Signed{}, ErrCredentials
	}
	session, cookie := s.newSession(c.ID, remember, v)
	if err := s.d.Sessions.Begin(ctx, session, c.Hash); errors.Is(err, domain.ErrNotFound) {
		return Signed{}, ErrCredentials // the password has changed meanwhile
	} else if err != nil {
		return Signed{}, err
	}
	s.tries.succeed(key)
	return Signed{Account: c.Account, Session: session, Cookie: cookie, Renewed: true}, nil
}

// Session finds who a cookie proves; renew prolongs a session that is a day old, if
// the cookie can be set anew. Errors: ErrNoSession; ErrSessionEnded when the cookie was
// one of ours once; domain.ErrUnavailable.
func (s *Service) Session(ctx context.Context, cookie string, renew bool) (Signed, error) {
	id, secret, ok := splitCookie(cookie)
	if !ok {
		return Signed{}, ErrNoSession
	}
	session, account, err := s.d.Sessions.Session(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return Signed{}, ErrSessionEnded
	} else if err != nil {
		return Signed{}, err
	}
	if subtle.ConstantTimeCompare(session.Secret, secret) != 1 {
		return Signed{}, ErrNoSession
	}
	now := s.now()
	if !now.Before(session.ExpiresAt) {
		return Signed{}, ErrSessionEnded
	}
	out := Signed{Account: account, Session: session, Cookie: cookie}
	if renew && session.Remembered && now.Sub(session.UpdatedAt) >= prolongAfter {
		out.Session.UpdatedAt, out.Session.ExpiresAt, out.Renewed = now, now.Add(SessionLife), true
		err = s.d.Sessions.Extend(ctx, id, now, out.Session.ExpiresAt)
	}
	return out, err
}

// SignOut ends the session of a cookie. One that proves nothing is no error.
func (s *Service) SignOut(ctx context.Context, cookie string) error {
	who, err := s.Session(ctx, cookie, false)
	if errors.Is(err, ErrNoSession) {
		return nil
	} else if err != nil {
		return err
	}
	return s.d.Sessions.End(ctx, who.Account.ID, who.Session.ID)
}

// Sessions lists who's, oldest first.
func (s *Service) Sessions(ctx context.Context, who Signed) ([]domain.AccountSession, error) {
	return s.d.Sessions.Sessions(ctx, who.Account.ID, s.now())
}

// Revoke ends one of who's sessions. Another's, or one that is not there, is no error.
func (s *Service) Revoke(ctx context.Context, who Signed, session string) error {
	err := s.d.Sessions.End(ctx, who.Account.ID, session)
	if errors.Is(err, domain.ErrInvalid) { // no text that a session could have
		return nil
	}
	return err
}

// newSession makes a session and what proves it.
func (s *Service) newSession(account string, remember bool, v Visitor) (domain.AccountSession, string) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	now, life := s.now(), SessionLife
	if !remember {
		life = browserLife
	}
	sum := sha256.Sum256(secret[:])
	session := domain.AccountSession{
		ID: newID(), AccountID: account, Secret: sum[:], Remembered: remember, Address: v.Address, UserAgent: cut(v.UserAgent, maxUserAgent),
		CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(life),
	}
	return session, session.ID + "." + base64.RawURLEncoding.EncodeToString(secret[:])
}

// splitCookie reads a cookie: the session that it names, and the hash of its secret.
func splitCookie(cookie string) (id string, secret []byte, ok bool) {
	id, encoded, _ := strings.Cut(cookie, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) != 32 || len(id) != idLength || strings.Trim(id, idAlphabet) != "" {
		return "", nil, false
	}
	sum := sha256.Sum256(raw)
	return id, sum[:], true
}

const (
	idLength   = 26
	idAlphabet = "abcdefghijklmnopqrstuvwxyz234567"
)

// newID is random text with 130 bits, for accounts and sessions.
func newID() string { return strings.ToLower(rand.Text()) }

func (s *Service) now() time.Time { return s.d.Clock.Now().UTC().Truncate(time.Millisecond) }

func checkName(name *string) error {
	if name != nil && (utf8.RuneCountInString(*name) > maxName || strings.ContainsFunc(*name, unicode.IsControl)) {
		return invalid("name", "Invalid input: at most 255 characters without control characters")
	}
	return nil
}

func checkImage(image *string) error {
	if image != nil && (len(*image) > maxImage || strings.ContainsFunc(*image, unicode.IsControl)) {
		return invalid("image", "Invalid input: at most 2048 bytes without control characters")
	}
	return nil
}

// cut shortens s to at most n bytes of whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
