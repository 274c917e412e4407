package identity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tasktide/tasktide/core/domain"
	core "github.com/tasktide/tasktide/core/identity"
	"github.com/tasktide/tasktide/ports"
)

// Tokens signs JWTs with the keys of the built-in issuer, and publishes those keys.
type Tokens struct {
	keys   *core.Keys
	issuer string
	clock  ports.Clock
}

// NewTokens makes Tokens; issuer is PUBLIC_URL, which is the audience too.
func NewTokens(keys *core.Keys, issuer string, clock ports.Clock) *Tokens {
	return &Tokens{keys: keys, issuer: issuer, clock: clock}
}

// For signs a token for who has an account. Errors: domain.ErrUnavailable.
func (t *Tokens) For(ctx context.Context, a *domain.Account) (string, error) {
	u := userOf(a)
	claims := jwt.MapClaims{
		"name": u.Name, "email": u.Email, "emailVerified": u.EmailVerified, "image": u.Image, "createdAt": u.CreatedAt, "updatedAt": u.UpdatedAt, "id": u.ID,
	}
	token, _, err := t.sign(ctx, claims, a.ID, a.Scope, core.TokenLife)
	return token, err
}

// Sign signs a token for any user, for scripts. The key stays published until it ends.
func (t *Tokens) Sign(ctx context.Context, user, scope string, life time.Duration) (string, error) {
	if err := t.keys.Check(ctx); err != nil {
		return "", err
	}
	token, key, err := t.sign(ctx, jwt.MapClaims{}, user, scope, life)
	if err == nil && life > core.TokenLife {
		err = t.keys.Hold(ctx, key, t.clock.Now().Add(life))
	}
	return token, err
}

func (t *Tokens) sign(ctx context.Context, claims jwt.MapClaims, user, scope string, life time.Duration) (token, key string, err error) {
	key, private, err := t.keys.Signing(ctx)
	if err != nil {
		return "", "", err
	}
	now := t.clock.Now()
	claims["sub"], claims["iss"], claims["aud"], claims["iat"], claims["exp"] = user, t.issuer, t.issuer, now.Unix(), now.Add(life).Unix()
	if scope != "" {
		claims["scope"] = scope
	}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	unsigned.Header = map[string]any{"alg": "EdDSA", "kid": key}
	token, err = unsigned.SignedString(private)
	return token, key, err
}

type jwk struct {
	Alg string `json:"alg"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Kty string `json:"kty"`
	Kid string `json:"kid"`
}

// JWKS is the document of the public keys.
func (t *Tokens) JWKS(ctx context.Context) ([]byte, error) {
	keys, err := t.keys.Public(ctx)
	if err != nil {
		return nil, err
	}
	set := struct {
		Keys []jwk `json:"keys"`
	}{}
	for _, k := range keys {
		set.Keys = append(set.Keys, jwk{Alg: "EdDSA", Crv: "Ed25519", X: base64.RawURLEncoding.EncodeToString(k.Public), Kty: "OKP", Kid: k.ID})
	}
	return json.Marshal(set)
}

// Exchange gives the token of a session cookie ("name=value"), in the process of the
// issuer itself. It does not prolong the session: no cookie could be set anew. Errors:
// domain.KindUnauthorized, domain.ErrUnavailable.
func Exchange(d Deps) func(ctx context.Context, cookie string) (string, error) {
	name := newCookies(d.PublicURL).prefix + sessionName
	return func(ctx context.Context, cookie string) (string, error) {
		sent, value, _ := strings.Cut(cookie, "=")
		if sent != name {
			value = ""
		}
		who, err := d.Service.Session(ctx, value, false)
		if refused(err) {
			return "", &domain.Error{Kind: domain.KindUnauthorized, Detail: "the session has ended or is not known; sign in again"}
		} else if err != nil {
			return "", err
		}
		return d.Tokens.For(ctx, &who.Account)
	}
}
