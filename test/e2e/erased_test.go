package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// erased erases a user while the broker has events that audit-service, which is away, has not handled: when it is back
// they have no effect, and what the user writes later has.
func erased(t *testing.T, s *system) {
	u := newCrowd(t, s, s.transport+"-erased-", 1)[0].client
	create := func(n int) {
		t.Helper()
		for i := range n {
			status, body, err := u.once(t.Context(), "POST", u.path(""), object{"title": fmt.Sprint("task ", i), "priority": "low", "category": "home"}, "")
			must(t, err)
			if status != 201 {
				t.Fatalf("%d %s", status, body)
			}
		}
	}
	var audit []process
	for _, p := range s.processes {
		if p.name == "audit-service" {
			audit = append(audit, p)
		}
	}
	each(t, audit, func(p process) error { return p.Stop() })
	create(5)
	eventually(t, 60*time.Second, func() error { // they are with the broker
		n, err := count(t.Context(), s.db, "outbox")
		if err == nil && n > 0 {
			err = fmt.Errorf("%d events are not published", n)
		}
		return err
	})
	lag(t, s)
	out, err := s.command(t.Context(), "users", "erase", u.user, "--yes")
	must(t, err)
	contains(t, out, `"tasks":5`, `"events":5`, `"position":5`)
	each(t, audit, func(p process) error { return p.Start(t.Context()) })
	create(1)
	eventually(t, 60*time.Second, func() error {
		trail, err := u.audit(t.Context(), 10)
		if err == nil && len(trail) != 1 {
			err = fmt.Errorf("%d entries, want that of the later task", len(trail))
		}
		return err
	})
	quiet(t, s, nil)
	trail, err := u.audit(t.Context(), 10)
	must(t, err)
	tasks, err := u.tasks(t.Context())
	must(t, err)
	if len(trail) != 1 || len(tasks) != 1 {
		t.Errorf("%d entries and %d tasks", len(trail), len(tasks))
	}
	prints(t, s, "", "deadletters", "list", "--user", u.user)
}

// lag asks how far audit-service is behind, which is away and has five events to come.
func lag(t *testing.T, s *system) {
	t.Helper()
	token, err := s.command(t.Context(), "token", "--user", "root", "--scope", "operator")
	must(t, err)
	root := newClient(s.api, "root", strings.TrimSpace(token))
	status, body, err := root.read(t.Context(), "/api/operator/lag")
	must(t, err)
	o, err := decode(body)
	must(t, err)
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	for _, g := range o["groups"].([]any) {
		g := g.(map[string]any)
		if g["group"] == "audit-service" && g["topic"] == "task-created" {
			if behind, _ := g["behind"].(float64); o["source"] != "kafka" || behind < 5 {
				t.Errorf("%s", body)
			}
			return
		}
	}
	t.Errorf("audit-service is not in %s", body)
}
