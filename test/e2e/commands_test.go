package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestOperatorsCommandsBesideARunningServer(t *testing.T) {
	t.Parallel()
	s := startSingle(t)
	crowd := newCrowd(t, s, "commands-", 2)
	u, v := crowd[0].client, crowd[1].client
	for _, c := range []*client{u, u, v} {
		status, body, err := c.once(t.Context(), "POST", c.path(""), object{"title": "secret of " + c.user, "priority": "low", "category": "home"}, "")
		must(t, err)
		if status != 201 {
			t.Fatalf("%d %s", status, body)
		}
	}
	quiet(t, s, nil)
	t.Run("streams show prints events from a position", func(t *testing.T) {
		out, err := s.command(t.Context(), "streams", "show", u.user, "--from", "2")
		must(t, err)
		o, err := decode([]byte(out))
		must(t, err)
		if o["position"] != 2.0 || o["event_type"] != "task.created.v1" || strings.Count(out, "\n") != 1 {
			t.Errorf("%s", out)
		}
	})
	t.Run("outbox status counts", func(t *testing.T) {
		prints(t, s, "0 pending\n", "outbox", "status")
		_, err := s.db.ExecContext(t.Context(), "INSERT INTO outbox (user_id, position, publisher, shard, topic) VALUES (?, 1, 'nobody', 7, 'task-created')", u.user)
		must(t, err)
		out, err := s.command(t.Context(), "outbox", "status", "--json")
		must(t, err)
		if o, err := decode([]byte(out)); err != nil || o["publisher"] != "nobody" || o["shard"] != 7.0 || o["pending"] != 1.0 {
			t.Errorf("%s %v", out, err)
		}
		_, err = s.db.ExecContext(t.Context(), "DELETE FROM outbox WHERE publisher = 'nobody'")
		must(t, err)
	})
	t.Run("dead letters are counted before they are changed", func(t *testing.T) { dryRun(t, s) })
	t.Run("users export and erase", func(t *testing.T) { exportAndErase(t, s, u, v) })
	t.Run("bad arguments are clear errors", func(t *testing.T) {
		for args, says := range map[string]string{
			"streams show":                          "accepts 1 arg",
			"streams show a/b":                      "is no user",
			"streams show u --from 0":               "begin at 1",
			"streams show u --limit -1":             "1 to",
			"users erase " + v.user:                 "--yes",
			"users erase":                           "accepts 1 arg",
			"users export a?b":                      "is no user",
			"deadletters list --topic nothing":      "choose one of",
			"deadletters list --since yesterday":    "a time like",
			"deadletters list --limit -1":           "from 0 on",
			"deadletters redrive --dry-run":         "--all",
			"deadletters discard nothing --dry-run": "no dead letter",
			"outbox status extra":                   "unknown command",
		} {
			out, stderr, err := tasktide(t.Context(), s.dir, s.env, strings.Fields(args)...)
			if err == nil || !strings.Contains(stderr, says) || out != "" {
				t.Errorf("%s: %v, printed %q and %q", args, err, out, stderr)
			}
		}
	})
}

func dryRun(t *testing.T, s *system) {
	for i := range 3 {
		_, err := s.db.ExecContext(t.Context(), `INSERT INTO dead_letters (user_id, id, event_id, event_type, topic, group_name, record_key, body, reason, error, attempts,
first_failed, last_failed, traceparent) VALUES (?, ?, '', '', 'task-created', 'nobody', x'', x'7b7d', 'malformed', 'broken', 1, ?, ?, '')`,
			fmt.Sprint("u", i), fmt.Sprint("letter", i), fmt.Sprintf("2026-01-0%dT00:00:00.000000Z", i+1), fmt.Sprintf("2026-01-0%dT00:00:00.000000Z", i+1))
		must(t, err)
	}
	prints(t, s, "3\n", "deadletters", "discard", "--all", "--group", "nobody", "--dry-run")
	prints(t, s, "2\n", "deadletters", "discard", "--all", "--group", "nobody", "--since", "2026-01-01T12:00:00Z", "--dry-run")
	prints(t, s, "1\n", "deadletters", "discard", "--all", "--group", "nobody", "--until", "2026-01-02", "--dry-run")
	prints(t, s, "1\n", "deadletters", "discard", "letter1", "--dry-run")
	prints(t, s, "{\"count\":2,\"dry_run\":true}\n", "deadletters", "redrive", "--all", "--limit", "2", "--json", "--dry-run")
	out, err := s.command(t.Context(), "deadletters", "list", "--json", "--limit", "1")
	must(t, err)
	if o, err := decode([]byte(out)); err != nil || o["id"] != "letter2" || o["redrive_at"] != nil || o["body"] != nil {
		t.Errorf("%s %v", out, err)
	}
	if out, err := s.command(t.Context(), "deadletters", "list", "--limit", "0"); err != nil || strings.Count(out, "\n") != 3 {
		t.Errorf("a limit of 0 is all: %v %s", err, out)
	}
	prints(t, s, "{\"count\":3,\"dry_run\":false}\n", "deadletters", "discard", "--all", "--group", "nobody", "--json")
	prints(t, s, "", "deadletters", "list")
}

