package proxies

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

const (
	name   = "tasks.example.org"
	within = 30 * time.Second // anything, on a busy machine
)

//nolint:gochecknoglobals // set by TestMain before any test runs
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "proxies-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		programs = dir
		err = cluster.BuildApps(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// site is Tasktide behind a proxy.
type site struct {
	url     string // what people type
	address string // where the proxy listens
	plain   string // where it listens for http
	roots   *x509.CertPool
	service *cluster.Service
	proxy   *cluster.Server
}

// proxied starts Tasktide, then the proxy that start makes for it.
func proxied(t *testing.T, start func(*testing.T, *site, string, [2]int)) *site {
	t.Helper()
	dir := t.TempDir()
	ports, err := cluster.FreePorts(2)
	must(t, err)
	s := &site{
		url: "https://" + net.JoinHostPort(name, strconv.Itoa(ports[0])), address: "127.0.0.1:" + strconv.Itoa(ports[0]),
		plain: "127.0.0.1:" + strconv.Itoa(ports[1]), roots: x509.NewCertPool(),
	}
	s.service, err = cluster.NewService(t.Context(), cluster.ServiceOptions{
		Name: "tasktide", Bin: programs, Dir: dir, Args: []string{"serve"},
		// Not the word loopback: the clients of these tests are on loopback, too.
		Env: []string{"DATA_DIR=" + filepath.Join(dir, "data"), "PUBLIC_URL=" + s.url, "SIGN_UP=open", "TRUSTED_PROXIES=127.0.0.1"},
	})
	must(t, err)
	t.Cleanup(func() {
		if p := s.service.Process(); t.Failed() && p != nil {
			t.Logf("end of the log of tasktide:\n%s", p.Tail(3000))
		}
		must(t, s.service.Kill())
	})
	start(t, s, dir, [2]int(ports))
	return s
}

// ready says that the proxy answers for the service.
func (s *site) ready(ctx context.Context) error {
	c := s.client("127.0.0.1")
	defer c.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/health", nil)
	if err != nil {
		return err
	}
	answer, err := c.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET /health: %s", answer.Status)
	}
	return nil
}

// client is a browser's side of HTTP at an address of loopback.
func (s *site) client(from string) *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{
		TLSClientConfig: s.tls(), ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx, from, s.address) },
	}}
}

func (s *site) tls() *tls.Config {
	return &tls.Config{RootCAs: s.roots, ServerName: name, MinVersion: tls.VersionTLS12}
}

func (*site) dial(ctx context.Context, from, to string) (net.Conn, error) {
	return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext(ctx, "tcp", to)
}

// browser is a page of the site, and its visitor.
type browser struct {
	*http.Client
	t  *testing.T
	s  *site
	id string // of its user, once there is one
}

func (s *site) browser(t *testing.T, from string) *browser {
	c := s.client(from)
	t.Cleanup(c.CloseIdleConnections)
	return &browser{Client: c, t: t, s: s}
}

// send makes a request with headers "Name: value".
func (b *browser) send(method, path, body string, headers ...string) (*http.Response, []byte) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), within)
	defer cancel()
	answer, err := b.Do(b.request(ctx, method, path, body, headers...))
	must(b.t, err)
	defer func() { _ = answer.Body.Close() }()
	out, err := io.ReadAll(answer.Body)
	must(b.t, err)
	return answer, out
}

func (b *browser) request(ctx context.Context, method, path, body string, headers ...string) *http.Request {
	b.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, b.s.url+path, strings.NewReader(body))
	must(b.t, err)
	r.Header.Set("Origin", b.s.url)
	r.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	return r
}

// get decodes what must be a 200.
func (b *browser) get(path string, v any) {
	b.t.Helper()
	answer, body := b.send("GET", path, "")
	if answer.StatusCode != http.StatusOK {
		b.t.Fatalf("GET %s: %s %s", path, answer.Status, body)
	}
	must(b.t, json.Unmarshal(body, v))
}

const password = "correct horse battery"

func (b *browser) signUp(email string) *http.Response {
	b.t.Helper()
	answer, body := b.send("POST", "/api/auth/sign-up/email", fmt.Sprintf(`{"name":"Ann","email":%q,"password":%q}`, email, password), "X-Forwarded-For: 198.51.100.66")
	var out struct{ User struct{ ID string } }
	if err := json.Unmarshal(body, &out); answer.StatusCode != http.StatusOK || err != nil {
		b.t.Fatalf("sign-up: %s %s", answer.Status, body)
	}
	b.id = out.User.ID
	return answer
}

func (b *browser) bearer() string {
	b.t.Helper()
	var out struct{ Token string }
	b.get("/api/auth/token", &out)
	return "Authorization: Bearer " + out.Token
}

func (b *browser) create(bearer, title string) {
	b.t.Helper()
	answer, body := b.send("POST", "/api/"+b.id+"/tasks", fmt.Sprintf(`{"title":%q,"priority":"low","category":"home"}`, title), bearer)
	if answer.StatusCode != http.StatusCreated {
		b.t.Fatalf("create: %s %s", answer.Status, body)
	}
}

// rewritten copies a file of deploy with its addresses replaced; each must be there.
func rewritten(t *testing.T, from, to string, replace ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../deploy", from))
	must(t, err)
	for i := 0; i < len(replace); i += 2 {
		if !bytes.Contains(text, []byte(replace[i])) {
			t.Fatalf("deploy/%s has no %q", from, replace[i])
		}
		text = bytes.ReplaceAll(text, []byte(replace[i]), []byte(replace[i+1]))
	}
	must(t, os.WriteFile(to, text, 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
