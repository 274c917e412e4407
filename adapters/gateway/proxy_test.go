package gateway_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/gateway"
)

func TestEachPathGoesWhereItBelongs(t *testing.T) {
	w := newWorld(t, echo("backend"), echo("sockets"), nil)
	for path, want := range map[string]string{
		"/api/alice/tasks": "backend", "/api/auth/ok": "backend", "/api": "backend", "/api/sse": "backend", "/docs": "backend", "/docs/style.css": "backend",
		"/openapi.json": "backend", "/asyncapi.json": "backend", "/api/a%2Fb/tasks?x=%20;y": "backend",
		"/ws": "sockets", "/ws?user_id=a": "sockets", "/ws/alice": "sockets", "/api/sse/alice": "sockets",
	} {
		if h := w.ask("GET", path, nil).heard(t); h.Name != want || h.URI != path {
			t.Errorf("%s: %+v", path, h)
		}
	}
	for _, path := range []string{"/", "/wsx", "/apix", "/docsy", "/sign-in", "/API/alice"} {
		if a := w.ask("GET", path, nil); a.status != 200 || !strings.HasPrefix(a.body, "<!doctype html>") {
			t.Errorf("%s: %d %.80s", path, a.status, a.body)
		}
	}
	w.problem(w.ask("GET", "/openapi.jsonx", nil), 404, "no such file")
	w.problem(w.ask("POST", "/sign-in", nil), 405, "GET")
}

func TestAnotherServersAccountsAreAskedByItsOwnName(t *testing.T) {
	issuer := another(t, echo("issuer"))
	w := newWorld(t, echo("backend"), echo("sockets"), func(o *gateway.Options) { o.Issuer = address(t, issuer) })
	h := w.ask("POST", "/api/auth/sign-in/email", strings.NewReader("{}"), "Host: tasks.example", "Origin: https://tasks.example").heard(t)
	if h.Name != "issuer" || h.Host != strings.TrimPrefix(issuer, "http://") || h.Header.Get("X-Forwarded-Host") != "tasks.example" || h.Header.Get("Origin") != "https://tasks.example" {
		t.Errorf("%+v", h)
	}
	if h := w.ask("GET", "/api/authors/tasks", nil).heard(t); h.Name != "backend" {
		t.Errorf("%+v", h)
	}
}

func TestAPathThatAServiceWouldResolveIsRefused(t *testing.T) {
	w := newWorld(t, echo("backend"), echo("sockets"), nil)
	for _, path := range []string{"/api/../metrics", "/api/x/%2e%2e/%2e%2e/metrics", "/api/x%2f..%2f..%2fmetrics", "/ws/..", "/api/./x", "/api/x/.", "/docs/%2E%2E/metrics"} {
		c := w.dial()
		_, _ = io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		a, err := http.ReadResponse(c.Reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(a.Body)
		w.problem(answer{a.StatusCode, a.Header, string(body)}, 400, "the path has . or ..")
	}
}

func TestRequestAndAnswerArePassedOnAsTheyAre(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("ETag", `"1"`)
		h.Set("X-Stream-Position", "e:1")
		h.Add("Set-Cookie", "a=1")
		h.Add("Set-Cookie", "b=2")
		h.Set("X-Request-ID", r.Header.Get("X-Request-ID"))
		h.Set("Access-Control-Allow-Origin", "https://other.example")
		w.WriteHeader(http.StatusTeapot)
		echo("backend").ServeHTTP(w, r)
	}), echo("sockets"), nil)
	a := w.ask("PUT", "/api/alice/tasks/1?q=1", strings.NewReader(`{"title":"x"}`), "Authorization: Bearer t", "If-Match: \"0\"", "Idempotency-Key: k", "Cookie: s=1",
		"X-Request-ID: mine", "Connection: X-Secret", "X-Secret: 1", "Accept-Encoding: gzip", "Host: tasks.example")
	h := a.heard(t)
	if a.status != 418 || a.header.Get("ETag") != `"1"` || len(a.header["Set-Cookie"]) != 2 || len(a.header["X-Request-Id"]) != 1 || a.header.Get("X-Request-Id") != "mine" ||
		a.header.Get("Access-Control-Allow-Origin") != "https://other.example" || a.header.Get("Content-Security-Policy") != "" {
		t.Errorf("%d %v", a.status, a.header)
	}
	for name, want := range map[string]string{"Authorization": "Bearer t", "If-Match": `"0"`, "Idempotency-Key": "k", "Cookie": "s=1", "X-Request-Id": "mine", "Accept-Encoding": "gzip", "X-Secret": "", "Connection": ""} {
		if got := h.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if h.Method != http.MethodPut || h.Body != `{"title":"x"}` || h.Length != 13 || h.Host != "tasks.example" {
		t.Errorf("%+v", h)
	}
	if id := w.ask("GET", "/api/a", nil, "X-Request-ID: has a space").heard(t).Header.Get("X-Request-Id"); len(id) != 36 {
		t.Errorf("id %q", id)
	}
}