func exportAndErase(t *testing.T, s *system, u, v *client) {
	out, err := s.command(t.Context(), "users", "export", u.user)
	must(t, err)
	var got struct{ Tasks, Events, Audit []object }
	must(t, json.Unmarshal([]byte(out), &got))
	if len(got.Tasks) != 2 || len(got.Events) != 2 || len(got.Audit) != 2 || strings.Contains(out, "secret of "+v.user) {
		t.Errorf("exported %s", out)
	}
	out, err = s.command(t.Context(), "users", "erase", u.user, "--yes")
	must(t, err)
	if o, err := decode([]byte(out)); err != nil || o["tasks"] != 2.0 || o["events"] != 2.0 || o["audit_entries"] != 2.0 || o["position"] != 2.0 {
		t.Errorf("%s %v", out, err)
	}
	for _, c := range []*client{u, v} {
		tasks, err := c.tasks(t.Context())
		must(t, err)
		trail, err := c.audit(t.Context(), 10)
		must(t, err)
		if want := map[*client]int{u: 0, v: 1}[c]; len(tasks) != want || len(trail) != want {
			t.Errorf("%s has %d tasks and %d entries, want %d", c.user, len(tasks), len(trail), want)
		}
	}
}

// Each request is repeated with its key until it is answered, while the process is killed again and again.
func TestRequestsWithAKeyCreateOneTaskThoughTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	s := startSingle(t)
	single := s.processes[0]
	c := newCrowd(t, s, "keys-", 1)[0].client
	const n = 600
	var mu sync.Mutex
	answers, repeated := map[string]string{}, 0
	var clients sync.WaitGroup
	titles := make(chan string)
	for range 16 {
		clients.Go(func() {
			for title := range titles {
				body, tries, err := insist(t, c, title)
				if err != nil {
					t.Error(err)
					continue
				}
				mu.Lock()
				answers[title] = body
				repeated += tries - 1
				mu.Unlock()
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range n {
			titles <- fmt.Sprint("task ", i)
		}
		close(titles)
		clients.Wait()
	}()
	for kills := 0; ; kills++ {
		select {
		case <-done:
			t.Logf("%d kills, %d requests repeated", kills, repeated)
			checkOnce(t, c, answers, n)
			return
		case <-time.After(300 * time.Millisecond):
			if kills < 6 {
				must(t, single.Kill())
				must(t, single.Start(t.Context()))
			}
		}
	}
}

func insist(t *testing.T, c *client, title string) (string, int, error) {
	own := newClient(c.base, c.user, c.token)
	payload, err := json.Marshal(object{"title": title, "priority": "low", "category": "other"})
	if err != nil {
		return "", 0, err
	}
	for try := 1; try < 2000; try++ {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, own.base+own.path(""), bytes.NewReader(payload))
		if err != nil {
			return "", try, err
		}
		r.Header.Set("Authorization", "Bearer "+own.token)
		r.Header.Set("Idempotency-Key", title)
		answer, err := own.http.Do(r)
		if err == nil {
			var b []byte
			b, err = io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err == nil && answer.StatusCode == http.StatusCreated {
				return string(b), try, nil
			}
			if err == nil && answer.StatusCode < 500 {
				return "", try, fmt.Errorf("%d %s", answer.StatusCode, b)
			}
		}
		time.Sleep(30 * time.Millisecond)
	}
	return "", 0, fmt.Errorf("%s was never answered", title)
}

func checkOnce(t *testing.T, c *client, answers map[string]string, n int) {
	t.Helper()
	tasks, err := c.tasks(t.Context())
	must(t, err)
	if len(tasks) != n || len(answers) != n {
		t.Errorf("%d tasks and %d answers for %d keys", len(tasks), len(answers), n)
	}
	for _, x := range tasks {
		answered, err := decode([]byte(answers[x.text("title")]))
		if err != nil || answered.text("id") != x.text("id") {
			t.Errorf("%v was answered as %v, %v", x, answered, err)
		}
	}
}
