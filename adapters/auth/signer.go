package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Signer issues HS256 tokens, for scripts and tests. A Verifier with the same
// secret accepts them.
type Signer struct {
	secret           []byte
	issuer, audience string
	now              func() time.Time
}

// NewSigner makes a signer; issuer and audience may be "".
func NewSigner(secret []byte, issuer, audience string) (*Signer, error) {
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("a secret of %d bytes is too short to sign tokens; use at least %d", len(secret), MinSecret)
	}
	return &Signer{secret: secret, issuer: issuer, audience: audience, now: time.Now}, nil
}

// Sign issues a token for user that ends after ttl. scope may be "".
func (s *Signer) Sign(user, scope string, ttl time.Duration) (string, error) {
	if !usable(user) {
		return "", errors.New("a user id must be text of 1 to 255 bytes without control characters")
	}
	if ttl <= 0 {
		return "", errors.New("a token must be valid for some time; give a positive duration")
	}
	now := s.now()
	c := jwt.MapClaims{"sub": user, "iat": now.Unix(), "exp": now.Add(ttl).Unix()}
	for name, value := range map[string]string{"iss": s.issuer, "aud": s.audience, "scope": scope} {
		if value != "" {
			c[name] = value
		}
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(s.secret)
}
