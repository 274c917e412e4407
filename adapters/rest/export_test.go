package rest_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/audit"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
	"github.com/tasktide/tasktide/core/users"
)

// audited makes the trail of what is in a user's stream.
func audited(t testing.TB, db *sqlstore.DB, user string) {
	t.Helper()
	events, _, err := sqlstore.NewStreams(db).After(t.Context(), user, 0, 10_000)
	recorder := audit.NewRecorder(sqlstore.NewAudit(db))
	for _, e := range events {
		err = errors.Join(err, recorder.Handle(t.Context(), e))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnExportHasEverythingOfTheUserAndNothingOfOthers(t *testing.T) {
	t.Parallel()
	w, db := newStored(t)
	const n = 450 // three pages
	ids := map[string]bool{}
	for i := range n {
		id, path := w.create(fmt.Sprintf(`{"title":"Task %d","priority":"high","category":"home"}`, i))
		ids[id] = true
		if i%100 == 0 {
			w.call("PATCH", path+"/complete", "")
		}
	}
	w.call("POST", "/api/u2/tasks", strings.Replace(milk, "Milk", "a secret", 1), other)
	w.call("PUT", "/api/u1/preferences", `{"theme":"dark"}`)
	w.call("POST", tasksPath, `{"title":"Once","priority":"high","category":"home"}`, "Idempotency-Key: my key")
	audited(t, db, "u1")
	audited(t, db, "u2")
	for _, user := range []string{"u1", "u2"} {
		if err := sqlstore.NewDeadLetters(db).Keep(t.Context(), domain.DeadLetter{
			ID: "letter of " + user, UserID: user, Topic: domain.TaskCreated, Group: "g", Body: []byte("my text"), Reason: domain.ReasonExhausted,
			FirstFailed: time.Now(), LastFailed: time.Now(),
		}); err != nil {
			t.Fatal(err)
		}
	}
	store := sqlstore.NewReminders(db)
	const told = 105 // two pages
	for i := range told {
		w.create(fmt.Sprintf(`{"title":"Due %d","priority":"high","category":"home","reminderAt":"2026-01-01"}`, i))
	}
	due, err := store.Due(t.Context(), 200)
	if err != nil || len(due.Due) != told {
		t.Fatalf("%d due, %v", len(due.Due), err)
	}
	for _, r := range due.Due {
		if _, err := store.Send(t.Context(), r, reminders.Compose(&r, due.Now, reminders.NewIDs())); err != nil {
			t.Fatal(err)
		}
	}
	a := w.call("GET", "/api/u1/export", "")
	if a.status != 200 || a.header.Get("Content-Disposition") != `attachment; filename="tasktide-export.json"` || strings.Contains(string(a.body), "secret") {
		t.Errorf("%d %v", a.status, a.header)
	}
	var got struct {
		UserID, ExportedAt string
		Preferences        map[string]any
		Tasks              []map[string]any
		Events, Audit      []struct{ Position int }
		Notifications      []map[string]any
		StreamPosition     string
		KeptAnswers        []struct{ IdempotencyKey, Answer string }
		DeadLetters        []struct{ ID, Body string }
	}
	if err := json.Unmarshal(a.body, &got); err != nil {
		t.Fatalf("%v: %.300s", err, a.body)
	}
	if got.UserID != "u1" || got.ExportedAt == "" || got.Preferences["theme"] != "dark" || len(got.Tasks) != n+1+told || len(got.Events) != n+6+2*told ||
		len(got.Audit) != n+6 || len(got.Notifications) != told {
		t.Errorf("%s %v: %d tasks, %d events, %d entries, %d notifications", got.UserID, got.Preferences, len(got.Tasks), len(got.Events), len(got.Audit), len(got.Notifications))
	}
	if !strings.HasSuffix(got.StreamPosition, fmt.Sprint(":", len(got.Events))) || len(got.KeptAnswers) != 1 || got.KeptAnswers[0].IdempotencyKey != "my key" ||
		!strings.Contains(got.KeptAnswers[0].Answer, `"title":"Once"`) || len(got.DeadLetters) != 1 || got.DeadLetters[0].ID != "letter of u1" ||
		got.DeadLetters[0].Body != base64.StdEncoding.EncodeToString([]byte("my text")) {
		t.Errorf("at %s: %v %v", got.StreamPosition, got.KeptAnswers, got.DeadLetters)
	}
	for _, x := range got.Tasks {
		id, _ := x["id"].(string)
		if title := x["title"].(string); title == "Once" || strings.HasPrefix(title, "Due") {
			continue
		}
		if !ids[id] {
			t.Errorf("%s is there twice, or not mine", id)
		}
		delete(ids, id)
	}
	for i, e := range got.Events {
		if e.Position != i+1 {
			t.Fatalf("event %d has position %d", i, e.Position)
		}
	}
	w.call("GET", "/api/u1/export", "", other).problem(t, 403)
	w.call("GET", "/api/u1/export", "", "Authorization: ").problem(t, 401)
}

func TestAnExportHasTheAccountAndNoHashOfIt(t *testing.T) {
	t.Parallel()
	w, db := newStored(t)
	if body := string(w.call("GET", "/api/u1/export", "").body); !strings.Contains(body, `"account":null`) {
		t.Errorf("without an account: %s", body)
	}
	now := time.Now().UTC()
	session := domain.AccountSession{ID: "the-session", AccountID: "u1", Secret: []byte("the-secret"), Address: "192.0.2.7", UserAgent: "Agent", CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(time.Hour)}
	if err := sqlstore.NewIdentity(db).Create(t.Context(), domain.NewAccount{Session: &session, Credential: domain.Credential{
		Account: domain.Account{ID: "u1", Email: "ann@example.org", Name: "Ann", Scope: "operator", CreatedAt: now, UpdatedAt: now}, EmailKey: "the-key", Hash: "the-hash",
	}}); err != nil {
		t.Fatal(err)
	}
	body := string(w.call("GET", "/api/u1/export", "").body)
	for _, part := range []string{`"email":"ann@example.org","name":"Ann","image":null,"scope":"operator"`, `"ipAddress":"192.0.2.7","userAgent":"Agent"`} {
		if !strings.Contains(body, part) {
			t.Errorf("no %s in %s", part, body)
		}
	}
	for _, secret := range []string{"the-hash", "the-secret", "the-session", "dGhlLXNlY3JldA"} {
		if strings.Contains(body, secret) {
			t.Errorf("%s is in %s", secret, body)
		}
	}
	w.call("DELETE", "/api/u1", "")
	if body := string(w.call("GET", "/api/u1/export", "").body); !strings.Contains(body, `"account":null`) || strings.Contains(body, "ann@") {
		t.Errorf("after an erasure: %s", body)
	}
}

// exporter is a database that gives a task, then waits until next is closed, then fails.
type exporter struct{ next chan struct{} }

func (e exporter) Export(ctx context.Context, user string, into domain.UserData) error {
	preferences := domain.DefaultPreferences()
	err := errors.Join(into.Account(domain.Position{}, &preferences), into.Task(&domain.Task{UserID: user}))
	select {
	case <-e.next:
	case <-ctx.Done():
	}
	return errors.Join(err, domain.Unavailable("database", errors.New("gone")))
}

// exporting is a world whose exports are e's.
func exporting(t *testing.T, e exporter) *world {
	t.Helper()
	w := newWorld(t)
	d := w.deps(w.tasks)
	d.Users = users.New(users.Deps{Streams: w.tasks, Preferences: memory.NewPreferences(), Exporter: e, Clock: memory.Clock{}})
	w.serve(rest.New(d))
	return w
}

func TestFewExportsAreMadeAtATime(t *testing.T) {
	t.Parallel()
	e := exporter{next: make(chan struct{})}
	w := exporting(t, e)
	var all sync.WaitGroup
	for range 2 {
		r, err := w.request("GET", "/api/u1/export", "")
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			if response, err := w.client.Do(r); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		})
	}
	refused := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond) // one that is let in waits
		defer cancel()
		r, err := w.request("GET", "/api/u1/export", "")
		if err != nil {
			t.Fatal(err)
		}
		response, err := w.client.Do(r.WithContext(ctx))
		if err != nil {
			return false
		}
		defer func() { _ = response.Body.Close() }()
		return response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != ""
	}
	for end := time.Now().Add(30 * time.Second); !refused(); {
		if time.Now().After(end) {
			t.Fatal("a third export is let in")
		}
	}
	close(e.next)
	all.Wait()
	for end := time.Now().Add(30 * time.Second); refused(); {
		if time.Now().After(end) {
			t.Fatal("no export is let in when the others have ended")
		}
	}
}