func TestWhatAClientClaimsOfItselfNeverGoesOn(t *testing.T) {
	claims := []string{"X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 7.7.7.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example", "Forwarded: for=6.6.6.6;host=evil.example", "X-Real-IP: 6.6.6.6", "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /x", "Host: tasks.example"}
	w := newWorld(t, echo("backend"), echo("sockets"), nil)
	for _, path := range []string{"/api/a/tasks", "/ws/a"} {
		h := w.ask("GET", path, nil, claims...).heard(t)
		if strings.Join(h.Header["X-Forwarded-For"], "|") != "127.0.0.1" || h.Header.Get("X-Forwarded-Proto") != "http" || h.Header.Get("X-Forwarded-Host") != "tasks.example" || h.Host != "tasks.example" ||
			h.Header.Get("Forwarded") != "" || h.Header.Get("X-Real-Ip") != "" || h.Header.Get("X-Forwarded-Port") != "" || h.Header.Get("X-Forwarded-Prefix") != "" {
			t.Errorf("%+v", h)
		}
	}
}

func TestWhatATrustedProxySaysGoesOn(t *testing.T) {
	w := newWorld(t, echo("backend"), echo("sockets"), func(o *gateway.Options) { o.Asked = trusting })
	h := w.ask("GET", "/api/a/tasks", nil, "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: tasks.example").heard(t)
	if h.Header.Get("X-Forwarded-For") != "203.0.113.7" || h.Header.Get("X-Forwarded-Proto") != "https" || h.Host != "tasks.example" {
		t.Errorf("%+v", h)
	}
}

// refusing answers 403 to a host that is not known, as the accounts do.
func TestAWrongHostReachesTheServiceWhichRefusesIt(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "tasks.example" {
			w.WriteHeader(http.StatusForbidden)
		}
	}), echo("sockets"), nil)
	if a := w.ask("POST", "/api/auth/sign-in/email", nil, "Host: rebound.example"); a.status != 403 {
		t.Errorf("%d", a.status)
	}
	if a := w.ask("POST", "/api/auth/sign-in/email", nil, "Host: tasks.example"); a.status != 200 {
		t.Errorf("%d", a.status)
	}
}

func TestABodyOverTheLimitIsRefusedBeforeAServiceIsAsked(t *testing.T) {
	asked := make(chan string, 100)
	w := newWorld(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.RequestURI }), echo("sockets"), nil)
	for range 5 {
		for _, size := range []int{maxBody + 1, 1 << 20, 20 << 20} {
			body := bytes.Repeat([]byte("x"), size)
			w.problem(w.ask("POST", "/api/alice/tasks", bytes.NewReader(body)), 413, "larger than 65536 bytes")
			w.problem(w.ask("POST", "/api/alice/tasks", struct{ io.Reader }{bytes.NewReader(body)}), 413, "larger than 65536 bytes") // chunked
		}
	}
	a := w.ask("POST", "/api/auth/sign-in/email", bytes.NewReader(make([]byte, maxBody+1)))
	if a.status != 413 || strings.TrimSpace(a.body) != `{"message":"the body is larger than 65536 bytes","code":"PAYLOAD_TOO_LARGE"}` || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if len(asked) > 0 {
		t.Errorf("%s was asked", <-asked)
	}
	if a := w.ask("POST", "/api/alice/tasks", bytes.NewReader(make([]byte, maxBody))); a.status != 200 {
		t.Errorf("%d", a.status)
	}
}

