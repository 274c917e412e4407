package identity

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/identity"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	core "github.com/tasktide/tasktide/core/identity"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/cluster"
)

// cheap is a cost for tests.
var cheap = core.HashCost{MemoryKiB: 64, Iterations: 1, AtOnce: 4}

// postgres is an empty, migrated database of a server of the test's own.
func postgres(t *testing.T, name string) (db *sqlstore.DB, address string) {
	t.Helper()
	server := cluster.StartPostgres(t, cluster.PostgresOptions{Fast: true})
	for _, n := range []string{name, "ours"} {
		if err := server.CreateDatabase(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	return open(t, server.URL("ours")), server.URL(name)
}

func open(t *testing.T, address string) *sqlstore.DB {
	t.Helper()
	db, err := sqlstore.Open(sqlstore.Config{URL: address, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := sqlstore.Migrate(t.Context(), db, sqlstore.Up); err != nil {
		t.Fatal(err)
	}
	return db
}

// settings are one server's.
type settings struct {
	publicURL string // "": its own address
	origins   []string
	closed    bool
	limited   bool
	clock     ports.Clock // nil: the system's
}

// server is ours, listening.
type server struct {
	url      string
	store    *sqlstore.Identity
	admin    *core.Admin
	tokens   *identity.Tokens
	exchange func(context.Context, string) (string, error)
	app      *fiber.App
}

// serve starts ours on db. X-Test-Address says who asks.
func serve(t *testing.T, db *sqlstore.DB, s settings, more ...func(*fiber.App, *server)) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	out := &server{url: "http://" + l.Addr().String(), store: sqlstore.NewIdentity(db)}
	if s.publicURL == "" {
		s.publicURL = out.url
	}
	if s.clock == nil {
		s.clock = memory.Clock{}
	}
	service := core.New(core.Deps{Accounts: out.store, Sessions: out.store, Eraser: sqlstore.NewUsers(db), Clock: s.clock, Cost: cheap, Open: !s.closed})
	out.admin = core.NewAdmin(service, out.store)
	out.tokens = identity.NewTokens(core.NewKeys(out.store, s.clock, ""), s.publicURL, s.clock)
	d := identity.Deps{
		Service: service, Tokens: out.tokens, PublicURL: s.publicURL, Origins: s.origins, Log: slog.New(slog.DiscardHandler),
		ClientAddress: func(c *fiber.Ctx) netip.Addr {
			return netip.MustParseAddr(strings.Clone(c.Get("X-Test-Address", "192.0.2.99")))
		},
	}
	if s.limited {
		d.Limiter = core.NewLimiter(s.clock)
	}
	out.exchange = identity.Exchange(d)
	config := rest.Config(d.Log)
	problem := config.ErrorHandler
	config.ErrorHandler = func(c *fiber.Ctx, err error) error {
		if identity.TooLarge(c) {
			return nil
		}
		return problem(c, err)
	}
	out.app = fiber.New(config)
	out.app.Use(rest.Around(d.Log, nil, 0))
	out.app.Use(rest.CORS(s.origins))
	identity.Mount(out.app, d)
	for _, f := range more {
		f(out.app, out)
	}
	go func() { _ = out.app.Listener(l) }()
	t.Cleanup(func() { _ = out.app.ShutdownWithTimeout(5 * time.Second) })
	return out
}

// sqlite is an empty database in a file.
func sqlite(t *testing.T) *sqlstore.DB {
	t.Helper()
	return open(t, "sqlite:"+t.TempDir()+"/tasktide.db")
}

// browser keeps cookies and names its origin, as a page of the server does.
type browser struct {
	t       *testing.T
	s       *server
	headers map[string]string
	cookies map[string]string
}

func (s *server) browser(t *testing.T) *browser {
	return &browser{t: t, s: s, headers: map[string]string{"Origin": s.url, "Content-Type": "application/json"}, cookies: map[string]string{}}
}

// thief is another browser with the same cookies.
func (b *browser) thief() *browser {
	out := b.s.browser(b.t)
	for k, v := range b.cookies {
		out.cookies[k] = v
	}
	return out
}

// response is what came back.
type response struct {
	status int
	body   string
	header http.Header
}

func (b *browser) send(method, path, body string) response {
	b.t.Helper()
	r, err := b.try(method, path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *browser) try(method, path, body string) (response, error) {
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.s.url+path, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	for k, v := range b.headers {
		if k == "Host" {
			request.Host = v
		}
		request.Header.Set(k, v)
	}
	for k, v := range b.cookies {
		request.Header.Add("Cookie", k+"="+v)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return response{}, err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	for _, c := range answer.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return response{answer.StatusCode, string(raw), answer.Header}, err
}

func (b *browser) post(path, body string) response {
	b.t.Helper()
	return b.send(http.MethodPost, "/api/auth"+path, body)
}

func (b *browser) get(path string) response {
	b.t.Helper()
	return b.send(http.MethodGet, "/api/auth"+path, "")
}

// wants checks a status and a part of the body.
func (r response) wants(t *testing.T, what string, status int, part string) response {
	t.Helper()
	if r.status != status || !strings.Contains(r.body, part) {
		t.Errorf("%s: %d %s, want %d with %s", what, r.status, r.body, status, part)
	}
	return r
}

const password = "correct horse battery"

func credentials(email, password string) string {
	return fmt.Sprintf(`{"name":"N","email":%q,"password":%q}`, email, password)
}

// signUp is a browser of somebody new.
func (s *server) signUp(t *testing.T, email string) *browser {
	t.Helper()
	b := s.browser(t)
	b.post("/sign-up/email", credentials(email, password)).wants(t, "sign-up", 200, `"user"`)
	return b
}
