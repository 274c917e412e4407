package e2e

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// quiet waits until everything is published, handled by every service and noted as done, and no reminder is to
// be sent soon.
func quiet(t *testing.T, s *system, crowd []*user) {
	t.Helper()
	applied := 0
	for _, u := range crowd {
		applied += len(u.log)
	}
	eventually(t, 90*time.Second, func() error { return errors.Join(s.busy(t.Context(), applied)...) })
}

// busy says what is still to be done.
func (s *system) busy(ctx context.Context, applied int) (errs []error) {
	number := func(what string) int {
		n, err := count(ctx, s.db, what)
		if err != nil {
			errs = append(errs, err)
		}
		return n
	}
	events := number("events")
	if events < applied {
		errs = append(errs, fmt.Errorf("%d writes were applied, there are %d events", applied, events))
	}
	for what, n := range map[string]int{
		"unpublished":          number("outbox"),
		"not audited":          number("events WHERE event_type <> 'reminder.due.v1'") - number("audit_logs"),
		"handled but not done": number(`dapr_state WHERE key LIKE '%processed-%' AND CAST(value AS text) NOT LIKE '%"done"%'`),
		"reminders not sent yet": number(fmt.Sprintf("tasks WHERE reminder_at <= '%s' AND NOT reminder_sent AND NOT completed",
			time.Now().UTC().Add(10*time.Minute).Format(timeFormat))),
	} {
		if n > 0 {
			errs = append(errs, fmt.Errorf("%d %s", n, what))
		}
	}
	letters := number("dead_letters")
	for service, of := range map[string]string{
		"audit-service": "event_type <> 'reminder.due.v1'", "recurring-service": "event_type = 'task.completed.v1'", "websocket-service": "true",
	} {
		done, err := s.handled(ctx, service)
		errs = append(errs, err)
		if open := number("events WHERE "+of) - done - letters; open > 0 {
			errs = append(errs, fmt.Errorf("%d not handled by %s", open, service))
		}
	}
	return errs
}

// handled is how many events a service has noted as done.
func (s *system) handled(ctx context.Context, service string) (int, error) {
	return count(ctx, s.db, `dapr_state WHERE key LIKE '%processed-%-`+service+`' AND CAST(value AS text) LIKE '%"done"%'`)
}

func count(ctx context.Context, db *sql.DB, from string) (n int, err error) {
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM "+from).Scan(&n)
	return n, err
}

// verify compares everything that can be seen with what the users remember.
func verify(t *testing.T, s *system, crowd []*user) {
	t.Helper()
	events, err := s.streams(t.Context(), "SELECT user_id, position, CAST(event_id AS text), event_type, subject, "+s.text("time")+", CAST(data AS text) FROM events ORDER BY user_id, position")
	must(t, err)
	trail, err := s.streams(t.Context(), "SELECT user_id, position, CAST(id AS text), 'task.' || event_type || '.v1', entity_id, '', '' FROM audit_logs ORDER BY user_id, position")
	must(t, err)
	var late, unreminded, occurrences, reminders int
	for _, u := range crowd {
		r, err := u.verify(t.Context(), events[u.user], trail[u.user])
		late, unreminded, occurrences, reminders = late+r.late, unreminded+r.unreminded, occurrences+r.occurrences, reminders+len(r.reminders)
		if err != nil {
			t.Errorf("%s: %v", u.user, err)
		}
	}
	t.Logf("%d occurrences and %d reminders; %d reminders were taken back after they were due; %d creates were applied after their client had looked for them in vain",
		occurrences, reminders, unreminded, late)
	for _, table := range []string{"outbox", "dead_letters"} {
		if n, err := count(t.Context(), s.db, table); err != nil || n > 0 {
			t.Errorf("%d rows in %s, %v", n, table, err)
		}
	}
	if out, err := s.command(t.Context(), "deadletters", "list"); err != nil || out != "" {
		t.Errorf("deadletters list printed %q, %v", out, err)
	}
	if s.brokers != nil {
		must(t, verifyTopics(t, s, events))
	}
}

// text is a time of the database as it goes over the wire.
func (s *system) text(column string) string {
	if s.transport == "memory" {
		return column
	}
	return "to_char(" + column + ` AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

func (s *system) streams(ctx context.Context, query string) (map[string][]row, error) {
	rows, err := s.db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[string][]row{}
	for rows.Next() {
		var user string
		var r row
		if err := rows.Scan(&user, &r.position, &r.id, &r.kind, &r.subject, &r.time, &r.data); err != nil {
			return nil, err
		}
		out[user] = append(out[user], r)
	}
	return out, rows.Err()
}

// verify compares one user's stream, trail, notifications and tasks.
func (u *user) verify(ctx context.Context, events, trail []row) (*replay, error) {
	r := newReplay(u)
	entries, err := u.audit(ctx, 17)
	if err != nil {
		return r, err
	}
	if len(entries) != len(trail) {
		return r, fmt.Errorf("%d entries are listed, the table has %d", len(entries), len(trail))
	}
	for _, e := range entries {
		plain(e)
	}
	seen := 0
	for i, e := range events {
		switch {
		case e.position != int64(i+1):
			return r, fmt.Errorf("the stream has position %d as its number %d", e.position, i+1)
		case e.kind == reminderDue:
			err = r.reminder(e)
		case seen == len(trail) || trail[seen] != row{position: e.position, id: e.id, kind: e.kind, subject: e.subject}:
			err = fmt.Errorf("the trail does not have the event %v", e)
		default:
			err = r.change(e, entries[seen])
			seen++
		}
		if err != nil {
			return r, err
		}
	}
	if seen != len(trail) {
		return r, fmt.Errorf("the trail has %d entries, %d of them of events", len(trail), seen)
	}
	all, err := u.list(ctx, "/api/"+u.user+"/notifications?limit=100")
	if err != nil {
		return r, err
	}
	return r, errors.Join(r.notified(all), r.finish(), u.verifyTasks(ctx, r.tasks))
}

// plain takes what REST does not show of a task out of an entry.
func plain(entry object) {
	data, _ := entry["data"].(map[string]any)
	for _, side := range []string{"old", "new"} {
		if task, ok := data[side].(map[string]any); ok {
			delete(task, "series_start")
			delete(task, "series_index")
		}
	}
}

func (u *user) verifyTasks(ctx context.Context, want map[string]object) error {
	all, err := u.client.tasks(ctx)
	if err != nil {
		return err
	}
	if len(all) != len(want) {
		return fmt.Errorf("%d tasks are listed, %d must be there", len(all), len(want))
	}
	for _, t := range all {
		w := want[t.text("id")]
		if w == nil {
			return fmt.Errorf("the task %v was deleted, or never created", t)
		}
		if err := same("task", w, t); err != nil {
			return err
		}
	}
	return nil
}

// topicOf is where an event of this kind is published: task-created for task.created.v1.
func topicOf(kind string) string {
	return strings.ReplaceAll(strings.TrimSuffix(kind, ".v1"), ".", "-")
}
