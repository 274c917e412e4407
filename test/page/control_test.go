package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
)

// control does for the steps what a browser can't. Its main system is there from the start; steps that need a server to
// themselves start another one.
type control struct {
	testing.TB
	mode string
	url  string

	mu      sync.Mutex
	systems map[string]*system
}

// described is a system as the steps get it.
type described struct {
	ID       string `json:"id"`
	URL      string `json:"url"`
	FirstRun string `json:"firstRun"`
}

const mainSystem = "main"

func newControl(t testing.TB, mode string) *control {
	s, err := startMain(t, mode)
	if err != nil {
		t.Fatal(err)
	}
	c := &control{TB: t, mode: mode, systems: map[string]*system{mainSystem: s}}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /systems/{id}", c.get)
	routes.HandleFunc("POST /systems", c.start)
	routes.HandleFunc("POST /systems/{id}/down", c.act(func(s *system, _ *http.Request) (any, error) { return nil, s.down() }))
	routes.HandleFunc("POST /systems/{id}/up", c.act(func(s *system, r *http.Request) (any, error) { return nil, s.up(r.Context()) }))
	routes.HandleFunc("POST /systems/{id}/upgrade", c.act(func(s *system, r *http.Request) (any, error) { return nil, s.upgrade(r.Context()) }))
	routes.HandleFunc("POST /systems/{id}/refuse", c.act(refuse))
	routes.HandleFunc("POST /systems/{id}/tasktide", c.act(runTasktide))
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *control) find(id string) *system {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.systems[id]
}

func (c *control) get(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	s := c.find(id)
	if s == nil {
		http.NotFound(w, r)
		return
	}
	answer(w, described{ID: id, URL: s.url, FirstRun: s.firstRun}, nil)
}

// start starts one binary more, with the settings of the body.
func (c *control) start(w http.ResponseWriter, r *http.Request) {
	var env []string
	if err := json.NewDecoder(r.Body).Decode(&env); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s, err := startBinary(c.TB, env...)
	if err != nil {
		answer(w, nil, err)
		return
	}
	c.mu.Lock()
	id := strconv.Itoa(len(c.systems))
	c.systems[id] = s
	c.mu.Unlock()
	answer(w, described{ID: id, URL: s.url, FirstRun: s.firstRun}, nil)
}

func (c *control) act(do func(*system, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := c.find(r.PathValue("id"))
		if s == nil {
			http.NotFound(w, r)
			return
		}
		result, err := do(s, r)
		answer(w, result, err)
	}
}

// runTasktide runs the operator's command line beside the servers.
func runTasktide(s *system, r *http.Request) (any, error) {
	var call struct {
		Args  []string `json:"args"`
		Stdin string   `json:"stdin"`
	}
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
		return nil, fmt.Errorf("the call: %w", err)
	}
	return s.tasktide(r.Context(), call.Stdin, call.Args...)
}

// refuse has the database refuse something, or take it again.
func refuse(s *system, r *http.Request) (any, error) {
	var what refusal
	if err := json.NewDecoder(r.Body).Decode(&what); err != nil {
		return nil, fmt.Errorf("the call: %w", err)
	}
	return nil, s.refuse(r.Context(), what)
}

func answer(w http.ResponseWriter, result any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(result)
}
