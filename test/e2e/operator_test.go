package e2e

import (
	"encoding/base64"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

// operate lets an operator meet dead letters on the running cluster, and leaves none behind.
func operate(t *testing.T, s *system) {
	t.Helper()
	t.Run("an operator sees and discards a malformed record", func(t *testing.T) { malformed(t, s) })
	t.Run("an operator redrives what failed once its cause is gone", func(t *testing.T) { failing(t, s) })
}

const garbage = "this is no JSON \x00\xff"

// groups are who consumes which topic.
func groups(topic string) []string {
	return map[string][]string{
		"task-created":   {"audit-service", "websocket-service"},
		"task-completed": {"audit-service", "recurring-service", "websocket-service"},
		"reminder-due":   {"websocket-service"},
	}[topic]
}

// malformed puts records on topics that are no events, with good events of the same key behind them.
func malformed(t *testing.T, s *system) {
	u := newCrowd(t, s, s.transport+"-victim-", 1)[0]
	must(t, produce(s.brokers, "task-created", u.user, []byte(garbage)))
	must(t, produce(s.brokers, "task-created", u.user, nil)) // a tombstone
	must(t, produce(s.brokers, "task-completed", u.user, []byte(garbage)))
	must(t, produce(s.brokers, "reminder-due", u.user, []byte(garbage)))
	devices := watch(t, s, []*user{u})
	defer devices.stop()
	goodEvents(t, u)
	all := 0
	for topic, n := range map[string]int{"task-created": 2, "task-completed": 1, "reminder-due": 1} {
		for _, group := range groups(topic) {
			all += n
			letters := waitLetters(t, s, n, "--group", group, "--topic", topic)
			for _, l := range letters {
				contains(t, l.line, "malformed", topic, group, "attempts=1")
			}
			handle(t, s, letters, group, topic, u.user)
		}
	}
	quiet(t, s, []*user{u})
	devices.compare(t, s)
	one := waitLetters(t, s, all)[0].id
	prints(t, s, "1\n", "deadletters", "discard", one)
	for _, args := range [][]string{{"show", one}, {"discard", one}, {"redrive", one}, {"discard"}, {"redrive"}, {"discard", one, "--all"}} {
		if out, err := s.command(t.Context(), append([]string{"deadletters"}, args...)...); err == nil {
			t.Errorf("deadletters %v must fail, printed %q", args, out)
		}
	}
	discarded := 0
	for _, topic := range []string{"task-created", "task-completed", "reminder-due"} {
		out, err := s.command(t.Context(), "deadletters", "discard", "--all", "--topic", topic)
		must(t, err)
		n, err := strconv.Atoi(strings.TrimSpace(out))
		must(t, err)
		discarded += n
	}
	if discarded != all-1 {
		t.Errorf("%d letters were discarded, there were %d", discarded, all-1)
	}
	prints(t, s, "", "deadletters", "list")
}

// goodEvents must pass what can't be read: a task that recurs is created, reminded of and completed.
func goodEvents(t *testing.T, u *user) {
	t.Helper()
	asked := u.fields()
	maps.Copy(asked, recurring[0])
	asked["reminderAt"] = time.Now().UTC().Add(-time.Second).Format(timeFormat)
	must(t, u.createWith(t.Context(), asked))
	first := u.ids[0]
	eventually(t, 30*time.Second, func() error {
		now, err := u.task(t.Context(), first)
		if err == nil && now["reminderSent"] != true {
			err = fmt.Errorf("no reminder yet of %v", now)
		}
		u.tasks[first] = now
		return err
	})
	must(t, u.toggle(t.Context(), u.tasks[first]))
}

// handle looks at one letter of a group and hands it back: it can't get better, so it is the same letter again, with one
// attempt more for each instance of the service.
func handle(t *testing.T, s *system, letters []letter, group, topic, user string) {
	t.Helper()
	for _, l := range letters {
		o := showLetter(t, s, l.id)
		if o.text("body_base64") != base64.StdEncoding.EncodeToString([]byte(garbage)) {
			continue
		}
		if o["reason"] != "malformed" || o["key"] != user || o["group"] != group {
			t.Errorf("shown is %v", o)
		}
		prints(t, s, "1\n", "deadletters", "redrive", l.id)
		eventually(t, 15*time.Second, func() error {
			o := showLetter(t, s, l.id)
			if o["attempts"] == 1.0 || o["redrive_at"] != nil {
				return fmt.Errorf("shown is %v", o)
			}
			return nil
		})
		return
	}
	t.Errorf("no letter of %s on %s has the bytes that were sent", group, topic)
}

// failing makes the database refuse two entries, one for good (a data error) and one with an error that may pass, and a
// next occurrence, among those of others; the cause is removed, and the letters are redriven.
func failing(t *testing.T, s *system) {
	ctx := t.Context()
	for _, q := range []string{
		`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF NEW.data->>'title' LIKE 'refused for good%' THEN RAISE EXCEPTION 'no such value' USING ERRCODE = '22023'; END IF;
			IF NEW.data->>'title' LIKE 'refused for now%' THEN RAISE EXCEPTION 'not now'; END IF;
			RETURN NEW; END $$`,
		`CREATE TRIGGER refuse BEFORE INSERT ON audit_logs FOR EACH ROW WHEN (NEW.event_type = 'created') EXECUTE FUNCTION refuse()`,
		`CREATE FUNCTION refuse_next() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			RAISE EXCEPTION 'no next one' USING ERRCODE = '22023'; END $$`,
		`CREATE TRIGGER refuse_next BEFORE INSERT ON tasks FOR EACH ROW
			WHEN (NEW.previous_task_id IS NOT NULL AND NEW.title LIKE 'no next one%') EXECUTE FUNCTION refuse_next()`,
	} {
		_, err := s.db.ExecContext(ctx, q)
		must(t, err)
	}
	crowd := newCrowd(t, s, s.transport+"-operator-", 10)
	poison(t, crowd[0], "refused for good")
	poison(t, crowd[1], "refused for now")
	must(t, crowd[2].toggle(ctx, poison(t, crowd[2], "no next one")))
	var all sync.WaitGroup
	for _, u := range crowd {
		all.Go(func() {
			for range 10 {
				if err := u.write(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	good := waitLetters(t, s, 1, "--user", crowd[0].user)[0]
	contains(t, good.line, "permanent", "attempts=1", "user="+crowd[0].user)
	now := waitLetters(t, s, 1, "--user", crowd[1].user)[0]
	contains(t, now.line, "exhausted", "attempts=8", "not now")
	if o := showLetter(t, s, good.id); o["body"] == nil || o["event_type"] != "task.created.v1" || o["user_id"] != crowd[0].user {
		t.Errorf("shown is %v", o)
	}

	prints(t, s, "1\n", "deadletters", "redrive", "--all", "--error", "no such value") // too early
	eventually(t, 15*time.Second, func() error {
		if o := showLetter(t, s, good.id); o["attempts"] != 2.0 || o["redrive_at"] != nil {
			return fmt.Errorf("shown is %v", o)
		}
		return nil
	})
	next := waitLetters(t, s, 1, "--user", crowd[2].user)[0]
	contains(t, next.line, "permanent", "recurring-service", "task-completed", "no next one")
	_, err := s.db.ExecContext(ctx, "DROP FUNCTION refuse, refuse_next CASCADE")
	must(t, err)
	prints(t, s, "2\n", "deadletters", "redrive", "--all", "--group", "audit-service", "--since", "10m")
	prints(t, s, "1\n", "deadletters", "redrive", "--all", "--user", crowd[2].user)
	eventually(t, 15*time.Second, func() error {
		if out, err := s.command(ctx, "deadletters", "list"); err != nil || out != "" {
			return fmt.Errorf("still there: %s %w", out, err)
		}
		return nil
	})
	quiet(t, s, crowd)
	verify(t, s, crowd)
}

// poison makes one task with a title that the database refuses, which is not among those that its user goes on with.
func poison(t *testing.T, u *user, title string) object {
	t.Helper()
	status, body, err := u.once(t.Context(), "POST", u.path(""), object{
		"title": title, "priority": "low", "category": "home", "recurringRule": "daily", "dueDate": "2031-01-02T03:04:05.000006Z",
	}, "")
	must(t, err)
	task, err := decode(body)
	must(t, err)
	if status != 201 {
		t.Fatalf("%d %v", status, task)
	}
	u.keep(write{event: "created", after: task, answered: true})
	return task
}

type letter struct{ id, line string }

// waitLetters waits until as many are listed.
func waitLetters(t *testing.T, s *system, n int, filter ...string) []letter {
	t.Helper()
	var out []letter
	eventually(t, 60*time.Second, func() error {
		text, err := s.command(t.Context(), append([]string{"deadletters", "list"}, filter...)...)
		out = nil
		for line := range strings.Lines(text) {
			id, _, _ := strings.Cut(line, " ")
			out = append(out, letter{id: id, line: line})
		}
		if err == nil && len(out) != n {
			err = fmt.Errorf("%d letters, want %d:\n%s", len(out), n, text)
		}
		return err
	})
	return out
}

func showLetter(t *testing.T, s *system, id string) object {
	t.Helper()
	out, err := s.command(t.Context(), "deadletters", "show", id)
	must(t, err)
	o, err := decode([]byte(out))
	must(t, err)
	return o
}

func prints(t *testing.T, s *system, want string, args ...string) {
	t.Helper()
	if out, err := s.command(t.Context(), args...); err != nil || out != want {
		t.Errorf("tasktide %s printed %q, %v; want %q", strings.Join(args, " "), out, err, want)
	}
}

// produce puts a record on the partition of the key, as a foreign producer does.
func produce(brokers []string, topic, key string, body []byte) error {
	config := sarama.NewConfig()
	config.Version = sarama.V3_6_0_0
	config.Producer.Return.Successes = true
	p, err := sarama.NewSyncProducer(brokers, config)
	if err != nil {
		return err
	}
	defer func() { _ = p.Close() }()
	m := &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder(key)}
	if body != nil {
		m.Value = sarama.ByteEncoder(body)
	}
	_, _, err = p.SendMessage(m)
	return err
}
