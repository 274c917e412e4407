package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/gofiber/fiber/v2"
	"go.uber.org/goleak"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/realtime"
	"github.com/tasktide/tasktide/test/contract/schema"
)

// fasthttp's own goroutines end some seconds after their server.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// within is how long anything may take on a busy machine.
const within = 30 * time.Second

// stream is a user's stream that can be written.
type stream struct {
	*memory.Tasks
	mu sync.Mutex
	n  int
}

func (s *stream) commit(t testing.TB, user string) domain.Event {
	t.Helper()
	s.mu.Lock()
	s.n++
	n := s.n
	s.mu.Unlock()
	return s.store(t, schema.Sample(user, n))
}

// commitLarge is an event of 100 KB.
func (s *stream) commitLarge(t testing.TB, user string) domain.Event {
	t.Helper()
	e := schema.Sample(user, 1)
	e.Data = json.RawMessage(`{"task_id":"` + strings.Repeat("x", 100_000) + `"}`)
	return s.store(t, e)
}

func (s *stream) store(t testing.TB, e domain.Event) domain.Event {
	t.Helper()
	user := e.UserID
	position, err := s.Create(context.Background(), domain.Task{ID: e.ID, UserID: user}, e)
	if err != nil {
		t.Fatal(err)
	}
	e.Position = position
	return e
}

// world is an instance of the service behind a real port. Tokens are "user:NAME",
// "user:NAME for 3s" and "down"; the session cookie's value is the token.
type world struct {
	t      testing.TB
	stream *stream
	hub    *realtime.Hub
	server *Server
	log    *bytes.Buffer
	addr   string
}

type options struct {
	stream *stream
	limits realtime.Limits
	deps   func(*Deps)
}

func verify(_ context.Context, token string) (domain.Principal, error) {
	if token == "down" {
		return domain.Principal{}, domain.Unavailable("issuer", errors.New("connection refused"))
	}
	name, ok := strings.CutPrefix(token, "user:")
	if !ok {
		return domain.Principal{}, &domain.Error{Kind: domain.KindUnauthorized, Detail: "the token has expired; fetch a new one"}
	}
	life := time.Hour
	if user, d, ok := strings.Cut(name, " for "); ok {
		name = user
		life, _ = time.ParseDuration(d)
	}
	return domain.Principal{UserID: strings.Clone(name), Expires: time.Now().Add(life)}, nil
}

func exchange(_ context.Context, cookie string) (string, error) {
	_, token, _ := strings.Cut(cookie, "=")
	switch token {
	case "ended":
		return "", &domain.Error{Kind: domain.KindUnauthorized, Detail: "the session has ended"}
	case "unreachable":
		return "", domain.Unavailable("issuer", errors.New("connection refused"))
	}
	return strings.Clone(token), nil
}

