package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNewcomersProcessKilledUnderLoadKeepsEveryAnsweredTask(t *testing.T) {
	t.Parallel()
	s := startSingle(t)
	single := s.processes[0]
	c := newCrowd(t, s, "newcomer-", 1)[0].client
	made := &creates{}
	done := make(chan struct{})
	go func() { defer close(done); made.make(t.Context(), c, 1000) }()
	for made.count() < 400 {
		time.Sleep(time.Millisecond)
	}
	must(t, single.Kill())
	time.Sleep(300 * time.Millisecond)
	must(t, single.Start(t.Context()))
	<-done
	made.verify(t, s, c)
	t.Logf("%d creates answered, %d not", len(made.answered), len(made.open))
}

func TestSIGTERMUnderLoadEndsInTimeAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := startSingle(t)
	single := s.processes[0]
	c := newCrowd(t, s, "leaver-", 1)[0].client
	made := &creates{}
	done := make(chan struct{})
	go func() { defer close(done); made.make(t.Context(), c, 1000) }()
	for made.count() < 300 {
		time.Sleep(time.Millisecond)
	}
	process, began := single.Process(), time.Now()
	must(t, single.Stop())
	if err := process.Wait(t.Context()); err != nil {
		t.Errorf("it ended with %v", err)
	}
	took := time.Since(began)
	if took > 10*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	must(t, single.Start(t.Context()))
	<-done
	made.verify(t, s, c)
	t.Logf("stopped in %s; %d creates answered, %d not", took.Round(time.Millisecond), len(made.answered), len(made.open))
}

func TestSIGTERMWithIdleClientsEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := startSingle(t)
	single := s.processes[0]
	c := newCrowd(t, s, "idler-", 1)[0].client
	_, err := c.tasks(t.Context()) // its connection stays open
	must(t, err)
	for range 5 { // as a browser opens them ahead
		ahead, err := net.Dial("tcp", strings.TrimPrefix(s.api, "http://"))
		must(t, err)
		defer ahead.Close()
	}
	process, began := single.Process(), time.Now()
	must(t, single.Stop())
	if err, took := process.Wait(t.Context()), time.Since(began); err != nil || took > 10*time.Second { // with any of them it was 25
		t.Errorf("it ended with %v after %s", err, took)
	}
}

// creates is what became of concurrent creates of one user.
type creates struct {
	mu       sync.Mutex
	answered map[string]string // task id by title
	open     map[string]bool   // titles without an answer
	wrong    []error
}

func (m *creates) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.answered)
}

// make sends n creates from 16 clients, each title once.
func (m *creates) make(ctx context.Context, c *client, n int) {
	m.answered, m.open = map[string]string{}, map[string]bool{}
	titles := make(chan string)
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			own := newClient(c.base, c.user, c.token)
			for title := range titles {
				status, body, err := own.once(ctx, "POST", own.path(""), object{"title": title, "priority": "low", "category": "home"}, "")
				m.note(title, status, body, err)
				if lost(status, err) {
					time.Sleep(50 * time.Millisecond)
				}
			}
		})
	}
	for i := range n {
		titles <- fmt.Sprintf("create %d", i)
	}
	close(titles)
	clients.Wait()
}

func (m *creates) note(title string, status int, body []byte, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if lost(status, err) {
		m.open[title] = true
		return
	}
	t, err := decode(body)
	if status != 201 || err != nil {
		m.wrong = append(m.wrong, fmt.Errorf("POST answered %d %s", status, body))
		return
	}
	m.answered[title] = t.text("id")
}

// verify compares tasks and trail with the answers.
func (m *creates) verify(t *testing.T, s *system, c *client) {
	t.Helper()
	must(t, errors.Join(m.wrong...))
	tasks, err := c.tasks(t.Context())
	must(t, err)
	there := map[string]string{}
	for _, x := range tasks {
		title := x.text("title")
		if there[title] != "" || m.answered[title] != x.text("id") && !m.open[title] {
			t.Errorf("%q is there twice or was never answered with this id: %v", title, x)
		}
		there[title] = x.text("id")
	}
	for title, id := range m.answered {
		if there[title] != id {
			t.Errorf("%q was answered and is not there", title)
		}
	}
	quiet(t, s, nil) // pages of a trail that grows overlap
	trail, err := c.audit(t.Context(), 500)
	must(t, err)
	seen := map[string]bool{}
	for _, e := range trail {
		if id := e.text("entityId"); seen[id] || e["eventType"] != "created" {
			t.Errorf("unexpected entry %v", e)
		} else {
			seen[id] = true
		}
	}
	if len(trail) != len(tasks) {
		t.Errorf("%d entries for %d tasks", len(trail), len(tasks))
	}
	rows, err := s.streams(t.Context(), "SELECT user_id, position, CAST(id AS text), event_type, entity_id, '', '' FROM audit_logs ORDER BY user_id, position")
	must(t, err)
	for i, r := range rows[c.user] {
		if r.position != int64(i+1) {
			t.Fatalf("entry %d has the position %d", i+1, r.position)
		}
	}
	if out, err := s.command(t.Context(), "deadletters", "list"); err != nil || strings.TrimSpace(out) != "" {
		t.Errorf("deadletters list printed %q, %v", out, err)
	}
}