func TestAChunkedBodyArrivesWholeAndAnExpectingClientIsToldToGoOn(t *testing.T) {
	w := newWorld(t, echo("backend"), echo("sockets"), nil)
	if h := w.ask("POST", "/api/a/tasks", struct{ io.Reader }{strings.NewReader("chunks")}).heard(t); h.Body != "chunks" || h.Length != 6 {
		t.Errorf("%+v", h)
	}
	c := w.dial()
	_, _ = io.WriteString(c, "POST /api/a/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
	if line, _ := c.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("%q", line)
	}
	_, _ = c.ReadString('\n')
	_, _ = io.WriteString(c, "body")
	got, err := http.ReadResponse(c.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(io.LimitReader(got.Body, got.ContentLength))
	if h := (answer{body: string(b)}).heard(t); h.Body != "body" || h.Header.Get("Expect") != "" {
		t.Errorf("%+v", h)
	}
}

func TestHeadersThatNoServiceWouldReadAreRefused(t *testing.T) {
	w := newWorld(t, echo("backend"), echo("sockets"), nil)
	w.problem(w.ask("GET", "/api/a", nil, "X-Large: "+strings.Repeat("x", 20<<10)), 431, "headers are too large")
	w.problem(w.ask("GET", "/api/a?"+strings.Repeat("x", 20<<10), nil), 431, "headers are too large")
	if a := w.ask("GET", "/api/a", nil, "Authorization: Bearer "+strings.Repeat("x", 8<<10)); a.status != 200 {
		t.Errorf("%d", a.status)
	}
	a, err := w.try("GET", "/api/a", nil, "X-Large: "+strings.Repeat("x", 1<<20))
	if err == nil && a.status != 431 { // the server may close while so much is sent
		t.Errorf("%d", a.status)
	}
	if a := w.ask("GET", "/health", nil); a.status != 200 {
		t.Errorf("afterwards: %d", a.status)
	}
}

func TestAServiceThatIsNotThereIsA502ThatOtherOriginsCanRead(t *testing.T) {
	w := newWorld(t, echo("backend"), echo("sockets"), func(o *gateway.Options) { o.Origins = []string{"https://app.example"} })
	w.backend.Close()
	began := time.Now()
	a := w.ask("GET", "/api/alice/tasks", nil, "Origin: https://app.example", "X-Request-ID: mine")
	w.problem(a, 502, "backend-api does not answer; try again")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	if a.header.Get("Retry-After") != "2" || a.header.Get("Access-Control-Allow-Origin") != "https://app.example" || a.header.Get("Access-Control-Allow-Credentials") != "true" || a.header.Get("Vary") != "Origin" || a.header.Get("X-Request-ID") != "mine" {
		t.Errorf("%v", a.header)
	}
	if a := w.ask("GET", "/api/alice/tasks", nil, "Origin: https://evil.example"); a.header.Get("Access-Control-Allow-Origin") != "" || a.status != 502 {
		t.Errorf("%v", a.header)
	}
	a = w.ask("GET", "/api/auth/ok", nil)
	if a.status != 502 || strings.TrimSpace(a.body) != `{"message":"backend-api does not answer; try again in 2 seconds","code":"BAD_GATEWAY"}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	if n := w.metric("tasktide_gateway_upstream_errors_total", "upstream", "backend-api", "reason", "unreachable"); n != 3 {
		t.Errorf("%v counted", n)
	}
	if a := w.ask("GET", "/", nil); a.status != 200 {
		t.Errorf("the page: %d", a.status)
	}
	if !strings.Contains(w.log.String(), "request_id=mine") {
		t.Errorf("not in the log: %s", w.log.String())
	}
}

func TestAServiceThatIsSilentIsA504(t *testing.T) {
	block := make(chan struct{})
	defer close(block)
	w := newWorld(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-block:
		case <-r.Context().Done():
		}
	}), echo("sockets"), func(o *gateway.Options) { o.AnswerWithin = 50 * time.Millisecond })
	w.problem(w.ask("GET", "/api/alice/tasks", nil), 504, "backend-api took too long to answer")
	if n := w.metric("tasktide_gateway_upstream_errors_total", "reason", "timeout"); n != 1 {
		t.Errorf("%v counted", n)
	}
}

func TestAServiceThatBreaksOffIsA502AndAWriteIsSentOnce(t *testing.T) {
	var requests counter
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/warm" {
			return
		}
		requests.add(r.Method)
		c, _, _ := http.NewResponseController(w).Hijack()
		_ = c.Close()
	}), echo("sockets"), nil)
	for _, method := range []string{"POST", "PATCH", "DELETE", "PUT"} {
		for _, body := range []io.Reader{nil, strings.NewReader("{}")} {
			w.ask("GET", "/api/warm", nil) // so that the connection is one that was used before
			w.problem(w.ask(method, "/api/alice/tasks", body, "Idempotency-Key: k", "X-Idempotency-Key: k"), 502, "does not answer")
		}
	}
	for method, n := range requests.all() {
		if n != 2 {
			t.Errorf("%s was sent %d times for 2 requests", method, n)
		}
	}
}

func TestRequestsWaitForAServiceThatRestarts(t *testing.T) {
	w := newWorld(t, echo("backend"), echo("sockets"), nil)
	at := strings.TrimPrefix(w.backend.URL, "http://")
	w.backend.Close()
	answers := make(chan answer)
	for _, method := range []string{"GET", "POST", "PATCH"} {
		go func() {
			a, err := w.try(method, "/api/a", strings.NewReader("{}"))
			if err != nil {
				t.Error(err)
			}
			answers <- a
		}()
	}
	time.Sleep(200 * time.Millisecond) // while it is down; nothing to wait for
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	again := &http.Server{Handler: echo("again")}
	go func() { _ = again.Serve(l) }()
	defer func() { _ = again.Close() }()
	for range 3 {
		if a := <-answers; a.status != 200 || a.heard(t).Name != "again" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
}

func TestAClientThatDoesNotWaitIsNoError(t *testing.T) {
	arrived, ended := make(chan struct{}), make(chan struct{})
	w := newWorld(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(ended)
	}), echo("sockets"), nil)
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/api/a", nil)
	go func() { <-arrived; cancel() }()
	if _, err := send(r); err == nil {
		t.Error("it was answered")
	}
	<-ended // the service is told
	w.eventually("counted as gone", func() bool {
		return w.metric("http_request_duration_seconds", "status", "499", "route", "backend-api") == 1
	})
	if n := w.metric("tasktide_gateway_upstream_errors_total"); n != 0 || w.log.String() != "" {
		t.Errorf("%v errors, log %q", n, w.log.String())
	}
}

func TestASlowBodyIsGivenUp(t *testing.T) {
	w := newWorld(t, echo("backend"), echo("sockets"), func(o *gateway.Options) { o.BodyWithin = 50 * time.Millisecond })
	c := w.dial()
	_, _ = io.WriteString(c, "POST /api/a/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\nhalf")
	got, err := http.ReadResponse(c.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(got.Body)
	w.problem(answer{got.StatusCode, got.Header, string(b)}, 408, "did not come")
}

func TestReadinessNamesWhatIsMissing(t *testing.T) {
	var down counter
	service := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/ready" || down.all()[name] > 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
	}
	w := newWorld(t, service("b"), service("s"), nil)
	if a := w.ask("GET", "/ready", nil); a.status != 200 || strings.TrimSpace(a.body) != `{"checks":{"backend-api":"ok","websocket-service":"ok"},"status":"ready"}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	down.add("s")
	w.problem(w.ask("GET", "/ready", nil), 503, "websocket-service not ready")
	w.backend.Close()
	w.problem(w.ask("GET", "/ready", nil), 503, "backend-api and websocket-service not ready")
	if a := w.ask("GET", "/health", nil); a.status != 200 || strings.TrimSpace(a.body) != `{"status":"ok"}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := w.ask("GET", "/metrics", nil); a.status != 200 || !strings.Contains(a.body, "tasktide_gateway_live_connections") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestMethodsThatClientsInventMakeOneSeries(t *testing.T) {
	w := newWorld(t, echo("backend"), echo("sockets"), nil)
	for _, method := range []string{"BREW", "PROPFIND", "X"} {
		w.ask(method, "/api/a", nil)
	}
	w.eventually("three of them", func() bool { return w.metric("http_request_duration_seconds", "method", "other") == 3 }) // it is counted after the answer
	if methods := []string{"BREW", "X"}; slices.ContainsFunc(methods, func(m string) bool { return w.metric("http_request_duration_seconds", "method", m) > 0 }) {
		t.Error("a series of its own")
	}
}
