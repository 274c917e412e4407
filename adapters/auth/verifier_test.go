package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/tasktide/tasktide/adapters/auth"
	"github.com/tasktide/tasktide/core/domain"
)

var (
	secret = []byte("0123456789abcdef0123456789abcdef")
	start  = time.Date(2026, 2, 4, 10, 0, 0, 0, time.UTC)
)

// issuer has one key of each kind, and the documents and tokens of them.
type issuer struct {
	ed *ed25519.PrivateKey
	ec *ecdsa.PrivateKey
	rs *rsa.PrivateKey
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{ed: &ed, ec: ec, rs: rs}
}

func jwks(t testing.TB, public map[string]crypto.PublicKey) []byte {
	t.Helper()
	var set jwkset.JWKSMarshal
	for kid, key := range public {
		jwk, err := jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: kid}})
		if err != nil {
			t.Fatal(err)
		}
		set.Keys = append(set.Keys, jwk.Marshal())
	}
	b, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (i *issuer) document(t testing.TB) []byte {
	return jwks(t, map[string]crypto.PublicKey{"ed": i.ed.Public(), "ec": i.ec.Public(), "rs": i.rs.Public()})
}

func sign(t testing.TB, m jwt.SigningMethod, key any, header map[string]any, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(m, c)
	for name, value := range header {
		token.Header[name] = value
	}
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func good(changes ...jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "u1", "exp": start.Add(time.Hour).Unix()}
	for _, change := range changes {
		for name, value := range change {
			if c[name] = value; value == nil {
				delete(c, name)
			}
		}
	}
	return c
}

func kid(id string) map[string]any { return map[string]any{"kid": id} }

func verifier(t testing.TB, cfg auth.Config) *auth.Verifier {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return start }
	}
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func fixed(document []byte) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return document, nil }
}

func TestGoodTokensNameTheirUser(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	v := verifier(t, auth.Config{Secret: secret, Fetch: fixed(i.document(t))})
	for name, token := range map[string]string{
		"HS256":              sign(t, jwt.SigningMethodHS256, secret, nil, good()),
		"HS256 with a kid":   sign(t, jwt.SigningMethodHS256, secret, kid("mine"), good()),
		"EdDSA":              sign(t, jwt.SigningMethodEdDSA, *i.ed, kid("ed"), good()),
		"ES256":              sign(t, jwt.SigningMethodES256, i.ec, kid("ec"), good()),
		"RS256":              sign(t, jwt.SigningMethodRS256, i.rs, kid("rs"), good()),
		"id in place of sub": sign(t, jwt.SigningMethodHS256, secret, nil, good(jwt.MapClaims{"sub": nil, "id": "u1"})),
		"nbf within leeway":  sign(t, jwt.SigningMethodHS256, secret, nil, good(jwt.MapClaims{"nbf": start.Add(20 * time.Second).Unix()})),
		"exp within leeway":  sign(t, jwt.SigningMethodHS256, secret, nil, good(jwt.MapClaims{"exp": start.Add(-20 * time.Second).Unix()})),
	} {
		for _, call := range []string{"first", "cached"} {
			if p, err := v.Verify(t.Context(), token); err != nil || p.UserID != "u1" {
				t.Errorf("%s, %s: %+v, %v", name, call, p, err)
			}
		}
	}
}

func TestScopeAndEndAreKept(t *testing.T) {
	t.Parallel()
	v := verifier(t, auth.Config{Secret: secret})
	p, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodHS256, secret, nil, good(jwt.MapClaims{"scope": "read operator"})))
	if err != nil || !p.HasScope("operator") || p.HasScope("oper") || !p.Expires.Equal(start.Add(time.Hour)) {
		t.Fatalf("%+v, %v", p, err)
	}
}

func TestIssuerAndAudienceAreChecked(t *testing.T) {
	t.Parallel()
	v := verifier(t, auth.Config{Secret: secret, Issuer: "https://a", Audience: "https://b"})
	for want, c := range map[string]jwt.MapClaims{
		"":         {"iss": "https://a", "aud": []string{"x", "https://b"}},
		"issuer":   {"iss": "https://evil", "aud": "https://b"},
		"audience": {"iss": "https://a", "aud": "https://evil"},
		"lacks":    {},
	} {
		_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodHS256, secret, nil, good(c)))
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", c, err, want)
		}
	}
}

