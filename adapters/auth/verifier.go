package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tasktide/tasktide/core/domain"
)

const (
	// MinSecret is the least length of a shared secret in bytes (RFC 7518, 3.2).
	MinSecret = 32
	// MaxToken is the longest token that is looked at, in bytes.
	MaxToken = 8 << 10
	leeway   = 30 * time.Second
)

// Config says whose tokens are good. At least one of Secret, JWKSURL and Fetch
// must be set.
type Config struct {
	Secret   []byte                                // HS256
	JWKSURL  string                                // EdDSA, ES256 and RS256
	Fetch    func(context.Context) ([]byte, error) // in place of JWKSURL, for keys in this process
	Issuer   string                                // "" is not checked
	Audience string                                // "" is not checked
	HTTP     *http.Client                          // nil: one with a timeout of 5 s
	Now      func() time.Time                      // nil: time.Now
}

// Verifier verifies tokens. It may be called concurrently.
type Verifier struct {
	secret []byte
	keys   *keySet // nil without JWKS
	parser *jwt.Parser
	cache  *cache
	now    func() time.Time
}

// NewVerifier checks cfg and makes a verifier of it.
func NewVerifier(cfg Config) (*Verifier, error) {
	if len(cfg.Secret) > 0 && len(cfg.Secret) < MinSecret {
		return nil, fmt.Errorf("JWT_SECRET has %d bytes; use at least %d, for instance from: openssl rand -base64 48", len(cfg.Secret), MinSecret)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	v := &Verifier{secret: cfg.Secret, cache: newCache(), now: cfg.Now}
	switch {
	case cfg.Fetch != nil:
		v.keys = newKeySet(cfg.Fetch, cfg.Now)
	case cfg.JWKSURL != "":
		v.keys = newKeySet(httpFetch(cfg.JWKSURL, cfg.HTTP), cfg.Now)
	case len(cfg.Secret) == 0:
		return nil, errors.New("no token could be verified: set JWT_SECRET or BETTER_AUTH_URL")
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods([]string{algHS256, algEdDSA, algES256, algRS256}),
		jwt.WithLeeway(leeway), jwt.WithExpirationRequired(), jwt.WithTimeFunc(cfg.Now),
	}
	if cfg.Issuer != "" {
		options = append(options, jwt.WithIssuer(cfg.Issuer))
	}
	if cfg.Audience != "" {
		options = append(options, jwt.WithAudience(cfg.Audience))
	}
	v.parser = jwt.NewParser(options...)
	return v, nil
}

type claims struct {
	jwt.RegisteredClaims
	ID    string `json:"id"` // the user, where sub is missing
	Scope string `json:"scope"`
}

// Verify says who token speaks for. Errors: domain.KindUnauthorized with a
// sentence that says what is wrong; domain.ErrUnavailable when the issuer's keys
// are needed and can't be fetched. It keeps no part of token.
func (v *Verifier) Verify(ctx context.Context, token string) (domain.Principal, error) {
	if len(token) > MaxToken {
		return domain.Principal{}, unauthorized("the token is longer than %d bytes", MaxToken)
	}
	now, generation, id := v.now(), v.keys.generation(ctx), digest(token)
	if p, ok := v.cache.get(id, now, generation); ok {
		return p, nil
	}
	var c claims
	_, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) { return v.keyFor(ctx, t) })
	if err != nil {
		return domain.Principal{}, explain(err)
	}
	p := domain.Principal{UserID: c.Subject, Scope: c.Scope, Expires: c.ExpiresAt.Time}
	if p.UserID == "" {
		p.UserID = c.ID
	}
	if !usable(p.UserID) {
		return domain.Principal{}, unauthorized("the token names no user: sub (or id) must be text of 1 to %d bytes", domain.MaxUserID)
	}
	v.cache.put(id, p, now, generation)
	return p, nil
}

// usable keeps out ids that no event and no row could carry.
func usable(user string) bool {
	return user != "" && len(user) <= domain.MaxUserID && utf8.ValidString(user) &&
		!strings.ContainsFunc(user, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

// keyFor chooses the key by the token's kid. The token's alg is only compared
// with the algorithm of that key.
func (v *Verifier) keyFor(ctx context.Context, t *jwt.Token) (any, error) {
	if _, ok := t.Header["crit"]; ok {
		return nil, unauthorized("the token has critical extensions (crit), which are not supported")
	}
	kid := ""
	if raw, ok := t.Header["kid"]; ok {
		if kid, ok = raw.(string); !ok || kid == "" {
			return nil, unauthorized("the token's key id (kid) must be text")
		}
	}
	k, err := v.choose(ctx, kid, t.Method.Alg())
	if err != nil {
		return nil, err
	}
	if t.Method.Alg() != k.alg {
		return nil, unauthorized("the token is signed with %s, but its key is for %s", t.Method.Alg(), k.alg)
	}
	return k.key, nil
}

// choose finds a key. alg only says where to look for one whose kid is unknown: a
// token for the shared secret is no reason to ask the issuer again.
func (v *Verifier) choose(ctx context.Context, kid, alg string) (key, error) {
	if v.keys == nil || len(v.secret) > 0 && alg == algHS256 {
		if kid != "" && v.keys != nil {
			if k, ok := v.keys.known(ctx, kid); ok {
				return k, nil
			}
		}
		return key{alg: algHS256, key: v.secret}, nil
	}
	return v.keys.find(ctx, kid)
}

func unauthorized(format string, args ...any) error {
	return &domain.Error{Kind: domain.KindUnauthorized, Detail: fmt.Sprintf(format, args...)}
}

// explain says what is wrong with a token in a sentence.
func explain(err error) error {
	var known *domain.Error
	detail := "the token can't be read: it must be a JWT, three parts with dots between"
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, jwt.ErrTokenExpired):
		detail = "the token has expired; sign in again or fetch a new one"
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		detail = "the token is not valid yet (nbf); compare the clocks of this server and of the issuer"
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		detail = "the token lacks a required claim: exp, and iss and aud where they are checked"
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		detail = "the token is from another issuer (iss)"
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		detail = "the token is for another audience (aud)"
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		detail = "the token's signature is wrong, or its algorithm is none of HS256, EdDSA, ES256, RS256"
	case errors.Is(err, jwt.ErrTokenUnverifiable):
		detail = "the token's algorithm is not supported; HS256, EdDSA, ES256 and RS256 are"
	}
	return &domain.Error{Kind: domain.KindUnauthorized, Detail: detail, Err: err}
}
