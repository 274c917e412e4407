package rest_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tasktide/tasktide/adapters/auth"
	"github.com/tasktide/tasktide/adapters/rest"
)

func TestOnlyRealTokensGetIn(t *testing.T) {
	t.Parallel()
	secret := []byte("0123456789abcdef0123456789abcdef")
	v, err := auth.NewVerifier(auth.Config{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(d *rest.Deps) { d.Verify = v.Verify })
	sign := func(m jwt.SigningMethod, key any, c jwt.MapClaims) string {
		token, err := jwt.NewWithClaims(m, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	soon, past := time.Now().Add(time.Hour).Unix(), time.Now().Add(-time.Hour).Unix()
	good := sign(jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "u1", "exp": soon})
	other := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"u1","exp":9999999999}`))
	for name, c := range map[string]struct {
		token  string
		status int
	}{
		"good":           {good, 200},
		"good again":     {good, 200},
		"another user's": {sign(jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "u2", "exp": soon}), 403},
		"expired":        {sign(jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "u1", "exp": past}), 401},
		"without end":    {sign(jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "u1"}), 401},
		"wrong key":      {sign(jwt.SigningMethodHS256, []byte("x"), jwt.MapClaims{"sub": "u1", "exp": soon}), 401},
		"unsigned":       {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.MapClaims{"sub": "u1", "exp": soon}), 401},
		"signature cut":  {good[:len(good)-10], 401},
		"other payload":  {good[:37] + other + good[len(good)-44:], 401},
		"no JWT":         {"u1", 401},
	} {
		a := w.call("GET", tasksPath, "", "Authorization: Bearer "+c.token)
		if a.status != c.status {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		} else if c.status >= 400 {
			a.problem(t, c.status)
		}
	}
}
