package boot

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/adapters/gateway"
	"github.com/tasktide/tasktide/apps/frontend/web"
)

// oneBinary serves a page on Fiber behind an API route, as tasktide serve does.
func oneBinary(t *testing.T, page *gateway.Page, mounts ...func(*fiber.App)) string {
	t.Helper()
	s := &server{log: slog.New(slog.DiscardHandler), reg: prometheus.NewRegistry(), page: page}
	s.mount(func(app *fiber.App) {
		app.Get("/api/:user_id/tasks", func(c *fiber.Ctx) error { return c.SendString("[]") })
	})
	for _, m := range mounts {
		s.mountFirst(m)
	}
	app := s.app()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = app.Listener(l) }()
	t.Cleanup(func() { _ = app.ShutdownWithContext(context.WithoutCancel(t.Context())) })
	return "http://" + l.Addr().String()
}

var nonce = regexp.MustCompile(`nonce[="-]+[A-Z2-7]{26}`)

// get describes an answer by all that must be the same.
func get(t *testing.T, method, url string, headers map[string]string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	got, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	out.WriteString(got.Status + "\n")
	for _, name := range []string{
		"Content-Type", "Content-Length", "Content-Encoding", "Content-Range", "Cache-Control", "ETag", "Vary", "Allow", "Content-Security-Policy", "X-Content-Type-Options",
		"Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Strict-Transport-Security",
	} {
		value := strings.Join(got.Header.Values(name), "|")
		if name == "Content-Length" && (got.StatusCode >= 400 || strings.Contains(got.Header.Get("Content-Encoding"), "gzip")) {
			continue // the request's id is in a problem, chance in compressed HTML
		}
		out.WriteString(name + ": " + value + "\n")
	}
	if got.StatusCode < 400 && got.Header.Get("Content-Encoding") == "" {
		out.Write(body)
	}
	return nonce.ReplaceAllString(out.String(), "NONCE")
}

func TestTheOneBinaryServesThePageAsTheGatewayDoes(t *testing.T) {
	t.Parallel()
	page, err := gateway.NewPage(fstest.MapFS{
		"index.html":           {Data: []byte(`<!doctype html><script nonce="__CSP_NONCE__" src="/assets/a-1.js"></script>` + strings.Repeat(" ", 2000))},
		"assets/a-1.js":        {Data: []byte(strings.Repeat("console.log(1);", 500))},
		"assets/b-2.png":       {Data: []byte("\x89PNG")},
		"sw.js":                {Data: []byte("1")},
		"manifest.webmanifest": {Data: []byte("{}")},
	}, "https://tasks.example")
	if err != nil {
		t.Fatal(err)
	}
	plain := httptest.NewServer(page)
	defer plain.Close()
	fiber := oneBinary(t, page)
	for _, path := range []string{"/", "/index.html", "/today?x=1", "/assets/a-1.js", "/assets/b-2.png", "/assets/none.js", "/sw.js", "/manifest.webmanifest", "/favicon.ico", "/a%2Fb", "/assets/%2e%2e/sw.js"} {
		for _, method := range []string{"GET", "HEAD", "POST", "DELETE"} {
			for _, headers := range []map[string]string{
				nil, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "br, gzip"}, {"Range": "bytes=0-4"}, {"Range": "bytes=90000-"},
				{"If-None-Match": `"2d5ac7e36ef5bb0e1bbb3a4e"`}, {"If-None-Match": "*"},
			} {
				if want, got := get(t, method, plain.URL+path, headers), get(t, method, fiber+path, headers); want != got {
					t.Errorf("%s %s %v\nby net/http: %s\nby Fiber: %s", method, path, headers, want, got)
				}
			}
		}
	}
}

func TestBesideThePageAnUnknownPathOfTheAPIStaysAProblem(t *testing.T) {
	t.Parallel()
	at := oneBinary(t, gateway.NoPage(""))
	for path, status := range map[string]int{"/api/alice/nothing": 404, "/api": 404, "/ws": 404, "/docs/none": 404, "/openapi.json": 404, "/assets/x.js": 404, "/x%zz": 400} {
		for _, method := range []string{"GET", "POST"} {
			r, err := http.NewRequestWithContext(t.Context(), method, at, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.URL.Opaque = path
			got, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			var p struct {
				Status    int
				RequestID string
			}
			err = json.NewDecoder(got.Body).Decode(&p)
			_ = got.Body.Close()
			want := status
			if path == "/assets/x.js" && method == "POST" {
				want = 405
			}
			if err != nil || got.StatusCode != want || p.Status != want || p.RequestID == "" || p.RequestID != got.Header.Get("X-Request-ID") {
				t.Errorf("%s %s: %d %+v %v", method, path, got.StatusCode, p, err)
			}
		}
	}
}

func TestAPageIsServedIffOneWasBuilt(t *testing.T) {
	t.Parallel()
	_, err := os.Stat("../../frontend/web/dist/index.html")
	_, without, failed := newPage(Config{})
	if _, there := web.Files(); without == there || without == (err == nil) || failed != nil {
		t.Errorf("without %v, built %v, %v", without, there, failed)
	}
}

func TestTheOneBinaryPassesAccountsToTheServerThatHasThem(t *testing.T) {
	t.Parallel()
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode([]string{r.Method, r.RequestURI, r.Host, r.Header.Get("Origin"), r.Header.Get("Cookie"), r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Forwarded-Host"), string(body)})
	}))
	defer issuer.Close()
	at, err := url.Parse(issuer.URL)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	who, err := newClients(Config{}, log)
	if err != nil {
		t.Fatal(err)
	}
	here := oneBinary(t, gateway.NoPage(""), passAccounts(at, log, who))
	ask := func(method, path, body string) (int, string, http.Header) {
		r, err := http.NewRequestWithContext(t.Context(), method, here+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "tasks.example"
		r.Header.Set("Origin", "https://tasks.example")
		r.Header.Set("Cookie", "s=1")
		r.Header.Set("X-Forwarded-For", "6.6.6.6")
		got, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = got.Body.Close() }()
		b, _ := io.ReadAll(got.Body)
		return got.StatusCode, strings.TrimSpace(string(b)), got.Header
	}
	for _, method := range []string{"GET", "POST"} {
		status, body, h := ask(method, "/api/auth/sign-in/email?x=1", "{}")
		want := `["` + method + `","/api/auth/sign-in/email?x=1","` + at.Host + `","https://tasks.example","s=1","127.0.0.1","tasks.example","{}"]`
		if status != 401 || body != want || len(h["Set-Cookie"]) != 2 || len(h["X-Request-Id"]) != 1 {
			t.Errorf("%d %s %v\nwant %s", status, body, h, want)
		}
	}
	if status, body, _ := ask("GET", "/api/alice/tasks", ""); status != 200 || body != "[]" {
		t.Errorf("%d %s", status, body)
	}
	issuer.Close()
	if status, body, h := ask("GET", "/api/auth/ok", ""); status != 502 || !strings.Contains(body, `"code":"BAD_GATEWAY"`) || len(h["X-Request-Id"]) != 1 {
		t.Errorf("%d %s %v", status, body, h)
	}
}
