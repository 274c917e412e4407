package e2e

import (
	"encoding/base64"
	"fmt"
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

// malformed puts records on a topic that are no events, with a good event of the same key behind them.
func malformed(t *testing.T, s *system) {
	u := newCrowd(t, s, s.transport+"-victim-", 1)[0]
	must(t, produce(s.brokers, "task-created", u.user, []byte(garbage)))
	must(t, produce(s.brokers, "task-created", u.user, nil)) // a tombstone
	must(t, u.create(t.Context()))
	letters := waitLetters(t, s, 2, "--group", "audit-service", "--topic", "task-created")
	for _, l := range letters {
		contains(t, l.line, "malformed", "task-created", "audit-service", "attempts=1")
	}
	id := ""
	for _, l := range letters {
		o := showLetter(t, s, l.id)
		if o.text("body_base64") == base64.StdEncoding.EncodeToString([]byte(garbage)) {
			id = l.id
			if o["reason"] != "malformed" || o["key"] != u.user || o["group"] != "audit-service" {
				t.Errorf("shown is %v", o)
			}
		}
	}
	if id == "" {
		t.Fatalf("no letter has the bytes that were sent")
	}
	eventually(t, 10*time.Second, func() error {
		trail, err := u.audit(t.Context(), 10)
		if err == nil && len(trail) != 1 {
			err = fmt.Errorf("%d entries, want the event behind the malformed ones", len(trail))
		}
		return err
	})
	prints(t, s, "1\n", "deadletters", "redrive", id)
	eventually(t, 15*time.Second, func() error { // it can't get better: the same letter, with one attempt more
		o := showLetter(t, s, id)
		if o["attempts"] != 2.0 || o["redrive_at"] != nil {
			return fmt.Errorf("shown is %v", o)
		}
		return nil
	})
	prints(t, s, "1\n", "deadletters", "discard", id)
	for _, args := range [][]string{{"show", id}, {"discard", id}, {"redrive", id}, {"discard"}, {"redrive"}, {"discard", id, "--all"}} {
		if out, err := s.command(t.Context(), append([]string{"deadletters"}, args...)...); err == nil {
			t.Errorf("deadletters %v must fail, printed %q", args, out)
		}
	}
	prints(t, s, "1\n", "deadletters", "discard", "--all", "--topic", "task-created")
	prints(t, s, "", "deadletters", "list")
}

// failing makes the database refuse two entries, one for good (a data error) and one with an error that may pass, among
// entries of others; the cause is removed, and the letters are redriven.
func failing(t *testing.T, s *system) {
	ctx := t.Context()
	for _, q := range []string{
		`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF NEW.data->>'title' LIKE 'refused for good%' THEN RAISE EXCEPTION 'no such value' USING ERRCODE = '22023'; END IF;
			IF NEW.data->>'title' LIKE 'refused for now%' THEN RAISE EXCEPTION 'not now'; END IF;
			RETURN NEW; END $$`,
		`CREATE TRIGGER refuse BEFORE INSERT ON audit_logs FOR EACH ROW WHEN (NEW.event_type = 'created') EXECUTE FUNCTION refuse()`,
	} {
		_, err := s.db.ExecContext(ctx, q)
		must(t, err)
	}
	crowd := newCrowd(t, s, s.transport+"-operator-", 10)
	poison(t, crowd[0], "refused for good")
	poison(t, crowd[1], "refused for now")
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
	_, err := s.db.ExecContext(ctx, "DROP FUNCTION refuse CASCADE")
	must(t, err)
	prints(t, s, "2\n", "deadletters", "redrive", "--all", "--group", "audit-service", "--since", "10m")
	eventually(t, 15*time.Second, func() error {
		if out, err := s.command(ctx, "deadletters", "list"); err != nil || out != "" {
			return fmt.Errorf("still there: %s %w", out, err)
		}
		return nil
	})
	quiet(t, s, crowd)
	verify(t, s, crowd)
}

// poison makes one task with a title that the database refuses in the trail.
func poison(t *testing.T, u *user, title string) {
	t.Helper()
	status, body, err := u.once(t.Context(), "POST", u.path(""), object{"title": title, "priority": "low", "category": "home"}, "")
	must(t, err)
	task, err := decode(body)
	must(t, err)
	if status != 201 {
		t.Fatalf("%d %v", status, task)
	}
	u.keep(write{event: "created", after: task, answered: true})
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
