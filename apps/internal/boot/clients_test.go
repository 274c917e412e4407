package boot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/fx"
)

// journal is a log that is read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// started is the one binary's graph as it is configured, listening.
func started(t *testing.T, vars map[string]string) (url string, log *journal) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	environment(t, with(vars, "API_PORT", port, "DATA_DIR", t.TempDir(), "SIGN_UP", "open"))
	cfg, err := Load("", "")
	if err != nil {
		t.Fatal(err)
	}
	log = &journal{}
	app := fx.New(Options(cfg), BackendAPI(), WebsocketService(), Last(), fx.Decorate(func() *slog.Logger { return slog.New(slog.NewTextHandler(log, nil)) }))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(app) })
	return "http://127.0.0.1:" + port, log
}

// signIn tries a password that is wrong, and returns the status.
func signIn(t *testing.T, url string, email string, headers ...string) int {
	t.Helper()
	status, _ := send(t, http.MethodPost, url+"/api/auth/sign-in/email", fmt.Sprintf(`{"email":%q,"password":"wrong password"}`, email), headers...)
	return status
}

func send(t *testing.T, method, url, body string, headers ...string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	out, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, out
}

func TestForgedAddressesOfAnUntrustedPeerChangeNothing(t *testing.T) {
	url, log := started(t, map[string]string{"TRUSTED_PROXIES": "192.0.2.0/24,::1"})
	for try := range 3 {
		forged := fmt.Sprintf("X-Forwarded-For: 198.51.100.%d", try)
		if status := signIn(t, url, "a@example.org", forged); status != 401 {
			t.Fatalf("try %d: %d", try, status)
		}
	}
	for _, forged := range []string{"X-Forwarded-For: 198.51.100.9", "X-Forwarded-For: 192.0.2.1", "Forwarded: for=198.51.100.9", "X-Real-IP: 198.51.100.9", "X-Forwarded-For: 198.51.100.9, 192.0.2.1"} {
		if status := signIn(t, url, "b@example.org", forged); status != 429 {
			t.Errorf("%s gets a fourth try: %d", forged, status)
		}
	}
	if n := strings.Count(log.String(), "name it in TRUSTED_PROXIES"); n != 1 || !strings.Contains(log.String(), "127.0.0.1") {
		t.Errorf("the operator is told %d times:\n%s", n, log)
	}
}

func TestTriesAreCountedForTheClientBehindATrustedProxy(t *testing.T) {
	url, log := started(t, map[string]string{"TRUSTED_PROXIES": "loopback, 192.0.2.0/24"})
	for _, client := range []string{"198.51.100.1", "2001:db8::1"} {
		from := "X-Forwarded-For: " + client
		for range 3 {
			if status := signIn(t, url, "a@example.org", from); status != 401 {
				t.Fatalf("%s: %d", client, status)
			}
		}
		for _, again := range []string{from, "X-Forwarded-For: 203.0.113.9, " + client, from + ", 192.0.2.8"} {
			if status := signIn(t, url, "b@example.org", again); status != 429 {
				t.Errorf("%s gets a fourth try: %d", again, status)
			}
		}
	}
	if status := signIn(t, url, "b@example.org", "X-Forwarded-For: 2001:db8::2"); status != 429 {
		t.Errorf("another address of the same /64: %d", status)
	}
	if status := signIn(t, url, "b@example.org", "X-Forwarded-For: 198.51.100.2"); status != 401 {
		t.Errorf("another client: %d", status)
	}
	if strings.Contains(log.String(), "TRUSTED_PROXIES") {
		t.Errorf("the operator is told of a proxy that is trusted:\n%s", log)
	}
	sessionNames(t, url, "198.51.100.3")
}

// sessionNames signs up from behind the proxy and looks at the list of sessions.
func sessionNames(t *testing.T, url, client string) {
	t.Helper()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/auth/sign-up/email", strings.NewReader(`{"name":"A","email":"new@example.org","password":"long enough"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", "203.0.113.9, "+client)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK || len(answer.Cookies()) == 0 {
		t.Fatalf("sign-up: %s", answer.Status)
	}
	_, body := send(t, http.MethodGet, url+"/api/auth/list-sessions", "", "Cookie: "+answer.Cookies()[0].Name+"="+answer.Cookies()[0].Value)
	var sessions []struct{ IPAddress string }
	if err := json.Unmarshal(body, &sessions); err != nil || len(sessions) != 1 || sessions[0].IPAddress != client {
		t.Errorf("the list of sessions is %s, %v", body, err)
	}
}

func TestAWrongTrustedProxyIsRefusedAtStart(t *testing.T) {
	environment(t, map[string]string{"TRUSTED_PROXIES": "10.0.0.1, caddy,0.0.0.0/0"})
	_, err := Load("", "")
	says(t, err, `TRUSTED_PROXIES: "caddy"`, "names are not looked up", `"0.0.0.0/0" is everybody`)
	if strings.Contains(err.Error(), "10.0.0.1") {
		t.Errorf("the error names what is right: %v", err)
	}
}