func TestAnExportThatFailsHalfwayBreaksOff(t *testing.T) {
	t.Parallel()
	e := exporter{next: make(chan struct{})}
	close(e.next)
	w := exporting(t, e)
	r, err := w.request("GET", "/api/u1/export", "")
	if err != nil {
		t.Fatal(err)
	}
	response, err := w.client.Do(r)
	if err != nil {
		return // broken off before the first byte
	}
	defer func() { _ = response.Body.Close() }()
	var v any
	if err := json.NewDecoder(response.Body).Decode(&v); err == nil {
		t.Errorf("half an export looks whole: %v", v)
	}
}

func TestErasingAUserLeavesNothingAndTheUserMayGoOn(t *testing.T) {
	t.Parallel()
	w, db := newStored(t)
	_, path := w.create(milk)
	w.create(milk)
	w.call("PUT", "/api/u1/preferences", `{"theme":"dark"}`)
	w.call("POST", "/api/u2/tasks", milk, other)
	audited(t, db, "u1")
	before := w.call("GET", "/api/u1/events", "").header.Get("X-Stream-Position")
	w.call("DELETE", "/api/u1", "", other).problem(t, 403)
	w.call("DELETE", "/api/u1", "", "Authorization: ").problem(t, 401)
	if a := w.call("DELETE", "/api/u1", ""); a.status != 204 || len(a.body) != 0 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for p, want := range map[string]string{
		tasksPath: "[]", "/api/u1/audit": "[]", "/api/u1/events": "[]", "/api/u1/stats": `{"total":0,"pending":0,"completed":0}`,
		"/api/u1/preferences": `{"timeZone":"UTC","theme":"system","updatedAt":null}`,
	} {
		if a := w.call("GET", p, ""); a.status != 200 || string(a.body) != want {
			t.Errorf("%s: %d %s", p, a.status, a.body)
		}
	}
	w.call("GET", path, "").problem(t, 404)
	w.call("GET", "/api/u1/events?after=0", "").problem(t, 410)
	if n := len(w.call("GET", "/api/u2/tasks", "", other).list(t)); n != 1 {
		t.Errorf("another user has %d tasks", n)
	}
	w.create(milk)
	if e := w.call("GET", "/api/u1/events?after="+before, "").list(t); len(e) != 1 || e[0]["position"] != 3.0 {
		t.Errorf("what comes later is %v", e)
	}
	if a := w.call("DELETE", "/api/nobody", "", "Authorization: Bearer user:nobody"); a.status != 204 {
		t.Errorf("a user without anything: %d %s", a.status, a.body)
	}
}
