package auth_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/auth"
	"github.com/tasktide/tasktide/core/domain"
)

// FuzzVerify gives the verifier hostile tokens, among them bodies and headers
// that are rightly signed but made by somebody who has the secret and no manners.
func FuzzVerify(f *testing.F) {
	verifier, err := auth.NewVerifier(auth.Config{Secret: secret, Now: func() time.Time { return start }})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"alg":"HS256","typ":"JWT"}`, `{"sub":"alice","exp":1800000000}`, "")
	f.Add(`{"alg":"none"}`, `{"sub":"alice","exp":1800000000}`, "")
	f.Add(`{"alg":"HS256","kid":5}`, `{"sub":"alice","exp":1800000000}`, "")
	f.Add(`{"alg":"HS256","crit":["x"]}`, `{"sub":"alice","exp":1800000000}`, "")
	f.Add(`{"alg":"HS256"}`, `{"sub":5,"id":["a"],"exp":"tomorrow"}`, "")
	f.Add(`{"alg":"HS256"}`, `{"id":"a\u0000b","exp":1e400}`, "")
	f.Add(`{"alg":"HS256"}`, `{"sub":"a","exp":9223372036854775807,"scope":7}`, "")
	f.Add(`{"alg":"RS256"}`, `null`, "")
	f.Add("", "", "..")
	f.Add("", "", "a.b.c.d")
	f.Add("", "", strings.Repeat("a", 9000)+".b.c")
	f.Fuzz(func(t *testing.T, header, claims, raw string) {
		b64 := base64.RawURLEncoding.EncodeToString
		signed := b64([]byte(header)) + "." + b64([]byte(claims))
		sound := signed + "." + b64(mac(secret)(signed))
		for _, token := range []string{raw, signed + ".", signed + "." + raw, sound} {
			p, err := verifier.Verify(t.Context(), token)
			if err != nil {
				var known *domain.Error
				if !errors.As(err, &known) || known.Kind != domain.KindUnauthorized || known.Detail == "" || p != (domain.Principal{}) {
					t.Fatalf("%q: %+v, %v", token, p, err)
				}
				continue
			}
			parts := strings.Split(token, ".")
			if len(parts) != 3 || parts[2] != b64(mac(secret)(parts[0]+"."+parts[1])) {
				t.Fatalf("%q was taken without its signature", token)
			}
			if p.UserID == "" || len(p.UserID) > domain.MaxUserID || !p.Expires.After(start.Add(-time.Minute)) {
				t.Fatalf("%q speaks for %+v", token, p)
			}
		}
	})
}
