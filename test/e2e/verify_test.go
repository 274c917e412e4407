package e2e

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// quiet waits until everything is published, audited and noted as done.
func quiet(t *testing.T, s *system, crowd []*user) {
	t.Helper()
	applied := 0
	for _, u := range crowd {
		applied += len(u.log)
	}
	eventually(t, 60*time.Second, func() error {
		pending, err1 := count(t.Context(), s.db, "outbox")
		events, err2 := count(t.Context(), s.db, "events")
		entries, err3 := count(t.Context(), s.db, "audit_logs")
		started, err4 := count(t.Context(), s.db, `dapr_state WHERE key LIKE '%processed-%' AND CAST(value AS text) NOT LIKE '%"done"%'`)
		if pending > 0 || events < applied || entries < events || started > 0 {
			err1 = errors.Join(err1, fmt.Errorf("%d writes were applied; %d events, %d of them unpublished, %d audited, %d handled but not done", applied, events, pending, entries, started))
		}
		return errors.Join(err1, err2, err3, err4)
	})
}

func count(ctx context.Context, db *sql.DB, from string) (n int, err error) {
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM "+from).Scan(&n)
	return n, err
}

// verify compares everything that can be seen with what the users remember.
func verify(t *testing.T, s *system, crowd []*user) {
	t.Helper()
	events, err := streams(t.Context(), s.db, "SELECT user_id, position, CAST(event_id AS text), event_type, subject FROM events ORDER BY user_id, position")
	must(t, err)
	trail, err := streams(t.Context(), s.db, "SELECT user_id, position, CAST(id AS text), 'task.' || event_type || '.v1', entity_id FROM audit_logs ORDER BY user_id, position")
	must(t, err)
	late := 0
	for _, u := range crowd {
		n, err := u.verify(t.Context(), events[u.user], trail[u.user])
		late += n
		if err != nil {
			t.Errorf("%s: %v", u.user, err)
		}
	}
	if late > 0 {
		t.Logf("%d creates were applied after their client had looked for them in vain", late)
	}
	for _, table := range []string{"outbox", "dead_letters"} {
		if n, err := count(t.Context(), s.db, table); err != nil || n > 0 {
			t.Errorf("%d rows in %s, %v", n, table, err)
		}
	}
	if out, err := s.command(t.Context(), "deadletters", "list"); err != nil || out != "" {
		t.Errorf("deadletters list printed %q, %v", out, err)
	}
	if s.brokers != nil {
		must(t, verifyTopics(t, s.brokers, events))
	}
}

// row is one event in a table.
type row struct {
	position          int64
	id, kind, subject string
}

func streams(ctx context.Context, db *sql.DB, query string) (map[string][]row, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[string][]row{}
	for rows.Next() {
		var user string
		var r row
		if err := rows.Scan(&user, &r.position, &r.id, &r.kind, &r.subject); err != nil {
			return nil, err
		}
		out[user] = append(out[user], r)
	}
	return out, rows.Err()
}

// verify compares one user's stream, trail and tasks. It returns how many creates turned up late.
func (u *user) verify(ctx context.Context, events, trail []row) (late int, err error) {
	entries, err := u.audit(ctx, 17)
	if err != nil {
		return 0, err
	}
	late = u.insertLate(entries)
	for i, e := range events {
		if e.position != int64(i+1) {
			return late, fmt.Errorf("the stream has position %d as its number %d", e.position, i+1)
		}
	}
	if !slices.Equal(events, trail) {
		return late, fmt.Errorf("the audit table has other rows than the stream:\n%v\n%v", trail, events)
	}
	if len(entries) != len(u.log) || len(events) != len(u.log) {
		return late, fmt.Errorf("%d writes were applied; the stream has %d events, the trail %d entries", len(u.log), len(events), len(entries))
	}
	for i, w := range u.log {
		got, want := entries[i], w.entry()
		if got.text("id") != events[i].id {
			return late, fmt.Errorf("entry %d has the id %s, the event at this position %s", i+1, got.text("id"), events[i].id)
		}
		want["id"] = events[i].id
		if want["timestamp"] == nil { // deleted: nobody was told the time
			want["timestamp"] = got["timestamp"]
		}
		if err := same(fmt.Sprintf("entry %d (answered: %v)", i+1, w.answered), want, got); err != nil {
			return late, err
		}
	}
	return late, u.verifyTasks(ctx)
}

// insertLate takes creates that turned up after all into the log, where the trail has them.
func (u *user) insertLate(entries []object) int {
	late := 0
	for i, e := range entries {
		data, _ := e["data"].(map[string]any)
		title, _ := data["title"].(string)
		if e["eventType"] != "created" || !u.unseen[title] {
			continue
		}
		delete(u.unseen, title)
		late++
		all, _ := u.client.tasks(context.Background())
		for _, t := range all {
			if t.text("title") == title {
				u.tasks[t.text("id")] = t
				u.log = slices.Insert(u.log, min(i, len(u.log)), write{event: "created", after: t})
			}
		}
	}
	return late
}

func (u *user) verifyTasks(ctx context.Context) error {
	status, body, err := u.read(ctx, u.path(""))
	if err != nil || status != 200 {
		return fmt.Errorf("list: %d %w", status, err)
	}
	_ = body
	all, err := u.client.tasks(ctx)
	if err != nil {
		return err
	}
	if len(all) != len(u.tasks) {
		return fmt.Errorf("%d tasks are listed, %d must be there", len(all), len(u.tasks))
	}
	for _, t := range all {
		want := u.tasks[t.text("id")]
		if want == nil {
			return fmt.Errorf("the task %v was deleted, or never created", t)
		}
		if err := same("task", want, t); err != nil {
			return err
		}
	}
	return nil
}

// topicOf is where an event of this kind is published: task-created for task.created.v1.
func topicOf(kind string) string {
	return strings.ReplaceAll(strings.TrimSuffix(kind, ".v1"), ".", "-")
}
