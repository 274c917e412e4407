package dropin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
	"github.com/tasktide/tasktide/test/contract/openapi"
)

// programs is the folder of our binaries, built once.
//
//nolint:gochecknoglobals // set by TestMain before any test runs
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "dropin-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		programs = filepath.Join(dir, "bin")
		build := exec.CommandContext(context.Background(), "go", "build", "-o", programs+"/", "./apps/tasktide")
		build.Dir, build.Stderr = filepath.Join("..", ".."), os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// system is the one binary, and the server where its users sign in.
type system struct {
	*issuer
	base  string
	check *openapi.Checker
}

func start(t *testing.T) *system {
	t.Helper()
	i := newIssuer(t)
	service, err := cluster.NewService(t.Context(), cluster.ServiceOptions{
		Name: "tasktide", Args: []string{"serve"}, Bin: programs, Dir: t.TempDir(), Env: []string{"DATA_DIR=" + t.TempDir(), "BETTER_AUTH_URL=" + i.URL, "ENVIRONMENT=development"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := service.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := &system{issuer: i, base: service.URL()}
	document := s.client(t, "reader").call("GET", "/openapi.json", nil)
	if s.check, err = openapi.New(document.body); err != nil {
		t.Fatal(err)
	}
	return s
}

// client is what the replaced system's page has: an address, a user and a token.
type client struct {
	t     *testing.T
	s     *system
	user  string
	token string
}

func (s *system) client(t *testing.T, user string) *client {
	return &client{t: t, s: s, user: user, token: s.token(t, user, time.Hour)}
}

type response struct {
	status int
	header http.Header
	body   []byte
}

type object = map[string]any

// call sends a request as a page does; path "/api/…" or "tasks…" of the own user.
func (c *client) call(method, path string, body any) response {
	c.t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/api/" + c.user + "/" + path
	}
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			c.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.s.base+path, bytes.NewReader(raw))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.s.check != nil {
		if err := c.s.check.Check(r, raw, a.StatusCode, a.Header, b); err != nil {
			c.t.Error(err)
		}
	}
	return response{a.StatusCode, a.Header, b}
}

// want fails unless the answer has the status, and returns its object.
func (c *client) want(status int, method, path string, body any) object {
	c.t.Helper()
	a := c.call(method, path, body)
	if a.status != status {
		c.t.Fatalf("%s %s: %d %s, want %d", method, path, a.status, a.body, status)
	}
	if len(a.body) == 0 {
		return nil
	}
	var o object
	if err := json.Unmarshal(a.body, &o); err != nil {
		c.t.Fatalf("%s %s: %s: %v", method, path, a.body, err)
	}
	return o
}

func (c *client) list(path string) []object {
	c.t.Helper()
	a := c.call("GET", path, nil)
	var l []object
	if err := json.Unmarshal(a.body, &l); err != nil || a.status != 200 {
		c.t.Fatalf("GET %s: %d %s", path, a.status, a.body)
	}
	return l
}

func (c *client) create(body object) object {
	c.t.Helper()
	return c.want(201, "POST", "tasks", body)
}

func (c *client) titles(path string) string {
	c.t.Helper()
	var all []string
	for _, o := range c.list(path) {
		all = append(all, o["title"].(string))
	}
	return strings.Join(all, " ")
}

// eventually asks until it holds: what other services do comes a moment later.
func eventually(t *testing.T, what string, holds func() error) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := holds()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

var errNotYet = errors.New("not yet")

var moment = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)

// hasFields fails unless o has exactly those fields.
func hasFields(t *testing.T, o object, names string) {
	t.Helper()
	var got []string
	for name := range o {
		got = append(got, name)
	}
	want := strings.Fields(names)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the fields are %v, want %v", got, want)
	}
}
