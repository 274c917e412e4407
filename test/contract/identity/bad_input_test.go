package identity

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	core "github.com/tasktide/tasktide/core/identity"
)

// clock is a time that is set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now().UTC()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const cookieName = "better-auth.session_token"

func TestACookieOfAnotherUserOrAStolenOldOneIsWorthNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, sqlite(t), settings{})
	ann, bob := s.signUp(t, "ann@example.org"), s.signUp(t, "bob@example.org")
	mixed := ann.thief()
	id, _, _ := strings.Cut(ann.cookies[cookieName], ".")
	_, secret, _ := strings.Cut(bob.cookies[cookieName], ".")
	mixed.cookies[cookieName] = id + "." + secret
	mixed.get("/get-session").wants(t, "ann's session with bob's secret", 200, "null")
	mixed.get("/token").wants(t, "its token", 401, "UNAUTHORIZED")

	mixed.cookies[cookieName] = bob.cookies[cookieName]
	mixed.get("/list-sessions").wants(t, "bob's cookie shows bob's sessions", 200, strings.SplitN(bob.cookies[cookieName], ".", 2)[0])
	if body := mixed.get("/list-sessions").body; strings.Contains(body, id) {
		t.Errorf("bob sees ann's session: %s", body)
	}
	mixed.post("/revoke-session", fmt.Sprintf(`{"token":%q}`, id)).wants(t, "bob revokes ann's session", 200, "true")
	ann.get("/token").wants(t, "ann afterwards", 200, "token")

	stolen := ann.thief()
	ann.post("/sign-out", "{}").wants(t, "sign-out", 200, "true")
	stolen.get("/token").wants(t, "stolen before a sign-out", 401, "UNAUTHORIZED")
	stolen.post("/update-user", `{"name":"Eve"}`).wants(t, "stolen before a sign-out", 401, "UNAUTHORIZED")
	if _, err := s.exchange(t.Context(), cookieName+"="+stolen.cookies[cookieName]); err == nil {
		t.Error("a live connection takes it")
	}
	stolen = bob.thief()
	bob.post("/change-password", fmt.Sprintf(`{"currentPassword":%q,"newPassword":"another horse battery","revokeOtherSessions":true}`, password)).wants(t, "change", 200, `"token":"`)
	stolen.get("/get-session").wants(t, "stolen before a change of the password", 200, "null")
	bob.get("/token").wants(t, "bob afterwards", 200, "token")
}

func TestMalformedCookiesNeverFailAServer(t *testing.T) {
	t.Parallel()
	s := serve(t, sqlite(t), settings{})
	ann := s.signUp(t, "ann@example.org")
	good := ann.cookies[cookieName]
	for _, raw := range []string{
		cookieName + "=", cookieName + "=%", cookieName + "=%00", cookieName + "=\"" + good[:20] + "\"", cookieName, "=", ";;;", cookieName + "==" + good, cookieName + "=" + good + ".sig",
		cookieName + "=" + strings.Repeat("a", 7000), "__Secure-" + cookieName + "=" + good, "\xff\xfe" + cookieName + "=x", cookieName + "=" + good[:len(good)-1] + "!",
	} {
		b := s.browser(t)
		b.headers["Cookie"] = raw
		b.get("/token").wants(t, fmt.Sprintf("%.60q", raw), 401, "UNAUTHORIZED")
		if r := b.get("/get-session"); r.status != 200 || r.body != "null" {
			t.Errorf("%.60q: %d %s", raw, r.status, r.body)
		}
		b.post("/sign-out", "{}").wants(t, fmt.Sprintf("%.60q", raw), 200, "true")
	}
}

func TestAPageOfAnotherOriginChangesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, sqlite(t), settings{origins: []string{"https://app.example.org"}})
	ann := s.signUp(t, "ann@example.org")
	port := s.url[strings.LastIndexByte(s.url, ':'):]
	for origin, want := range map[string]string{
		"https://evil.example": "INVALID_ORIGIN", "null": "MISSING_OR_NULL_ORIGIN", "": "MISSING_OR_NULL_ORIGIN", s.url + ".evil.example": "INVALID_ORIGIN",
		"http://127.0.0.1:1": "INVALID_ORIGIN", "https://127.0.0.1" + port: "INVALID_ORIGIN", "http://user@127.0.0.1" + port: "INVALID_ORIGIN", "*": "INVALID_ORIGIN",
		"http://127.0.0.1" + port + "@evil.example": "INVALID_ORIGIN", "https://app.example.org.evil.example": "INVALID_ORIGIN", "file://": "INVALID_ORIGIN", "x": "INVALID_ORIGIN",
		s.url: "", "http://localhost" + port: "", "http://[::1]" + port: "", "https://app.example.org": "", "https://APP.example.org:443": "",
	} {
		for _, path := range []string{"/update-user", "/change-password", "/delete-user", "/revoke-session", "/sign-out"} {
			evil := ann.thief()
			delete(evil.headers, "Origin")
			if origin != "" {
				evil.headers["Origin"] = origin
			}
			body := `{"name":"changed"}`
			if want == "" && path != "/update-user" {
				continue
			}
			if want == "" {
				evil.post(path, body).wants(t, origin+path, 200, "true")
			} else {
				evil.post(path, body).wants(t, origin+path, 403, want)
			}
		}
	}
	delete(ann.headers, "Origin")
	ann.headers["Referer"] = "https://evil.example/" + s.url
	ann.post("/update-user", `{"name":"Eve"}`).wants(t, "another referer", 403, "INVALID_ORIGIN")
	ann.headers["Referer"] = s.url + "/settings?x=https://evil.example"
	ann.post("/update-user", `{"name":"Ann"}`).wants(t, "our referer", 200, "true")
}

