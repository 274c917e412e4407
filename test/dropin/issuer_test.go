package dropin

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// issuer speaks the two routes of a Better Auth server that others call: its keys,
// and a token for a session. Sessions are named by their user.
type issuer struct {
	*httptest.Server
	key ed25519.PrivateKey
}

const session = "better-auth.session_token"

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/auth/jwks", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, map[string]any{"keys": []any{map[string]any{
			"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "k1", "x": base64.RawURLEncoding.EncodeToString(public),
		}}})
	})
	mux.HandleFunc("GET /api/auth/token", func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie(session)
		if err != nil || c.Value == "" || c.Value == "over" {
			answer(w, 401, map[string]any{"message": "Unauthorized", "code": "UNAUTHORIZED"})
			return
		}
		answer(w, 200, map[string]any{"token": i.token(t, c.Value, 15*time.Minute)})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

// token is as Better Auth makes them by default.
func (i *issuer) token(t testing.TB, user string, valid time.Duration) string {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"sub": user, "id": user, "email": user + "@example.com", "name": user, "iss": i.URL, "aud": i.URL, "iat": now.Unix(), "exp": now.Add(valid).Unix(),
	})
	token.Header["kid"] = "k1"
	s, err := token.SignedString(i.key)
	if err != nil {
		t.Error(err)
	}
	return s
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
