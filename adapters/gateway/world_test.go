package gateway_test

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/adapters/gateway"
)

const maxBody = 64 << 10

var script = "console.log('hello');" + strings.Repeat(" // a comment that compresses well", 200)

func built() fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"index.html": file(`<!doctype html><script type="module" nonce="__CSP_NONCE__" src="/assets/index-B1x.js"></script><meta property="csp-nonce" nonce="__CSP_NONCE__">` +
			"<!-- " + strings.Repeat("long enough to be compressed ", 60) + "-->"),
		"assets/index-B1x.js":   file(script),
		"assets/logo-C2y.png":   file("\x89PNG" + strings.Repeat("\x00\x01", 2000)),
		"assets/tiny-D3z.css":   file("p{}"),
		"sw.js":                 file("self.addEventListener('fetch', () => {})"),
		"manifest.webmanifest":  file(`{"name":"Tasktide"}`),
		".gitignore":            file("*"),
		"assets/.vite/manifest": file("{}"),
	}
}

// world is a gateway in front of handlers, over real connections.
type world struct {
	*testing.T
	url              string
	gateway          *gateway.Gateway
	server           *http.Server
	backend, sockets *httptest.Server
	registry         *prometheus.Registry
	log              *logged
}

// newWorld starts one; change may be nil.
func newWorld(t *testing.T, backend, sockets http.Handler, change func(*gateway.Options)) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, backend: httptest.NewServer(backend), sockets: httptest.NewServer(sockets), registry: prometheus.NewRegistry(), log: &logged{}}
	t.Cleanup(func() { w.backend.CloseClientConnections(); w.backend.Close() })
	t.Cleanup(func() { w.sockets.CloseClientConnections(); w.sockets.Close() })
	page, err := gateway.NewPage(built(), "")
	if err != nil {
		t.Fatal(err)
	}
	o := gateway.Options{
		Backend: address(t, w.backend.URL), Live: address(t, w.sockets.URL), Page: page, MaxBody: maxBody, Asked: peer,
		Metrics: w.registry, Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	if change != nil {
		change(&o)
	}
	w.gateway = gateway.New(o)
	w.server = w.gateway.Server()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.url = "http://" + l.Addr().String()
	go func() { _ = w.server.Serve(l) }()
	t.Cleanup(func() { _ = w.server.Close(); w.gateway.Close() })
	return w
}

func address(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// logged is a log that can be read while it is written.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// answer is one that was read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

// client follows no redirects, keeps no connections and unpacks nothing.
func client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}
}

// ask sends a request with headers "Name: value".
func (w *world) ask(method, path string, body io.Reader, headers ...string) answer {
	w.Helper()
	a, err := w.try(method, path, body, headers...)
	if err != nil {
		w.Fatal(err)
	}
	return a
}

func (w *world) try(method, path string, body io.Reader, headers ...string) (answer, error) {
	r, err := http.NewRequestWithContext(w.Context(), method, w.url+path, body)
	if err != nil {
		return answer{}, err
	}
	set(r, headers)
	return send(r)
}

func set(r *http.Request, headers []string) {
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Add(name, value)
	}
}

func send(r *http.Request) (answer, error) {
	got, err := client().Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = got.Body.Close() }()
	b, err := io.ReadAll(got.Body)
	return answer{got.StatusCode, got.Header, string(b)}, err
}

// problem checks that a is one, with the status and the words.
func (w *world) problem(a answer, status int, words string) {
	w.Helper()
	var p struct {
		Type, Title, Detail, RequestID string
		Status                         int
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		w.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	if a.status != status || p.Status != status || a.header.Get("Content-Type") != "application/problem+json" || p.Type != "about:blank" ||
		p.Title != http.StatusText(status) || !strings.Contains(p.Detail, words) || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-ID") {
		w.Errorf("want a problem %d with %q, got %d %v %s", status, words, a.status, a.header, a.body)
	}
}

// echo answers with what arrived.
func echo(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(heard{name, r.Method, r.RequestURI, r.Host, r.Header, string(body), r.ContentLength})
	})
}

type heard struct {
	Name, Method, URI, Host string
	Header                  http.Header
	Body                    string
	Length                  int64
}

func (a answer) heard(t *testing.T) (h heard) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &h); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return h
}

// raw is a connection on which a test says what it likes.
type raw struct {
	net.Conn
	*bufio.Reader
}

func (w *world) dial() raw {
	w.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return raw{c, bufio.NewReader(c)}
}

func (r raw) Read(p []byte) (int, error) { return r.Reader.Read(p) }

// eventually waits for a condition.
func (w *world) eventually(what string, ok func() bool) {
	w.Helper()
	for deadline := time.Now().Add(15 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("%s: not within 15 s", what)
		}
	}
}

// metric reads a sum over all series with the name.
func (w *world) metric(name string, labels ...string) (sum float64) {
	w.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
	series:
		for _, m := range f.GetMetric() {
			have := map[string]string{}
			for _, l := range m.GetLabel() {
				have[l.GetName()] = l.GetValue()
			}
			for i := 0; i < len(labels); i += 2 {
				if have[labels[i]] != labels[i+1] {
					continue series
				}
			}
			sum += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// trusting believes X-Forwarded-* of everybody, as one does who trusts the peer.
func trusting(r *http.Request) (client netip.Addr, scheme, host string) {
	client, _ = netip.ParseAddr(r.Header.Get("X-Forwarded-For"))
	return client, r.Header.Get("X-Forwarded-Proto"), r.Header.Get("X-Forwarded-Host")
}

// counter counts by name.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[name]++
}

func (c *counter) all() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.n)
}

// another is one more server.
func another(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// peer believes nobody.
func peer(r *http.Request) (client netip.Addr, scheme, host string) {
	p, _ := netip.ParseAddrPort(r.RemoteAddr)
	return p.Addr(), "http", r.Host
}