func TestNobodyIsSignedInByAnotherSitesPage(t *testing.T) {
	t.Parallel()
	s := serve(t, sqlite(t), settings{})
	s.signUp(t, "ann@example.org")
	login := credentials("ann@example.org", password)
	for name, c := range map[string]struct {
		headers map[string]string
		status  int
		says    string
	}{
		"another origin":         {map[string]string{"Origin": "https://evil.example"}, 403, "INVALID_ORIGIN"},
		"a form":                 {map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"},
		"a page without origin":  {map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "MISSING_OR_NULL_ORIGIN"},
		"a form as it is posted": {map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		"text":                   {map[string]string{"Content-Type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		"a program":              {map[string]string{}, 200, "user"},
	} {
		b := s.browser(t)
		delete(b.headers, "Origin")
		for k, v := range c.headers {
			b.headers[k] = v
		}
		b.post("/sign-in/email", login).wants(t, name, c.status, c.says)
		if signed := b.cookies[cookieName] != ""; signed != (c.status == 200) {
			t.Errorf("%s: signed in %v", name, signed)
		}
	}
}

func TestASessionIsNeverTheOneThatWasPlanted(t *testing.T) {
	t.Parallel()
	s := serve(t, sqlite(t), settings{})
	eve := s.signUp(t, "eve@example.org")
	s.signUp(t, "ann@example.org")
	planted := eve.cookies[cookieName]
	ann := s.browser(t)
	ann.cookies[cookieName] = planted
	ann.post("/sign-in/email", credentials("ann@example.org", password)).wants(t, "sign-in", 200, "ann@")
	if now := ann.cookies[cookieName]; now == planted || strings.Split(now, ".")[0] == strings.Split(planted, ".")[0] {
		t.Errorf("the session is the one of before: %s", now)
	}
	eve.get("/get-session").wants(t, "eve", 200, "eve@example.org")
	ann.cookies = map[string]string{cookieName: strings.Repeat("a", 26) + "." + strings.Repeat("A", 43)}
	ann.post("/sign-in/email", credentials("ann@example.org", password)).wants(t, "with a made-up one", 200, "ann@")
	if strings.HasPrefix(ann.cookies[cookieName], strings.Repeat("a", 26)) {
		t.Error("a made-up id becomes the session's")
	}
}

func TestAPasswordOfAMegabyteIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, sqlite(t), settings{})
	for _, path := range []string{"/sign-up/email", "/sign-in/email"} {
		s.megabyte(t, path).wants(t, path, 413, `"code":"PAYLOAD_TOO_LARGE"`)
		s.browser(t).post(path, credentials("ann@example.org", strings.Repeat("x", 60<<10))).wants(t, path, 400, "PASSWORD_TOO_LONG")
	}
}

// megabyte announces a megabyte and reads the answer: the server need not wait for it.
func (s *server) megabyte(t *testing.T, path string) response {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "POST /api/auth%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{\"password\":\"xxxx", path, 1<<20)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{answer.StatusCode, string(body), answer.Header}
}

func TestBodiesThatCanNotBeReadAreRefusedClearly(t *testing.T) {
	t.Parallel()
	s := serve(t, sqlite(t), settings{})
	for body, says := range map[string]string{
		"{": "BAD_REQUEST", "": "VALIDATION_ERROR", "[]": "VALIDATION_ERROR", "null": "VALIDATION_ERROR", `"x"`: "VALIDATION_ERROR", "{}": "VALIDATION_ERROR",
		`{"name":"N","email":["a@example.org"],"password":"x"}`: "[body.email]", `{"name":"N","email":"a@example.org","password":{"$ne":""}}`: "[body.password]",
		`{"name":"N","email":"a@example.org","password":null}`: "[body.password]", `{"name":"N","email":"a@example.org","password":12345678}`: "[body.password]",
		strings.Repeat("[", 60000): "BAD_REQUEST", `{"name":"N","email":"a@example.org","password":"` + "\xff\xfe" + `"}`: "PASSWORD_TOO_SHORT",
	} {
		s.browser(t).post("/sign-up/email", body).wants(t, fmt.Sprintf("%.60q", body), 400, says)
	}
	for _, callback := range []string{"//evil.example", "https://evil.example", "javascript:alert(1)", "/\\\\evil.example", "/%2fevil.example", "/%5cevil.example", " /x", "/\t/evil.example", "http:evil.example"} {
		b, _ := json.Marshal(map[string]string{"email": "a@example.org", "password": password, "callbackURL": callback})
		s.browser(t).post("/sign-in/email", string(b)).wants(t, callback, 403, "INVALID_CALLBACK_URL")
	}
}

func TestAnAddressInAnotherSpellingIsTaken(t *testing.T) {
	t.Parallel()
	s := serve(t, sqlite(t), settings{})
	s.signUp(t, "josé.kim@bücher.example")
	for _, twin := range []string{"JOSÉ.KIM@bücher.example", "jose\u0301.kim@BÜCHER.example", "jos\u00e9.\u212aim@b\u00fccher.example", "josé.kim@xn--bcher-kva.example", "ｊｏｓé.kim@bücher。example"} {
		s.browser(t).post("/sign-up/email", credentials(twin, password)).wants(t, twin, 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
		s.browser(t).post("/sign-in/email", credentials(twin, password)).wants(t, twin, 200, "josé.kim@bücher.example")
	}
	s.browser(t).post("/sign-up/email", credentials("jose\u200b.kim@example.org", password)).wants(t, "a space of no width", 400, "VALIDATION_ERROR")
}

// offered is a code of a first run.
func (s *server) offered(t *testing.T) string {
	t.Helper()
	code, err := core.Offer(t.Context(), s.store, memory.Clock{})
	if err != nil || code == "" {
		t.Fatalf("%q, %v", code, err)
	}
	return code
}

func withCode(email, code string) string {
	return fmt.Sprintf(`{"name":"N","email":%q,"password":%q,"code":%q}`, email, password, code)
}

func TestALinkIsUsedOnce(t *testing.T) {
	t.Parallel()
	for _, closed := range []bool{true, false} {
		s := serve(t, sqlite(t), settings{closed: closed})
		code := s.offered(t)
		s.browser(t).post("/sign-up/email", withCode("eve@example.org", strings.ToLower(code))).wants(t, "another code", 400, "INVALID_CODE")
		ann := s.browser(t)
		ann.post("/sign-up/email", withCode("ann@example.org", code)).wants(t, "the link", 200, "ann@example.org")
		if token := ann.get("/token").body; !strings.Contains(claims(t, token), `"scope":"operator"`) {
			t.Errorf("the token has no scope: %s", claims(t, token))
		}
		s.browser(t).post("/sign-up/email", withCode("eve@example.org", code)).wants(t, "the link again", 400, "INVALID_CODE")
	}
}

func TestTwoSignUpsAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, sqlite(t), settings{})
	codes := []string{s.offered(t), s.offered(t)}
	var one, operators atomic.Int64
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			r, err := s.browser(t).try(http.MethodPost, "/api/auth/sign-up/email", credentials([]string{"ann@example.org", "ANN@example.org"}[i%2], password))
			if err == nil && r.status == 200 {
				one.Add(1)
			} else if err != nil || r.status != 422 {
				t.Errorf("%d %s, %v", r.status, r.body, err)
			}
		})
		wg.Go(func() {
			r, err := s.browser(t).try(http.MethodPost, "/api/auth/sign-up/email", withCode(fmt.Sprintf("op%d@example.org", i), codes[i%2]))
			if err == nil && r.status == 200 {
				operators.Add(1)
			} else if err != nil || r.status != 400 || !strings.Contains(r.body, "INVALID_CODE") {
				t.Errorf("%d %s, %v", r.status, r.body, err)
			}
		})
	}
	wg.Wait()
	if one.Load() != 1 || operators.Load() != 1 {
		t.Errorf("%d accounts of one address, %d operators", one.Load(), operators.Load())
	}
}

func TestAHostNameOfOthersIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, sqlite(t), settings{publicURL: "https://tasks.example.org"})
	for host, known := range map[string]bool{
		"tasks.example.org": true, "TASKS.example.org:443": true, "tasks.example.org.": true, "127.0.0.1:8000": true, "localhost": true, "[::1]:8000": true, "backend-api:8000": true,
		"backend-api.tasktide.svc:8000": true, "backend-api.tasktide.svc.cluster.local": true,
		"evil.example": false, "tasks.example.org.evil.example": false, "127.0.0.1.evil.example": false, "localhost.evil.example:8000": false, "evil.example:127": false, "x.svc.evil.example": false,
	} {
		for _, path := range []string{"/get-session", "/jwks", "/ok"} {
			b := s.browser(t)
			b.headers["Host"] = host
			if known {
				b.get(path).wants(t, host, 200, "")
			} else {
				b.get(path).wants(t, host, 403, "INVALID_HOST")
			}
		}
	}
}

// TestTheOwnerGetsInWhileOthersGuess: a thousand addresses guess the password of one
// account, and one address those of many. The owners come in at the first try.
func TestTheOwnerGetsInWhileOthersGuess(t *testing.T) {
	t.Parallel()
	c := &fast{clock: newClock()}
	s := serve(t, sqlite(t), settings{limited: true, clock: c})
	from := func(i int) *browser {
		b := s.browser(t)
		b.headers["X-Test-Address"] = fmt.Sprintf("2001:db8:%x::1", i)
		return b
	}
	for i := range 20 {
		b := from(i + 5000)
		b.post("/sign-up/email", credentials(fmt.Sprintf("user%d@example.org", i), password)).wants(t, "sign-up", 200, "user")
	}
	for i := range 1000 {
		from(i).post("/sign-in/email", credentials("user0@example.org", "wrong horse")).wants(t, "a guess", 401, "INVALID_EMAIL_OR_PASSWORD")
	}
	if longest := c.longest.Load(); time.Duration(longest) != 8*time.Second {
		t.Errorf("the longest delay is %s", time.Duration(longest))
	}
	from(6000).post("/sign-in/email", credentials("user0@example.org", password)).wants(t, "the owner", 200, "user0@")

	guesser := from(7000)
	counts := map[int]int{}
	for i := range 60 {
		counts[guesser.post("/sign-in/email", credentials(fmt.Sprintf("user%d@example.org", i%20), "wrong horse")).status]++
	}
	if counts[401] != 3 || counts[429] != 57 {
		t.Errorf("one address's guesses: %v", counts)
	}
	neighbour := from(7000)
	neighbour.headers["X-Test-Address"] = "2001:db8:1b58::ffff" // the same customer
	r := neighbour.post("/sign-in/email", credentials("user1@example.org", password)).wants(t, "the same customer's network", 429, "Too many")
	if r.header.Get("X-Retry-After") == "" || r.header.Get("Retry-After") != r.header.Get("X-Retry-After") {
		t.Errorf("when again: %v", r.header)
	}
	site := map[int]int{}
	for i := range 100 { // who has a /48 has 65,536 networks, and is not so many people
		b := from(9000)
		b.headers["X-Test-Address"] = fmt.Sprintf("2001:db8:2328:%x::1", i)
		site[b.post("/sign-in/email", credentials(fmt.Sprintf("user%d@example.org", i%20), "wrong horse")).status]++
	}
	if site[401] != 30 || site[429] != 70 {
		t.Errorf("guesses from the networks of one site: %v", site)
	}
	for i := range 20 {
		from(8000+i).post("/sign-in/email", credentials(fmt.Sprintf("user%d@example.org", i), password)).wants(t, "an owner", 200, "user")
	}
	c.pass(10 * time.Second)
	guesser.post("/sign-in/email", credentials("user1@example.org", password)).wants(t, "ten seconds later", 200, "user1@")
}
