package boot

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
)

// TestAnAccountsWritesCountWithTheOthersAndEndingSessionsDoesNot: one limit for all that a user writes, by whichever route. Who has
// stolen a session and uses the limit up keeps the owner from nothing that ends the theft.
func TestAnAccountsWritesCountWithTheOthersAndEndingSessionsDoesNot(t *testing.T) {
	url, _ := started(t, map[string]string{"WRITE_RATE": "0.001", "WRITE_BURST": "3"})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	call := func(method, path, body string, want int, headers ...string) (http.Header, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", url)
		r.Header.Set("Content-Type", "application/json")
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			r.Header.Set(name, value)
		}
		answer, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		said, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != want {
			t.Fatalf("%s %s: %s %s %v, want %d", method, path, answer.Status, said, err, want)
		}
		return answer.Header, string(said)
	}
	between := func(s, before, after string) string {
		_, s, _ = strings.Cut(s, before)
		s, _, _ = strings.Cut(s, after)
		return s
	}
	signUp := func(email string) string {
		t.Helper()
		_, said := call(http.MethodPost, "/api/auth/sign-up/email", `{"email":"`+email+`","name":"a","password":"a good password"}`, http.StatusOK)
		return between(said, `"id":"`, `"`)
	}
	ann := signUp("ann@example.org")
	_, said := call(http.MethodGet, "/api/auth/token", "", http.StatusOK)
	token := "Authorization: Bearer " + between(said, `"token":"`, `"`)
	header, _ := call(http.MethodPost, "/api/auth/update-user", `{"name":"b"}`, http.StatusOK)
	if left := header.Get("RateLimit"); !strings.HasPrefix(left, `"writes";r=2;`) {
		t.Errorf("after the first write: %q", left)
	}
	for range 10 {
		call(http.MethodPost, "/api/auth/revoke-session", `{"token":"none"}`, http.StatusOK)
	}
	call(http.MethodPut, "/api/"+ann+"/preferences", `{"theme":"dark"}`, http.StatusOK, token)
	call(http.MethodPost, "/api/auth/update-user", `{"name":"b"}`, http.StatusOK)
	header, said = call(http.MethodPost, "/api/auth/update-user", `{"name":"c"}`, http.StatusTooManyRequests)
	if header.Get("Retry-After") == "" || !strings.Contains(said, "Too many requests") {
		t.Errorf("%v %s", header, said)
	}
	call(http.MethodPut, "/api/"+ann+"/preferences", `{"theme":"light"}`, http.StatusTooManyRequests, token)
	if _, said := call(http.MethodGet, "/api/auth/get-session", "", http.StatusOK); between(said, `"name":"`, `"`) != "b" {
		t.Errorf("what was refused was done: %s", said)
	}
	_, said = call(http.MethodGet, "/api/auth/list-sessions", "", http.StatusOK)
	call(http.MethodPost, "/api/auth/revoke-session", `{"token":"`+between(said, `"token":"`, `"`)+`"}`, http.StatusOK)
	if _, said := call(http.MethodGet, "/api/auth/get-session", "", http.StatusOK); said != "null" {
		t.Errorf("the session that was revoked beyond the limit goes on: %s", said)
	}
	call(http.MethodPost, "/api/auth/sign-out", "{}", http.StatusOK)
	signUp("bob@example.org")
	call(http.MethodPost, "/api/auth/update-user", `{"name":"d"}`, http.StatusOK)
}
