package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/core/audit"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/core/users"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/contract/openapi"
	"github.com/tasktide/tasktide/test/contract/schema"
)

// ticking gives every reading a microsecond of its own, so that order is certain.
type ticking struct {
	mu sync.Mutex
	at time.Time
}

func (c *ticking) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Microsecond)
	return c.at
}

func (*ticking) Wait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// world is an app on memory stores behind a real HTTP server. Tokens are
// "user:<id>", or "operator:<id>" with that scope; "down" finds the issuer down, everything else is bad.
type world struct {
	t      testing.TB
	tasks  *memory.Tasks
	audit  *memory.Audit
	log    *bytes.Buffer
	notes  *memory.Reminders
	odd    bool // the store fails in ways in which a real one can't: answers need not be described
	client *http.Client
}

func verify(_ context.Context, token string) (domain.Principal, error) {
	if user, ok := strings.CutPrefix(token, "user:"); ok {
		return domain.Principal{UserID: strings.Clone(user)}, nil
	}
	if user, ok := strings.CutPrefix(token, "operator:"); ok {
		return domain.Principal{UserID: strings.Clone(user), Scope: "tasks operator"}, nil
	}
	if token == "down" {
		return domain.Principal{}, domain.Unavailable("issuer", errors.New("connection refused"))
	}
	return domain.Principal{}, &domain.Error{Kind: domain.KindUnauthorized, Detail: "the token has expired; fetch a new one"}
}

func newWorld(t testing.TB, change ...func(*rest.Deps)) *world {
	t.Helper()
	w := &world{t: t, tasks: memory.NewTasks(), audit: memory.NewAudit(), log: &bytes.Buffer{}}
	d := w.deps(w.tasks)
	for _, c := range change {
		c(&d)
	}
	w.serve(rest.New(d))
	t.Cleanup(w.checkEvents)
	return w
}

// checkEvents holds every event that requests have made against its schema.
func (w *world) checkEvents() {
	for _, user := range []string{"u1", "u2"} {
		events, _, err := w.tasks.After(context.Background(), user, 0, 100_000)
		if err != nil {
			w.t.Error(err)
		}
		for _, e := range events {
			if err := schema.Event(e); err != nil {
				w.t.Error(err)
			}
		}
	}
}

func (w *world) deps(store ports.TaskStore) rest.Deps {
	clock := &ticking{at: time.Date(2026, 2, 4, 10, 0, 0, 0, time.UTC)}
	w.notes = memory.NewReminders(w.tasks, clock)
	service := tasks.New(store, clock, tasks.NewIDs())
	return rest.Deps{
		Tasks: service, Once: tasks.NewOnce(service, w.tasks), Audit: audit.NewReader(w.audit), Verify: verify,
		Users:   users.New(users.Deps{Counts: w.tasks, Streams: w.tasks, Preferences: memory.NewPreferences(), Clock: clock}),
		Metrics: prometheus.NewRegistry(), Log: slog.New(slog.NewTextHandler(w.log, nil)),
		Origins: []string{"https://app.example"}, Notifications: reminders.NewNotifications(w.notes),
	}
}

func (w *world) serve(app *fiber.App) {
	listener := fasthttputil.NewInmemoryListener()
	done := make(chan error, 1)
	go func() { done <- app.Listener(listener) }()
	w.client = &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return listener.Dial()
		}},
	}
	w.t.Cleanup(func() {
		w.client.CloseIdleConnections()
		if err := app.Shutdown(); err != nil {
			w.t.Error(err)
		}
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (w *world) request(method, path, body string, headers ...string) (*http.Request, error) {
	r, err := http.NewRequest(method, "http://api.example"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer user:u1")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if r.Header.Del(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	return r, nil
}

// call makes a request as user u1; headers are "Name: value".
func (w *world) call(method, path, body string, headers ...string) answer {
	w.t.Helper()
	r, err := w.request(method, path, body, headers...)
	if err != nil {
		w.t.Fatal(err)
	}
	response, err := w.client.Do(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if !w.odd {
		w.described(r, body, response, b)
	}
	return answer{response.StatusCode, response.Header, b}
}

var checker = sync.OnceValues(func() (*openapi.Checker, error) {
	document, err := rest.OpenAPI()
	if err != nil {
		return nil, err
	}
	return openapi.New(document)
})

// described fails for an exchange that is not as the OpenAPI document has it.
func (w *world) described(r *http.Request, body string, response *http.Response, answer []byte) {
	w.t.Helper()
	c, err := checker()
	if err != nil {
		w.t.Fatalf("the document is not valid: %v", err)
	}
	if err := c.Check(r, []byte(body), response.StatusCode, response.Header, answer); err != nil {
		w.t.Error(err)
	}
}

func (a answer) object(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return m
}

func (a answer) list(t testing.TB) []map[string]any {
	t.Helper()
	var m []map[string]any
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return m
}

// titles joins the titles of a list.
func (a answer) titles(t testing.TB) string {
	t.Helper()
	var all []string
	for _, m := range a.list(t) {
		title, _ := m["title"].(string)
		all = append(all, title)
	}
	return strings.Join(all, " ")
}

// problem checks that a is a problem of that status, complete and discreet, and
// returns the fields in its errors.
func (a answer) problem(t testing.TB, status int) string {
	t.Helper()
	if a.status != status || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s %s, want a problem of %d", a.status, a.header.Get("Content-Type"), a.body, status)
		return ""
	}
	var p struct {
		Type, Title, Detail, RequestID string
		Status                         int
		Errors                         []struct{ Field, Message string }
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Errorf("%s: %v", a.body, err)
	}
	if p.Status != status || p.Type == "" || p.Title == "" || p.Detail == "" || p.RequestID != a.header.Get("X-Request-ID") {
		t.Errorf("an incomplete problem: %s", a.body)
	}
	for _, inside := range []string{".go", "goroutine", "panic", "runtime"} {
		if strings.Contains(string(a.body), inside) {
			t.Errorf("the problem shows what is inside: %s", a.body)
		}
	}
	var fields []string
	for _, f := range p.Errors {
		if f.Message == "" {
			t.Errorf("no message for %q", f.Field)
		}
		fields = append(fields, f.Field)
	}
	return strings.Join(fields, " ")
}

const tasksPath = "/api/u1/tasks"

// create makes a task and returns its id and path.
func (w *world) create(body string) (id, path string) {
	w.t.Helper()
	a := w.call("POST", tasksPath, body)
	if a.status != 201 {
		w.t.Fatalf("%d %s", a.status, a.body)
	}
	id, _ = a.object(w.t)["id"].(string)
	return id, tasksPath + "/" + id
}

const milk = `{"title":"Milk","priority":"high","category":"home"}`

// broken is a store in which everything fails with one error.
type broken struct{ err error }

func (b broken) Create(context.Context, domain.Task, domain.Event) (int64, error) { return 0, b.err }

func (b broken) Get(context.Context, string, uuid.UUID) (domain.Task, error) {
	if b.err == nil {
		panic("a defect")
	}
	return domain.Task{}, b.err
}

func (b broken) List(context.Context, string, domain.TaskQuery) (domain.TaskList, error) {
	return domain.TaskList{}, b.err
}

func (b broken) Update(context.Context, domain.Task, domain.Event) (int64, error) { return 0, b.err }

func (b broken) Delete(context.Context, string, uuid.UUID, int64, domain.Event) (int64, error) {
	return 0, b.err
}
