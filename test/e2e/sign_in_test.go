package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/tasktide/tasktide/test/device"
)

// browser is a person with a browser, at the gateway.
type browser struct {
	*testing.T
	at     string
	origin string
	http   http.Client
}

// call sends JSON as the page does, and reads JSON into out, which may be nil.
func (v *browser) call(method, path string, body object, out any) (int, string) {
	v.Helper()
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		must(v, err)
		payload = strings.NewReader(string(b))
	}
	r, err := http.NewRequestWithContext(v.Context(), method, v.at+path, payload)
	must(v, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", v.origin)
	answer, err := v.http.Do(r)
	must(v, err)
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	must(v, err)
	if out != nil && answer.StatusCode < 300 {
		must(v, json.Unmarshal(b, out))
	}
	return answer.StatusCode, string(b)
}

func TestPeopleSignInToTheOneBinary(t *testing.T) {
	t.Parallel()
	signIn(t, startSingle(t))
}

// signIn makes the first operator's account by the printed link, signs in again and uses what comes of it, all of it through
// the gateway, while backend-api has the accounts and websocket-service asks it.
func signIn(t *testing.T, s *system) {
	code, ok := strings.CutPrefix(s.firstRun, s.api+"/sign-up?code=")
	if !ok {
		t.Fatalf("the link %q does not lead to the gateway %s", s.firstRun, s.api)
	}
	jar, err := cookiejar.New(nil)
	must(t, err)
	v := &browser{T: t, at: s.api, origin: s.api, http: http.Client{Jar: jar, Timeout: 30 * time.Second}}
	if status, body := v.call("GET", "/sign-up?code="+code, nil, nil); status != 200 || !strings.HasPrefix(body, "<!doctype html>") {
		t.Errorf("the link: %d %.100s", status, body)
	}
	var made, again struct{ User struct{ ID string } }
	account := object{"name": "Ann", "email": "ann@example.org", "password": "a long enough password", "code": code}
	if status, body := v.call("POST", "/api/auth/sign-up/email", account, &made); status != 200 {
		t.Fatalf("sign up: %d %s", status, body)
	}
	refuseOthers(t, v)
	if status, body := v.call("POST", "/api/auth/sign-out", object{}, nil); status != 200 {
		t.Errorf("sign out: %d %s", status, body)
	}
	if status, body := v.call("GET", "/api/auth/token", nil, nil); status != 401 {
		t.Errorf("signed out: %d %s", status, body)
	}
	if status, body := v.call("POST", "/api/auth/sign-in/email", object{"email": "ann@example.org", "password": "a long enough password"}, &again); status != 200 || again != made {
		t.Fatalf("sign in: %d %s, %v, %v", status, body, made, again)
	}
	var token struct{ Token string }
	if status, body := v.call("GET", "/api/auth/token", nil, &token); status != 200 {
		t.Fatalf("token: %d %s", status, body)
	}
	socket := openByCookie(t, v, made.User.ID)
	c := newClient(s.api, made.User.ID, token.Token)
	if status, body, err := c.once(t.Context(), "POST", c.path(""), object{"title": "by Ann", "priority": "low", "category": "home"}, ""); err != nil || status != 201 {
		t.Fatalf("create: %d %s %v", status, body, err)
	}
	says(t, socket, "task_update")
	if status, body, err := c.once(t.Context(), "GET", "/api/operator/outbox", nil, ""); err != nil || status != 200 {
		t.Errorf("the first account is no operator's: %d %s %v", status, body, err)
	}
}

// refuseOthers looks at what must not pass the gateway, or be refused behind it.
func refuseOthers(t *testing.T, v *browser) {
	t.Helper()
	evil := *v
	evil.origin = "https://evil.example"
	if status, body := evil.call("POST", "/api/auth/sign-out", object{}, nil); status != 403 || !strings.Contains(body, "INVALID_ORIGIN") {
		t.Errorf("another page's request: %d %s", status, body)
	}
	for path, host := range map[string]string{"/api/auth/get-session": "rebound.example.org", "/api/x%2f..%2f..%2fmetrics": ""} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.at+path, nil)
		must(t, err)
		r.Host = host
		answer, err := http.DefaultClient.Do(r)
		must(t, err)
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode/100 != 4 || host != "" && answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s at %q: %d %s", path, host, answer.StatusCode, body)
		}
	}
}

// openByCookie opens a WebSocket as a browser does, which knows no token; from other origins it is refused.
func openByCookie(t *testing.T, v *browser, user string) *websocket.Conn {
	t.Helper()
	at := "ws" + strings.TrimPrefix(v.at, "http") + "/ws/" + user
	dial := func(origin string) (*websocket.Conn, int) {
		h := http.Header{}
		if origin != "" {
			h.Set("Origin", origin)
		}
		conn, answer, err := (&websocket.Dialer{Jar: v.http.Jar, HandshakeTimeout: 10 * time.Second}).DialContext(t.Context(), at, h)
		if answer == nil {
			t.Fatal(err)
		}
		return conn, answer.StatusCode
	}
	for _, origin := range []string{"https://evil.example", "null", ""} {
		if _, status := dial(origin); status != 403 {
			t.Errorf("from %q: %d", origin, status)
		}
	}
	conn, status := dial(v.origin)
	if conn == nil {
		t.Fatal(fmt.Errorf("by cookie: %d", status))
	}
	t.Cleanup(func() { _ = conn.Close() })
	says(t, conn, "connected") // what is written from now on is news
	return conn
}

// says waits for a message and checks its type.
func says(t *testing.T, conn *websocket.Conn, want string) {
	t.Helper()
	var m device.Message
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if err := conn.ReadJSON(&m); err != nil || m.Type != want {
		t.Errorf("want %s, got %+v, %v", want, m, err)
	}
}
