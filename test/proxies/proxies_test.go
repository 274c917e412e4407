package proxies

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
)

func TestTasktideBehindCaddy(t *testing.T) {
	t.Parallel()
	behind(t, proxied(t, startCaddy))
}

func TestTasktideBehindNginx(t *testing.T) {
	t.Parallel()
	behind(t, proxied(t, startNginx))
}

func behind(t *testing.T, s *site) {
	t.Run("people sign in over https with a cookie that is Secure", func(t *testing.T) { signIn(t, s) })
	t.Run("the list of sessions has the client's address, and no forged one", func(t *testing.T) { addresses(t, s) })
	t.Run("tries are counted for the client, whatever it claims", func(t *testing.T) { tries(t, s) })
	t.Run("server-sent events come one by one, at once", func(t *testing.T) { stream(t, s) })
	t.Run("a WebSocket opens by the cookie and brings events", func(t *testing.T) { socket(t, s) })
	t.Run("a body that is too large is a 413", func(t *testing.T) { tooLarge(t, s) })
	t.Run("another Host is not served", func(t *testing.T) { otherHost(t, s) })
	t.Run("what the server says of itself stays on its machine", func(t *testing.T) { private(t, s) })
	t.Run("http leads to https", func(t *testing.T) { redirect(t, s) })
	t.Run("a restart behind it is over by itself, and streams resume", func(t *testing.T) { restart(t, s) })
}

func signIn(t *testing.T, s *site) {
	b := s.browser(t, "127.0.0.10")
	checkCookie(t, b.signUp("first@example.org"))
	if answer, _ := b.send("POST", "/api/auth/sign-out", "{}"); answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}
	answer, body := b.send("POST", "/api/auth/sign-in/email", fmt.Sprintf(`{"email":"first@example.org","password":%q}`, password))
	if answer.StatusCode != http.StatusOK || answer.ProtoMajor != 2 {
		t.Fatalf("%s %s %s", answer.Proto, answer.Status, body)
	}
	checkCookie(t, answer)
	b.create(b.bearer(), "behind a proxy")
	answer, _ = b.send("POST", "/api/auth/sign-out", "{}", "Origin: https://evil.example")
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("another page signs out: %s", answer.Status)
	}
}

func private(t *testing.T, s *site) {
	b := s.browser(t, "127.0.0.90")
	for path, want := range map[string]int{"/metrics": http.StatusNotFound, "/ready": http.StatusNotFound, "/health": http.StatusOK} {
		if answer, body := b.send("GET", path, ""); answer.StatusCode != want || want == http.StatusNotFound && strings.Contains(string(body), "database") {
			t.Errorf("%s: %s %.80s", path, answer.Status, body)
		}
	}
}

func checkCookie(t *testing.T, answer *http.Response) {
	t.Helper()
	for _, c := range answer.Cookies() {
		if c.Name == "__Secure-better-auth.session_token" && c.Secure && c.HttpOnly && c.SameSite == http.SameSiteLaxMode {
			return
		}
	}
	t.Errorf("the cookies are %v", answer.Header["Set-Cookie"])
}

func addresses(t *testing.T, s *site) {
	b := s.browser(t, "127.0.0.20")
	b.signUp("addresses@example.org") // claims 198.51.100.66
	var sessions []struct{ IPAddress string }
	b.get("/api/auth/list-sessions", &sessions)
	if len(sessions) != 1 || sessions[0].IPAddress != "127.0.0.20" {
		t.Errorf("%+v", sessions)
	}
}

func tries(t *testing.T, s *site) {
	try := func(from, claim string) int {
		answer, _ := s.browser(t, from).send("POST", "/api/auth/sign-in/email", `{"email":"nobody@example.org","password":"wrong password"}`,
			"X-Forwarded-For: "+claim, "Forwarded: for="+claim, "X-Real-IP: "+claim)
		return answer.StatusCode
	}
	for i := range 3 {
		if status := try("127.0.0.30", fmt.Sprint("198.51.100.", i)); status != http.StatusUnauthorized {
			t.Fatalf("try %d: %d", i, status)
		}
	}
	if status := try("127.0.0.30", "198.51.100.99"); status != http.StatusTooManyRequests {
		t.Errorf("a claim gets a fourth try: %d", status)
	}
	if status := try("127.0.0.31", "198.51.100.1"); status != http.StatusUnauthorized {
		t.Errorf("another client has to wait: %d", status)
	}
}

// events opens a stream by the session's cookie and returns what comes on it, an id and data each.
func events(b *browser, from string) (<-chan [2]string, context.CancelFunc) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	b.t.Cleanup(cancel)
	r := b.request(ctx, "GET", "/api/sse/"+b.id, "")
	if from != "" {
		r.Header.Set("Last-Event-ID", from)
	}
	answer, err := b.Do(r)
	must(b.t, err)
	if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		b.t.Fatalf("%s %v", answer.Status, answer.Header)
	}
	out := make(chan [2]string, 100)
	go func() {
		defer close(out)
		defer func() { _ = answer.Body.Close() }()
		var event [2]string
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "id":
				event[0] = value
			case "data":
				event[1] = value
			case "":
				out <- event
			}
		}
	}()
	return out, cancel
}

// next is the next message of a type.
func next(t *testing.T, from <-chan [2]string, kind string) [2]string {
	t.Helper()
	for end := time.After(within); ; {
		select {
		case e, open := <-from:
			if !open {
				t.Fatalf("the stream ended before %s", kind)
			}
			if strings.Contains(e[1], `"type":"`+kind+`"`) {
				return e
			}
		case <-end:
			t.Fatalf("no %s within %s", kind, within)
		}
	}
}

