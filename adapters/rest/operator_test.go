package rest_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const (
	operator = "Authorization: Bearer operator:root"
	letters  = "/api/operator/dead-letters"
)

var failed = time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)

// keep stores letters 0 to n-1; the later, the higher the number.
func keep(t testing.TB, db *sqlstore.DB, n int) {
	t.Helper()
	store := sqlstore.NewDeadLetters(db)
	for i := range n {
		at := failed.Add(time.Duration(i) * time.Minute)
		l := domain.DeadLetter{
			ID: fmt.Sprintf("l%02d", i), UserID: fmt.Sprint("u", i%2), EventID: uuid.NewString(), EventType: "task.created.v1", Topic: domain.TaskCreated,
			Group: "audit-service", Key: "k\xff", Body: []byte("\x00\xff"), Reason: domain.ReasonPermanent, Error: "broken \x1f" + fmt.Sprint(i),
			Attempts: 1, FirstFailed: at, LastFailed: at,
		}
		if i == 0 {
			l.UserID, l.EventID, l.EventType = "", "", ""
		}
		if err := store.Keep(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
}

func ids(t testing.TB, a answer) string {
	t.Helper()
	var out []string
	for _, l := range a.list(t) {
		out = append(out, l["id"].(string))
	}
	return strings.Join(out, " ")
}

func TestOnlyOperatorsReachTheirRoutes(t *testing.T) {
	t.Parallel()
	w, db := newStored(t)
	keep(t, db, 1)
	for _, call := range []string{
		"GET " + letters, "GET " + letters + "/l00", "POST " + letters + "/redrive?all=true", "POST " + letters + "/discard?all=true",
		"POST " + letters + "/l00/redrive", "DELETE " + letters + "/l00", "GET /api/operator/outbox", "GET /api/operator/lag", "GET /api/operator/topics", "GET /api/operator/health",
	} {
		method, path, _ := strings.Cut(call, " ")
		for token, status := range map[string]int{
			"": 401, "Bearer bad": 401, "Bearer down": 503, "Bearer user:u1": 403, "Bearer user:operator": 403, "operator:root": 401,
		} {
			w.call(method, path, "", "Authorization: "+token).problem(t, status)
		}
	}
	if got := ids(t, w.call("GET", letters, "", operator)); got != "l00" {
		t.Errorf("left are %s", got)
	}
	// A user may be called operator all the same.
	if a := w.call("POST", "/api/operator/tasks", milk, "Authorization: Bearer user:operator"); a.status != 201 {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.call("GET", "/api/u1/tasks", "", operator).problem(t, 403) // the scope opens no user's data
}

func TestDeadLettersAreListedByFilterAndPage(t *testing.T) {
	t.Parallel()
	w, db := newStored(t)
	keep(t, db, 7)
	at := func(n int) string {
		return url.QueryEscape(failed.Add(time.Duration(n) * time.Minute).Format(time.RFC3339))
	}
	for query, want := range map[string]string{
		"": "l06 l05 l04 l03 l02 l01 l00", "user=u1": "l05 l03 l01", "topic=task-created&group=audit-service&limit=2": "l06 l05", "topic=other": "", "group=x": "",
		"error=broken+%1F3": "l03", "since=" + at(4): "l06 l05", "until=" + at(2): "l01 l00", "error=%00": "",
	} {
		a := w.call("GET", letters+"?"+query, "", operator)
		if a.status != 200 || ids(t, a) != want {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	next, seen := letters+"?limit=3&error=broken", ""
	for next != "" {
		a := w.call("GET", next, "", operator)
		seen += ids(t, a) + " | "
		link := a.header.Get("Link")
		next = strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
	}
	if seen != "l06 l05 l04 | l03 l02 l01 | l00 | " {
		t.Errorf("pages are %s", seen)
	}
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=501": "limit", "since=yesterday": "since", "until=x&limit=x": "until limit", "cursor=x": "cursor",
		"cursor=" + base64.RawURLEncoding.EncodeToString([]byte("1\x00u")):                       "cursor",
		"cursor=" + base64.RawURLEncoding.EncodeToString([]byte("9223372036854775807\x00u\x00")): "cursor",
	} {
		if got := w.call("GET", letters+"?"+query, "", operator).problem(t, 422); got != field {
			t.Errorf("%s: %s", query, got)
		}
	}
	o := w.call("GET", letters+"/l01", "", operator).object(t)
	body, _ := base64.StdEncoding.DecodeString(o["body"].(string))
	key, _ := base64.StdEncoding.DecodeString(o["key"].(string))
	if string(body) != "\x00\xff" || string(key) != "k\xff" || o["userId"] != "u1" || o["attempts"] != 1.0 || o["redriveAt"] != nil {
		t.Errorf("%v", o)
	}
	if o := w.call("GET", letters+"/l00", "", operator).object(t); o["userId"] != nil || o["eventId"] != nil {
		t.Errorf("%v", o)
	}
	w.call("GET", letters+"/none", "", operator).problem(t, 404)
}

func TestDeadLettersAreRedrivenAndDiscardedOneOrMany(t *testing.T) {
	t.Parallel()
	w, db := newStored(t)
	keep(t, db, 7)
	for _, step := range []struct{ call, want, left string }{
		{"POST " + letters + "/discard?user=u1&dry_run=true", `{"count":3,"dryRun":true}`, "l06 l05 l04 l03 l02 l01 l00"},
		{"POST " + letters + "/discard?user=u1&limit=1", `{"count":1,"dryRun":false}`, "l06 l04 l03 l02 l01 l00"},
		{"DELETE " + letters + "/l04?dry_run=true", `{"count":1,"dryRun":true}`, "l06 l04 l03 l02 l01 l00"},
		{"DELETE " + letters + "/l04", `{"count":1,"dryRun":false}`, "l06 l03 l02 l01 l00"},
		{"POST " + letters + "/l03/redrive", `{"count":1,"dryRun":false}`, "l06 l03 l02 l01 l00"},
		{"POST " + letters + "/redrive?user=u0&dry_run=1", `{"count":2,"dryRun":true}`, "l06 l03 l02 l01 l00"},
		{"POST " + letters + "/redrive?group=other", `{"count":0,"dryRun":false}`, "l06 l03 l02 l01 l00"},
	} {
		method, path, _ := strings.Cut(step.call, " ")
		if a := w.call(method, path, "", operator); a.status != 200 || string(a.body) != step.want {
			t.Errorf("%s: %d %s", step.call, a.status, a.body)
		}
		if got := ids(t, w.call("GET", letters, "", operator)); got != step.left {
			t.Errorf("%s left %s", step.call, got)
		}
	}
	for _, l := range w.call("GET", letters, "", operator).list(t) {
		if marked := l["redriveAt"] != nil; marked != (l["id"] == "l03") {
			t.Errorf("%v", l)
		}
	}
	for _, call := range []string{"POST " + letters + "/redrive", "POST " + letters + "/discard?limit=5", "POST " + letters + "/discard?dry_run=true"} {
		method, path, _ := strings.Cut(call, " ")
		if got := w.call(method, path, "", operator).problem(t, 422); got != "all" {
			t.Errorf("%s: %s", call, got)
		}
	}
	for call, want := range map[string]string{"POST " + letters + "/discard?all=maybe": "all", "POST " + letters + "/discard?user=u1&limit=-1": "limit", "DELETE " + letters + "/l06?dry_run=x": "dry_run",
		"POST " + letters + "/discard?all=true&usr=u1": "usr", "POST " + letters + "/discard?all=true&dryrun=true": "dryrun", "DELETE " + letters + "/l06?dryrun=true": "dryrun"} {
		method, path, _ := strings.Cut(call, " ")
		if got := w.call(method, path, "", operator).problem(t, 422); got != want {
			t.Errorf("%s: %s", call, got)
		}
	}
	if got := w.call("POST", letters+"/discard?all=true", `{"dry_run":true}`, operator).problem(t, 422); got != "body" {
		t.Errorf("a body: %s", got)
	}
	w.call("DELETE", letters+"/l04", "", operator).problem(t, 404)
	w.call("POST", letters+"/none/redrive", "", operator).problem(t, 404)
	if a := w.call("POST", letters+"/discard?all=true", "", operator); string(a.body) != `{"count":5,"dryRun":false}` {
		t.Errorf("%s", a.body)
	}
}

func TestOutboxAndLagAreTold(t *testing.T) {
	t.Parallel()
	w, _ := newStored(t)
	if a := w.call("GET", "/api/operator/outbox", "", operator); string(a.body) != "[]" {
		t.Errorf("%s", a.body)
	}
	w.create(milk)
	w.create(milk)
	got := w.call("GET", "/api/operator/outbox", "", operator).list(t)
	if len(got) != 1 || got[0]["publisher"] != "backend-api" || got[0]["pending"] != 2.0 || got[0]["shard"] != float64(domain.ShardOf("u1")) || got[0]["owner"] != nil {
		t.Errorf("%v", got)
	}
	o := w.call("GET", "/api/operator/lag", "", operator).object(t)
	groups := fmt.Sprint(o["groups"])
	if o["source"] != "outbox" || !strings.Contains(groups, "behind:2 group:audit-service members:<nil> partitions:[] topic:task-created") || !strings.Contains(groups, "behind:0 group:audit-service members:<nil> partitions:[] topic:task-deleted") {
		t.Errorf("%v", o)
	}
}

// brokerLag is what a broker would tell.
type brokerLag struct{ err error }

func (b brokerLag) Lag(context.Context) ([]domain.Lag, error) {
	return []domain.Lag{{Group: "g", Topic: "t", Behind: 12, Members: 2, Partitions: []domain.PartitionLag{
		{Partition: 0, Begin: 3, End: 10, Committed: 5, Behind: 5}, {Partition: 1, Begin: 3, End: 10, Committed: -1, Behind: 7},
	}}}, b.err
}

func TestLagSaysWhatTheTransportCanTell(t *testing.T) {
	t.Parallel()
	lag := func(o rest.Operator) answer {
		w := newWorld(t, func(d *rest.Deps) { d.Operator = o })
		return w.call("GET", "/api/operator/lag", "", operator)
	}
	if a := lag(rest.Operator{Source: "nobody can tell"}); string(a.body) != `{"source":null,"detail":"nobody can tell","groups":[]}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	want := `{"source":"kafka","detail":null,"groups":[{"group":"g","topic":"t","behind":12,"members":2,"partitions":[` +
		`{"partition":0,"begin":3,"end":10,"behind":5,"committed":5},{"partition":1,"begin":3,"end":10,"behind":7,"committed":null}]}]}`
	if a := lag(rest.Operator{Lag: brokerLag{}, Source: "kafka"}); string(a.body) != want {
		t.Errorf("%d %s", a.status, a.body)
	}
	lag(rest.Operator{Lag: brokerLag{domain.Unavailable("kafka", errors.New("no"))}, Source: "kafka"}).problem(t, 503)
}

func TestTopicsAreCounted(t *testing.T) {
	t.Parallel()
	topics := func(o rest.Operator) answer {
		w := newWorld(t, func(d *rest.Deps) { d.Operator = o })
		return w.call("GET", "/api/operator/topics", "", operator)
	}
	if a := topics(rest.Operator{Source: "nobody can tell"}); string(a.body) != `{"source":null,"detail":"nobody can tell","topics":[]}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	bus := memory.NewBus(memory.Clock{}, 0)
	for range 2 {
		if err := bus.Publish(t.Context(), ports.Record{Topic: domain.TaskUpdated, Key: "u1", Body: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	a := topics(rest.Operator{Topics: bus, Counted: "process"})
	want := `{"source":"process","detail":null,"topics":[{"topic":"task-created","taken":0},{"topic":"task-updated","taken":2},`
	if !strings.HasPrefix(string(a.body), want) {
		t.Errorf("%d %s", a.status, a.body)
	}
	topics(rest.Operator{Topics: deafBroker{}, Counted: "kafka"}).problem(t, 503)
}

type deafBroker struct{}

func (deafBroker) Topics(context.Context) ([]domain.TopicCount, error) {
	return nil, domain.Unavailable("kafka", errors.New("no"))
}

func TestEachPartSaysHowItIsAndWhy(t *testing.T) {
	t.Parallel()
	parts := func(checks func() []rest.Check) answer {
		w := newWorld(t, func(d *rest.Deps) { d.Operator = rest.Operator{Checks: checks} })
		return w.call("GET", "/api/operator/health", "", operator)
	}
	if a := parts(nil); a.status != 200 || string(a.body) != "[]" {
		t.Errorf("%d %s", a.status, a.body)
	}
	a := parts(func() []rest.Check {
		return []rest.Check{
			{Name: "database", Run: func(context.Context) error { return nil }},
			{Name: "kafka", Run: func(context.Context) error { return errors.New("connection refused") }},
		}
	})
	if want := `[{"name":"database","ok":true,"error":null},{"name":"kafka","ok":false,"error":"connection refused"}]`; a.status != 200 || string(a.body) != want {
		t.Errorf("%d %s", a.status, a.body)
	}
}
