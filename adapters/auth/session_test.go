package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/auth"
	"github.com/tasktide/tasktide/core/domain"
)

func TestASessionIsExchangedForItsTokenOrTheReasonIsKnown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
		kind   domain.Kind
	}{
		"a session": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/base/api/auth/token" && r.Header.Get("Cookie") == "better-auth.session_token=s%2B1.sig" {
				_, _ = w.Write([]byte(`{"token":"a.b.c","more":1}`))
			}
		}, "a.b.c", 0},
		"an ended one":  {status(401), "", domain.KindUnauthorized},
		"a refused one": {status(403), "", domain.KindUnauthorized},
		"a failure":     {status(500), "", domain.KindUnavailable},
		"no such route": {status(404), "", domain.KindUnavailable},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/steal", http.StatusFound)
		}, "", domain.KindUnavailable},
		"no JSON":  {body("<html>"), "", domain.KindUnavailable},
		"no token": {body(`{"token":""}`), "", domain.KindUnavailable},
		"too much": {body(`{"token":"` + strings.Repeat("x", 100_000) + `"}`), "", domain.KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.answer)
			defer server.Close()
			s := auth.NewSessions(server.URL + "/base/")
			defer s.Close()
			token, err := s.Exchange(t.Context(), "better-auth.session_token=s%2B1.sig")
			if token != c.want || (err != nil) != (c.kind != 0) || err != nil && domain.KindOf(err) != c.kind {
				t.Errorf("%q, %v", token, err)
			}
			if err != nil && strings.Contains(err.Error(), "s%2B1") {
				t.Errorf("the cookie is in the error: %v", err)
			}
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

func TestAnIssuerThatIsDownOrSilentIsUnavailable(t *testing.T) {
	t.Parallel()
	s := auth.NewSessions("http://127.0.0.1:1")
	if _, err := s.Exchange(t.Context(), "a=b"); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("nobody listens: %v", err)
	}
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := auth.NewSessions(server.URL).Exchange(ctx, "a=b"); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("it is silent: %v", err)
	}
}