func stream(t *testing.T, s *site) {
	b := s.browser(t, "127.0.0.40")
	b.signUp("stream@example.org")
	bearer := b.bearer()
	got, _ := events(b, "")
	next(t, got, "connected")
	for i := range 5 { // each only when the one before has come: a proxy that gathers them brings none
		title := fmt.Sprint("event ", i)
		b.create(bearer, title)
		if e := next(t, got, "task_update"); !strings.Contains(e[1], title) {
			t.Fatalf("%s is not of %q", e, title)
		}
	}
}

func socket(t *testing.T, s *site) {
	b := s.browser(t, "127.0.0.50")
	b.signUp("socket@example.org")
	header := http.Header{"Origin": {s.url}}
	for _, c := range b.Jar.Cookies(b.request(t.Context(), "GET", "/", "").URL) {
		header.Add("Cookie", c.Name+"="+c.Value)
	}
	dialer := websocket.Dialer{TLSClientConfig: s.tls(), Subprotocols: []string{"tasktide.v1"}, NetDialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return s.dial(ctx, "127.0.0.50", s.address)
	}}
	conn, _, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.url, "http")+"/ws/"+b.id, header)
	must(t, err)
	defer func() { _ = conn.Close() }()
	b.create(b.bearer(), "over the socket")
	must(t, conn.WriteMessage(websocket.TextMessage, []byte("ping")))
	missing := map[string]bool{"connected": true, "pong": true, "task_update": true}
	for len(missing) > 0 {
		_ = conn.SetReadDeadline(time.Now().Add(within))
		var m struct{ Type string }
		if err := conn.ReadJSON(&m); err != nil {
			t.Fatalf("%v, before %v", err, missing)
		}
		delete(missing, m.Type)
	}
}

// A proxy says 502 when the connection to the server breaks while it sends.
func tooLarge(t *testing.T, s *site) {
	b := s.browser(t, "127.0.0.60")
	for _, size := range []int{65 << 10, 300_000, 1_000_000, 1_000_000, 1_000_000, 5_000_000, 5_000_000, 40_000_000} {
		body := `{"title":"` + strings.Repeat("x", size) + `"}`
		for range 5 {
			for _, path := range []string{"/api/u/tasks", "/api/auth/sign-in/email"} {
				answer, said := b.send("POST", path, body)
				if answer.StatusCode != http.StatusRequestEntityTooLarge {
					t.Errorf("%d bytes to %s: %s %s", size, path, answer.Status, said)
				}
				if ours := strings.Contains(string(said), "too large") || strings.Contains(string(said), "larger than 65536"); size <= 1_000_000 && !ours {
					t.Errorf("%d bytes to %s: the answer is the proxy's: %s", size, path, said)
				}
			}
		}
	}
}

func otherHost(t *testing.T, s *site) {
	b := s.browser(t, "127.0.0.70")
	for _, host := range []string{"evil.example", "evil.example:" + fmt.Sprint(s.service.Port), "tasks.example.org.evil.example"} {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		answer, err := b.Do(b.request(ctx, "GET", "/api/auth/ok", "", "Host: "+host, "X-Forwarded-Host: "+name))
		if err == nil {
			body, _ := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if answer.Header.Get("X-Request-ID") != "" || strings.Contains(string(body), "ok") {
				t.Errorf("%s is served: %s %s", host, answer.Status, body)
			}
		}
		cancel()
	}
	if answer, body := b.send("GET", "/api/auth/ok", "", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http"); answer.StatusCode != http.StatusOK {
		t.Errorf("forged headers change who is asked: %s %s", answer.Status, body)
	}
	// Past the proxy, the server itself refuses the name.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.service.URL()+"/api/auth/ok", nil)
	must(t, err)
	r.Host = "evil.example"
	answer, err := http.DefaultClient.Do(r)
	must(t, err)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("the server serves another name: %s", answer.Status)
	}
}

func redirect(t *testing.T, s *site) {
	c := s.client("127.0.0.80")
	c.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return s.dial(ctx, "127.0.0.80", s.plain)
	}}
	answer, err := c.Get("http://" + name + "/a?b=c")
	must(t, err)
	_ = answer.Body.Close()
	to, err := answer.Location()
	if err != nil || answer.StatusCode/100 != 3 || to.Scheme != "https" || to.Hostname() != name || to.RequestURI() != "/a?b=c" {
		t.Errorf("%s %v %v", answer.Status, answer.Header, err)
	}
}

func restart(t *testing.T, s *site) {
	b := s.browser(t, "127.0.0.90")
	b.signUp("restart@example.org")
	bearer := b.bearer()
	got, _ := events(b, "")
	next(t, got, "connected")
	b.create(bearer, "before")
	last := next(t, got, "task_update")
	must(t, s.service.Stop())
	for range got { // the stream ends, and the page is told
	}
	must(t, s.service.Start(t.Context()))
	must(t, s.proxy.Await(t.Context(), within, s.ready))
	b.create(bearer, "after") // the token is still good
	again, _ := events(b, last[0])
	e := next(t, again, "task_update")
	var m struct{ Data json.RawMessage }
	if err := json.Unmarshal([]byte(e[1]), &m); err != nil || !strings.Contains(string(m.Data), "after") {
		t.Errorf("the stream goes on with %s, %v", e, err)
	}
	var session struct{ User struct{ ID string } }
	b.get("/api/auth/get-session", &session)
	if session.User.ID != b.id {
		t.Errorf("the session is %+v", session)
	}
}