// raw builds a token byte by byte, for what no library would sign.
func raw(header, payload string, signature func(text string) []byte) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return text + "." + base64.RawURLEncoding.EncodeToString(signature(text))
}

func mac(key []byte) func(string) []byte {
	return func(text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
}

func TestBadTokensAreRefused(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	other := newIssuer(t)
	der, err := x509.MarshalPKIXPublicKey(i.rs.Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	const payload = `{"sub":"u1","exp":1999999999}`
	none := func(string) []byte { return nil }
	hs := func(c jwt.MapClaims) string { return sign(t, jwt.SigningMethodHS256, secret, nil, good(c)) }
	cases := map[string]string{
		"empty":                           "",
		"no JWT":                          "hello",
		"two parts":                       "a.b",
		"four parts":                      hs(nil) + ".x",
		"alg none":                        raw(`{"alg":"none"}`, payload, none),
		"alg None":                        raw(`{"alg":"None"}`, payload, none),
		"alg none with a kid":             raw(`{"alg":"none","kid":"ed"}`, payload, none),
		"no alg":                          raw(`{}`, payload, none),
		"alg of wrong type":               raw(`{"alg":5}`, payload, none),
		"HS256 without signature":         raw(`{"alg":"HS256"}`, payload, none),
		"HS256 by RSA public key, kid":    raw(`{"alg":"HS256","kid":"rs"}`, payload, mac(public)),
		"HS256 by RSA public key, DER":    raw(`{"alg":"HS256","kid":"rs"}`, payload, mac(der)),
		"HS256 by RSA public key, no kid": raw(`{"alg":"HS256"}`, payload, mac(public)),
		"HS256 by Ed25519 public key":     raw(`{"alg":"HS256","kid":"ed"}`, payload, mac(i.ed.Public().(ed25519.PublicKey))),
		"HS256 by the empty key":          raw(`{"alg":"HS256"}`, payload, mac(nil)),
		"HS256 by the secret, kid of RSA": raw(`{"alg":"HS256","kid":"rs"}`, payload, mac(secret)),
		"HS384":                           sign(t, jwt.SigningMethodHS384, secret, nil, good()),
		"PS256 with the RSA key":          sign(t, jwt.SigningMethodPS256, i.rs, kid("rs"), good()),
		"RS256 with the kid of Ed25519":   sign(t, jwt.SigningMethodRS256, i.rs, kid("ed"), good()),
		"ES256 by somebody else":          sign(t, jwt.SigningMethodES256, other.ec, kid("ec"), good()),
		"EdDSA by somebody else":          sign(t, jwt.SigningMethodEdDSA, *other.ed, kid("ed"), good()),
		"unknown kid":                     sign(t, jwt.SigningMethodEdDSA, *other.ed, kid("../../dev/null"), good()),
		"kid like SQL":                    sign(t, jwt.SigningMethodEdDSA, *other.ed, kid("' or 1=1--"), good()),
		"kid is a number":                 sign(t, jwt.SigningMethodEdDSA, *i.ed, map[string]any{"kid": 5}, good()),
		"kid is an object":                sign(t, jwt.SigningMethodEdDSA, *i.ed, map[string]any{"kid": map[string]any{}}, good()),
		"no kid, several keys":            sign(t, jwt.SigningMethodEdDSA, *i.ed, nil, good()),
		"own key in the header":           sign(t, jwt.SigningMethodEdDSA, *other.ed, map[string]any{"kid": "x", "jwk": map[string]any{"kty": "OKP"}, "jku": "https://evil"}, good()),
		"critical extension":              sign(t, jwt.SigningMethodHS256, secret, map[string]any{"crit": []string{"x"}}, good()),
		"wrong secret":                    sign(t, jwt.SigningMethodHS256, []byte("another secret of 32 bytes......"), nil, good()),
		"expired":                         hs(jwt.MapClaims{"exp": start.Add(-31 * time.Second).Unix()}),
		"no exp":                          hs(jwt.MapClaims{"exp": nil}),
		"exp null":                        raw(`{"alg":"HS256"}`, `{"sub":"u1","exp":null}`, mac(secret)),
		"exp is text":                     hs(jwt.MapClaims{"exp": "tomorrow"}),
		"exp beyond numbers":              raw(`{"alg":"HS256"}`, `{"sub":"u1","exp":1e400}`, mac(secret)),
		"nbf in the future":               hs(jwt.MapClaims{"nbf": start.Add(31 * time.Second).Unix()}),
		"no sub":                          hs(jwt.MapClaims{"sub": nil}),
		"empty sub":                       hs(jwt.MapClaims{"sub": ""}),
		"sub is a number":                 hs(jwt.MapClaims{"sub": 7}),
		"sub with NUL":                    hs(jwt.MapClaims{"sub": "a\x00b"}),
		"sub too long":                    hs(jwt.MapClaims{"sub": strings.Repeat("x", 256)}),
		"payload is no object":            raw(`{"alg":"HS256"}`, `[]`, mac(secret)),
		"huge":                            hs(jwt.MapClaims{"pad": strings.Repeat("x", auth.MaxToken)}),
		"huge and no JWT":                 strings.Repeat(".", 1<<20),
		"changed payload, the old signature": func() string {
			parts := strings.Split(hs(nil), ".")
			parts[1] = base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"admin","exp":1999999999}`))
			return strings.Join(parts, ".")
		}(),
	}
	v := verifier(t, auth.Config{Secret: secret, Fetch: fixed(i.document(t))})
	for name, token := range cases {
		for _, call := range []string{"first", "again"} {
			p, err := v.Verify(t.Context(), token)
			if err == nil {
				t.Errorf("%s, %s: accepted as %+v", name, call, p)
				continue
			}
			if domain.KindOf(err) != domain.KindUnauthorized {
				t.Errorf("%s: %v is no refusal", name, err)
			}
			var e *domain.Error
			if !errors.As(err, &e) || e.Detail == "" || len(token) > 9 && strings.Contains(err.Error(), token) {
				t.Errorf("%s: %q doesn't say what to do, or repeats the token", name, err)
			}
		}
	}
}

func TestACachedTokenEndsWhenItEnds(t *testing.T) {
	t.Parallel()
	now := start
	v := verifier(t, auth.Config{Secret: secret, Now: func() time.Time { return now }})
	token := sign(t, jwt.SigningMethodHS256, secret, nil, good(jwt.MapClaims{"exp": start.Add(time.Minute).Unix()}))
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	now = start.Add(time.Minute + 31*time.Second)
	if _, err := v.Verify(t.Context(), token); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Fatalf("%v, want expired", err)
	}
}

func TestASecretThatIsTooShortIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := auth.NewVerifier(auth.Config{Secret: secret[:31]}); err == nil {
		t.Error("the verifier took it")
	}
	if _, err := auth.NewSigner(secret[:31], "", ""); err == nil {
		t.Error("the signer took it")
	}
	if _, err := auth.NewVerifier(auth.Config{}); err == nil {
		t.Error("a verifier without any key was made")
	}
}

func TestSignedTokensVerify(t *testing.T) {
	t.Parallel()
	s, err := auth.NewSigner(secret, "iss", "aud")
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Sign("u1", "operator", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, auth.Config{Secret: secret, Issuer: "iss", Audience: "aud", Now: time.Now})
	if p, err := v.Verify(t.Context(), token); err != nil || p.UserID != "u1" || !p.HasScope("operator") {
		t.Fatalf("%+v, %v", p, err)
	}
	for _, user := range []string{"", "a\nb", strings.Repeat("x", 256)} {
		if _, err := s.Sign(user, "", time.Minute); err == nil {
			t.Errorf("signed for %q", user)
		}
	}
	if _, err := s.Sign("u1", "", 0); err == nil {
		t.Error("signed for no time")
	}
}

func BenchmarkVerify(b *testing.B) {
	i := newIssuer(b)
	v := verifier(b, auth.Config{Fetch: fixed(i.document(b))})
	token := sign(b, jwt.SigningMethodEdDSA, *i.ed, kid("ed"), good())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}
