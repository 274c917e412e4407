package auth_test

import (
	"crypto"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tasktide/tasktide/adapters/auth"
	"github.com/tasktide/tasktide/core/domain"
)

// server is an issuer whose answers a test changes; document nil is an outage.
type server struct {
	*httptest.Server
	document atomic.Pointer[[]byte]
	calls    atomic.Int64
}

func newServer(t *testing.T) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.calls.Add(1)
		if d := s.document.Load(); d != nil {
			_, _ = w.Write(*d)
			return
		}
		http.Error(w, "down", http.StatusServiceUnavailable)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) serve(document []byte) { s.document.Store(&document) }

type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time       { return start.Add(time.Duration(c.at.Load())) }
func (c *clock) pass(d time.Duration) { c.at.Add(int64(d)) }

func TestKeysAreKeptWhileTheIssuerIsDownAndFetchedAgainForANewOne(t *testing.T) {
	t.Parallel()
	first, second := newIssuer(t), newIssuer(t)
	s, c := newServer(t), &clock{}
	v := verifier(t, auth.Config{JWKSURL: s.URL, Now: c.now})
	old := sign(t, jwt.SigningMethodEdDSA, *first.ed, kid("1"), good())
	rotated := sign(t, jwt.SigningMethodEdDSA, *second.ed, kid("2"), good())
	check := func(step, token string, want error) {
		t.Helper()
		if _, err := v.Verify(t.Context(), token); domain.KindOf(err) != domain.KindOf(want) || (err == nil) != (want == nil) {
			t.Fatalf("%s: %v, want %v", step, err, want)
		}
	}
	refused := &domain.Error{Kind: domain.KindUnauthorized}

	check("down from the start", old, domain.ErrUnavailable)
	check("down from the start, asked at once again", old, domain.ErrUnavailable)
	if n := s.calls.Load(); n != 1 {
		t.Fatalf("an issuer that is down was asked %d times at once", n)
	}
	c.pass(5 * time.Second)
	s.serve(jwks(t, map[string]crypto.PublicKey{"1": first.ed.Public()}))
	check("up", old, nil)
	check("unknown key", rotated, refused)
	check("unknown key again", rotated, refused)
	if n := s.calls.Load(); n != 2 {
		t.Fatalf("asked %d times, want 2: unknown keys within a minute are no reason", n)
	}
	s.document.Store(nil)
	c.pass(61 * time.Second)
	check("down, known key", old, nil)
	check("down, unknown key", rotated, domain.ErrUnavailable)
	check("down, known key still", old, nil)
	c.pass(5 * time.Second)
	s.serve([]byte(`{"keys":[]}`))
	check("an empty set changes nothing", rotated, domain.ErrUnavailable)
	check("an empty set changes nothing for others", old, nil)
	c.pass(5 * time.Second)
	s.serve(jwks(t, map[string]crypto.PublicKey{"2": second.ed.Public()}))
	check("rotated", rotated, nil)
	check("the key that was withdrawn, cached token too", old, refused)
}

func TestManyCallersWaitForOneFetch(t *testing.T) {
	t.Parallel()
	i, s := newIssuer(t), newServer(t)
	s.serve(i.document(t))
	v := verifier(t, auth.Config{JWKSURL: s.URL})
	token := sign(t, jwt.SigningMethodES256, i.ec, kid("ec"), good())
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := v.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := s.calls.Load(); n != 1 {
		t.Fatalf("%d fetches, want 1", n)
	}
}

func TestKeysThatAreNotForSigningAreIgnored(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	// A symmetric key in a public document would let every reader sign.
	document := []byte(`{"keys":[{"kty":"oct","kid":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"},{"kty":"what"},` +
		string(jwks(t, map[string]crypto.PublicKey{"ed": i.ed.Public()})[len(`{"keys":[`):]))
	v := verifier(t, auth.Config{Fetch: fixed(document)})
	if _, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodHS256, secret, kid("oct"), good())); domain.KindOf(err) != domain.KindUnauthorized {
		t.Errorf("%v, want a refusal", err)
	}
	if _, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, *i.ed, nil, good())); err != nil {
		t.Errorf("one usable key and no kid: %v", err)
	}
}

func TestAnAnswerThatIsNoKeySetIsAnOutage(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	for _, body := range []string{"", "<html>", `[]`, `{"keys":5}`, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"short"}]}`} {
		v := verifier(t, auth.Config{Fetch: fixed([]byte(body))})
		_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, *i.ed, kid("ed"), good()))
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%q: %v", body, err)
		}
	}
}
