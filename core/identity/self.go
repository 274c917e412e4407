package identity

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/tasktide/tasktide/core/domain"
)

// ChangePassword replaces who's password. With revoke all sessions end, and the one
// that is returned begins; without, nil is returned. Errors: a Refusal;
// domain.ErrUnavailable.
func (s *Service) ChangePassword(ctx context.Context, who Signed, current, next string, revoke bool, v Visitor) (*Signed, error) {
	if err := checkPassword(next); err != nil {
		return nil, err
	}
	c, err := s.prove(ctx, who, current)
	if err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(ctx, next)
	if err != nil {
		return nil, err
	}
	change := domain.PasswordChange{AccountID: c.ID, Old: c.Hash, Hash: hash, At: s.now(), EndSessions: revoke}
	var out *Signed
	if revoke {
		session, cookie := s.newSession(c.ID, who.Session.Remembered, v)
		change.Begin, out = &session, &Signed{Account: c.Account, Session: session, Cookie: cookie, Renewed: true}
	}
	if err := s.d.Accounts.SetPassword(ctx, change); errors.Is(err, domain.ErrNotFound) {
		return nil, ErrPassword // it has changed meanwhile
	} else if err != nil {
		return nil, err
	}
	return out, nil
}

// prove compares the password of who is signed in, as slowly as at a sign-in.
func (s *Service) prove(ctx context.Context, who Signed, password string) (domain.Credential, error) {
	if utf8.RuneCountInString(password) > MaxPassword {
		return domain.Credential{}, ErrPasswordTooLong
	}
	c, err := s.d.Accounts.ByID(ctx, who.Account.ID)
	if errors.Is(err, domain.ErrNotFound) {
		return c, ErrNoSession // erased meanwhile
	} else if err != nil {
		return c, err
	}
	if err := s.d.Clock.Wait(ctx, s.tries.begin(c.EmailKey)); err != nil {
		return c, err
	}
	ok, err := s.hasher.matches(ctx, password, c.Hash)
	if err != nil {
		return c, err
	}
	if !ok {
		return c, ErrPassword
	}
	s.tries.succeed(c.EmailKey)
	return c, nil
}

// Update sets the given fields of who's account. Errors: a Refusal; domain.ErrUnavailable.
func (s *Service) Update(ctx context.Context, who Signed, c domain.AccountChange) error {
	if err := checkName(c.Name); err != nil {
		return err
	}
	if c.Image != nil {
		if err := checkImage(*c.Image); err != nil {
			return err
		}
	}
	_, err := s.d.Accounts.Change(ctx, who.Account.ID, c, s.now())
	if errors.Is(err, domain.ErrNotFound) {
		return ErrNoSession
	}
	return err
}

// Delete erases who: the account, and everything of that user. It takes the password,
// or a sign-in that is not a day old. Errors: a Refusal; domain.ErrUnavailable.
func (s *Service) Delete(ctx context.Context, who Signed, password *string) error {
	if password != nil {
		if _, err := s.prove(ctx, who, *password); err != nil {
			return err
		}
	} else if s.now().Sub(who.Session.CreatedAt) >= fresh {
		return ErrNotFresh
	}
	_, err := s.d.Eraser.Erase(ctx, who.Account.ID)
	return err
}
