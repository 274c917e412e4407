package identity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/auth"
	"github.com/tasktide/tasktide/adapters/live"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	core "github.com/tasktide/tasktide/core/identity"
	"github.com/tasktide/tasktide/core/realtime"
)

// fast is a time in which nobody waits, and that remembers the longest wait.
type fast struct {
	*clock
	longest atomic.Int64
}

func (c *fast) Wait(ctx context.Context, d time.Duration) error {
	for {
		old := c.longest.Load()
		if int64(d) <= old || c.longest.CompareAndSwap(old, int64(d)) {
			return ctx.Err()
		}
	}
}

// claims are a token's, of {"token":…} or alone.
func claims(t *testing.T, token string) string {
	t.Helper()
	var answer struct{ Token string }
	if json.Unmarshal([]byte(token), &answer) == nil {
		token = answer.Token
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("no token: %q", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (b *browser) token() string {
	b.t.Helper()
	var answer struct{ Token string }
	if err := json.Unmarshal([]byte(b.get("/token").body), &answer); err != nil || answer.Token == "" {
		b.t.Fatalf("no token: %v", err)
	}
	return answer.Token
}

const shared = "0123456789abcdef0123456789abcdef"

// verifier is that of a service of its own: keys over HTTP, beside a shared secret.
func (s *server) verifier(t *testing.T, now func() time.Time) *auth.Verifier {
	t.Helper()
	v, err := auth.NewVerifier(auth.Config{Secret: []byte(shared), JWKSURL: s.url + "/api/auth/jwks", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestServicesTakeTokensOfBothIssuers(t *testing.T) {
	t.Parallel()
	s := serve(t, sqlite(t), settings{})
	ann := s.signUp(t, "ann@example.org")
	signer, err := auth.NewSigner([]byte(shared), "", "")
	if err != nil {
		t.Fatal(err)
	}
	script, err := signer.Sign("script", "operator", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	own, err := s.tokens.Sign(t.Context(), "somebody", "operator", 100*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	within, err := auth.NewVerifier(auth.Config{Secret: []byte(shared), Fetch: s.tokens.JWKS, Issuer: "", Audience: ""})
	if err != nil {
		t.Fatal(err)
	}
	var session struct{ User struct{ ID string } }
	if err := json.Unmarshal([]byte(ann.get("/get-session").body), &session); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]*auth.Verifier{"over HTTP": s.verifier(t, nil), "in the same process": within} {
		for token, want := range map[string]string{ann.token(): session.User.ID, script: "script", own: "somebody"} {
			if p, err := v.Verify(t.Context(), token); err != nil || p.UserID != want {
				t.Errorf("%s, %s: %+v, %v", name, want, p, err)
			}
		}
	}
}

func TestATokenOfAnExpiredOrUnknownKeyIsRefused(t *testing.T) {
	t.Parallel()
	c := &fast{clock: newClock()}
	s := serve(t, sqlite(t), settings{clock: c})
	other := serve(t, sqlite(t), settings{clock: c})
	v := s.verifier(t, c.Now)
	foreign := other.signUp(t, "ann@example.org").token()
	if p, err := v.Verify(t.Context(), foreign); err == nil {
		t.Errorf("a token of another server: %+v", p)
	}
	token := s.signUp(t, "ann@example.org").token()
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	c.pass(core.TokenLife + time.Minute)
	if p, err := v.Verify(t.Context(), token); err == nil {
		t.Errorf("a token past its end: %+v", p)
	}
	// A key that was withdrawn: the store has another.
	keys, err := s.store.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	long, err := s.tokens.Sign(t.Context(), "u", "", 1000*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if err := s.store.RemoveKey(t.Context(), k.ID); err != nil {
			t.Fatal(err)
		}
	}
	c.pass(2 * time.Hour) // then verifiers ask again
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := v.Verify(t.Context(), long); err != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a token of a withdrawn key is good for ever")
		}
	}
}

// TestKeysRotateWhileLiveClientsAreConnected: a connection that began with the cookie
// lives through two changes of the key, and refreshes its token with each.
func TestKeysRotateWhileLiveClientsAreConnected(t *testing.T) {
	t.Parallel()
	c := &fast{clock: newClock()}
	db := sqlite(t)
	var hub *realtime.Hub
	var sockets *live.Server
	s := serve(t, db, settings{clock: c}, func(app *fiber.App, s *server) {
		v, err := auth.NewVerifier(auth.Config{Fetch: s.tokens.JWKS, Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
		hub = realtime.NewHub(sqlstore.NewStreams(db), memory.Clock{}, slog.New(slog.DiscardHandler), realtime.Limits{})
		sockets = live.NewServer(live.Deps{Hub: hub, Verify: v.Verify, Exchange: s.exchange, Heartbeat: time.Minute, Log: slog.New(slog.DiscardHandler)})
		sockets.Mount(app)
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = hub.Run(ctx) }()
	t.Cleanup(func() { sockets.Stop(); cancel(); <-ended })

	ann := s.signUp(t, "ann@example.org")
	header := http.Header{"Origin": {s.url}, "Cookie": {cookieName + "=" + ann.cookies[cookieName]}}
	socket, r, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.url, "http")+"/ws", header)
	if err != nil {
		t.Fatalf("%v %+v", err, r)
	}
	defer socket.Close()
	read := func() string {
		t.Helper()
		_ = socket.SetReadDeadline(time.Now().Add(20 * time.Second))
		_, message, err := socket.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		return string(message)
	}
	if first := read(); !strings.Contains(first, `"connected"`) {
		t.Fatal(first)
	}
	evil := http.Header{"Origin": {"https://evil.example"}, "Cookie": header["Cookie"]}
	if _, r, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.url, "http")+"/ws", evil); err == nil || r.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another origin: %v %v", r, err)
	}
	seen := map[string]bool{}
	for range 70 { // days
		token := ann.token()
		c.pass(24 * time.Hour)
		ann.get("/get-session").wants(t, "each day", 200, "ann@example.org") // prolongs the session
		if seen[kid(t, token)] {
			continue
		}
		seen[kid(t, token)] = true
		token = ann.token() // of the same key, and of now
		message, _ := json.Marshal(map[string]string{"type": "auth", "token": token})
		for _, m := range []string{string(message), `{"type":"ping"}`} {
			if err := socket.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
				t.Fatal(err)
			}
		}
		for {
			if m := read(); strings.Contains(m, `"pong"`) {
				break
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d keys signed in 70 days, want 3", len(seen))
	}
}

func kid(t *testing.T, token string) string {
	t.Helper()
	head, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(head)
}

func TestAnotherServiceExchangesTheCookieOverHTTP(t *testing.T) {
	t.Parallel()
	c := &fast{clock: newClock()}
	s := serve(t, sqlite(t), settings{clock: c})
	ann := s.signUp(t, "ann@example.org")
	cookie := ann.cookies[cookieName]
	sessions := auth.NewSessions(s.url)
	defer sessions.Close()
	c.pass(25 * time.Hour)
	for name, exchange := range map[string]func(context.Context, string) (string, error){"over HTTP": sessions.Exchange, "in the same process": s.exchange} {
		token, err := exchange(t.Context(), cookieName+"="+cookie)
		if err != nil || !strings.Contains(claims(t, token), "ann@example.org") {
			t.Errorf("%s: %v", name, err)
		}
		for _, bad := range []string{cookieName + "=", cookieName + "=x", "other=" + cookie, "__Secure-" + cookieName + "=" + cookie} {
			if _, err := exchange(t.Context(), bad); err == nil {
				t.Errorf("%s: %q is taken", name, bad)
			}
		}
	}
	// Neither has prolonged the session: the browser would not have got the new cookie.
	if r := ann.get("/get-session"); r.header.Get("Set-Cookie") == "" {
		t.Error("the browser's cookie is not prolonged after others used it")
	}
}