func start(t testing.TB, o options) *world {
	t.Helper()
	if o.stream == nil {
		o.stream = &stream{Tasks: memory.NewTasks()}
	}
	w := &world{t: t, stream: o.stream, log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.hub = realtime.NewHub(w.stream, memory.Clock{}, log, o.limits)
	d := Deps{Hub: w.hub, Verify: verify, Exchange: exchange, Origins: []string{"https://app.example"}, Heartbeat: 25 * time.Second, Log: log}
	if o.deps != nil {
		o.deps(&d)
	}
	w.server = NewServer(d)
	app := fiber.New(fiber.Config{DisableStartupMessage: true, ReadBufferSize: 16 << 10, ErrorHandler: statuses})
	w.server.Mount(app)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = app.Listener(l) })
	all.Go(func() { _ = w.hub.Run(ctx) })
	t.Cleanup(func() {
		w.server.Stop()
		if err := app.ShutdownWithTimeout(within); err != nil {
			t.Error(err)
		}
		cancel()
		all.Wait()
		if strings.Contains(w.log.String(), "user:") {
			t.Errorf("a token is in the log:\n%s", w.log)
		}
		if n := w.hub.Stats().Connections; n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
	return w
}

// statuses stands for adapters/rest's mapping, which must not be imported here.
func statuses(c *fiber.Ctx, err error) error {
	var web *fiber.Error
	if errors.As(err, &web) {
		return c.SendStatus(web.Code)
	}
	return c.Status(map[domain.Kind]int{
		domain.KindUnauthorized: 401, domain.KindForbidden: 403, domain.KindMalformed: 400, domain.KindUnavailable: 503,
	}[domain.KindOf(err)]).SendString(detail(err))
}

// socket is a client, of a library that is not the server's.
type socket struct {
	*websocket.Conn
	t testing.TB
}

// dial opens path with headers "Name: value" and returns the status when it is refused.
func (w *world) dial(path string, headers ...string) (*socket, int) {
	w.t.Helper()
	h := http.Header{}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	c, answer, err := websocket.DefaultDialer.Dial("ws://"+w.addr+path, h)
	if err != nil {
		if answer == nil {
			w.t.Fatal(err)
		}
		return nil, answer.StatusCode
	}
	w.t.Cleanup(func() { _ = c.Close() })
	return &socket{c, w.t}, answer.StatusCode
}

// open is a connection of user that has read connected.
func (w *world) open(user string) *socket {
	w.t.Helper()
	s, status := w.dial("/ws/"+user, "Authorization: Bearer user:"+user)
	if s == nil {
		w.t.Fatalf("status %d", status)
	}
	if m := s.read(); m.Type != "connected" {
		w.t.Fatalf("the first message is %+v", m)
	}
	return s
}

type message struct {
	Type, Action, Epoch, Reason string
	Position                    int64
	ExpiresIn                   int `json:"expires_in"`
	Data                        json.RawMessage
}

// read is the next message, which must be as its schema says; a Type of digits is a close code.
func (s *socket) read() message {
	s.t.Helper()
	_ = s.SetReadDeadline(time.Now().Add(within))
	_, body, err := s.ReadMessage()
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		return message{Type: fmt.Sprint(closed.Code), Reason: closed.Text}
	}
	if err != nil {
		s.t.Fatalf("no message: %v", err)
	}
	return parse(s.t, body)
}

func parse(t testing.TB, body []byte) (m message) {
	t.Helper()
	if err := schema.FromServer(body); err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func (s *socket) say(text string) {
	s.t.Helper()
	if err := s.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

// want reads messages and compares their types, events by position.
func (s *socket) want(types ...string) {
	s.t.Helper()
	for _, want := range types {
		m := s.read()
		got := m.Type
		if m.Type == "task_update" {
			got = fmt.Sprint("event ", m.Position)
		}
		if got != want {
			s.t.Fatalf("got %s (%s), want %s", got, m.Reason, want)
		}
	}
}

func (w *world) news(e domain.Event) {
	w.t.Helper()
	if err := w.hub.Handle(context.Background(), e); err != nil {
		w.t.Error(err)
	}
}

// get answers a plain request.
func (w *world) get(path string, headers ...string) *http.Response {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+w.addr+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: within}
	answer, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = answer.Body.Close()
		client.CloseIdleConnections()
	})
	return answer
}

func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

// raw opens a WebSocket by hand, to break its rules.
func (w *world) raw(user string) net.Conn {
	w.t.Helper()
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	_, _ = fmt.Fprintf(c, "GET /ws/%s HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer user:%s\r\n\r\n", user, user)
	_ = c.SetReadDeadline(time.Now().Add(within))
	var head []byte
	for one := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, one...) {
		if _, err := io.ReadFull(c, one); err != nil {
			w.t.Fatalf("%v after %q", err, head)
		}
	}
	if !bytes.Contains(head, []byte("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) { // the RFC's own example
		w.t.Fatalf("the answer is %q", head)
	}
	return c
}
