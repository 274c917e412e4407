package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
)

const other = "Authorization: Bearer user:u2"

func TestStatsCountTheUsersOwnTasks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if a := w.call("GET", "/api/u1/stats", ""); a.status != 200 || string(a.body) != `{"total":0,"pending":0,"completed":0}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	_, path := w.create(milk)
	w.create(milk)
	w.create(milk)
	w.call("PATCH", path+"/complete", "")
	if a := w.call("GET", "/api/u1/stats", ""); string(a.body) != `{"total":3,"pending":2,"completed":1}` {
		t.Errorf("%s", a.body)
	}
	if a := w.call("GET", "/api/u2/stats", "", other); string(a.body) != `{"total":0,"pending":0,"completed":0}` {
		t.Errorf("another user counts %s", a.body)
	}
	w.call("GET", "/api/u1/stats", "", other).problem(t, 403)
}

func TestEventsAreReadToTheEndFromAnyPosition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, path := w.create(milk)
	w.call("PUT", path, `{"title":"Oat milk"}`)
	w.call("PATCH", path+"/complete", "", "X-Request-ID: r-3")
	w.call("DELETE", path, "")
	all := w.call("GET", "/api/u1/events", "")
	types := ""
	for i, e := range all.list(t) {
		types += fmt.Sprint(e["type"], " ")
		if e["position"] != float64(i+1) || e["taskId"] != id || e["data"].(map[string]any)["task_id"] != id || e["source"] != "backend-api" {
			t.Errorf("%v", e)
		}
		if i == 2 && (e["correlationId"] != "r-3" || e["topic"] != "task-completed") {
			t.Errorf("%v", e)
		}
	}
	if types != "task.created.v1 task.updated.v1 task.completed.v1 task.deleted.v1 " {
		t.Errorf("%s", types)
	}
	head := all.header.Get("X-Stream-Position")
	epoch, n, _ := strings.Cut(head, ":")
	if n != "4" {
		t.Errorf("the head is %s", head)
	}
	for after, want := range map[string]int{"0": 4, "1": 3, epoch + ":1": 3, "3": 1, "4": 0, head: 0, "": 4} {
		a := w.call("GET", "/api/u1/events?after="+after, "")
		if got := len(a.list(t)); a.status != 200 || got != want || a.header.Get("X-Stream-Position") != head {
			t.Errorf("after %q: %d events, %v", after, got, a.header)
		}
	}
	if a := w.call("GET", "/api/u1/events?after=1&limit=2", "").list(t); len(a) != 2 || a[0]["position"] != 2.0 {
		t.Errorf("a page is %v", a)
	}
	if a := w.call("GET", "/api/u2/events", "", other); string(a.body) != "[]" {
		t.Errorf("another user reads %s", a.body)
	}
	w.call("GET", "/api/u1/events", "", other).problem(t, 403)
	for _, query := range []string{
		"after=-1", "after=x", "after=1.5", "after=99999999999999999999", "after=" + epoch, "after=" + epoch + ":", "after=" + epoch + ":-1", "after=:1",
		"after=5", "after=" + epoch + ":5", "after=9223372036854775807",
	} {
		if field := w.call("GET", "/api/u1/events?"+query, "").problem(t, 422); field != "after" {
			t.Errorf("%s: %s", query, field)
		}
	}
	for _, query := range []string{"limit=0", "limit=501", "limit=x"} {
		if field := w.call("GET", "/api/u1/events?"+query, "").problem(t, 422); field != "limit" {
			t.Errorf("%s: %s", query, field)
		}
	}
	w.call("GET", "/api/u1/events?after="+uuid.NewString()+":1", "").problem(t, 410)
}

func TestPreferencesHaveDefaultsAndChangeFieldByField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/api/u1/preferences"
	if a := w.call("GET", path, ""); a.status != 200 || string(a.body) != `{"timeZone":"UTC","theme":"system","updatedAt":null}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, c := range []struct{ body, zone, theme string }{
		{`{"timeZone":" Europe/Berlin "}`, "Europe/Berlin", "system"},
		{`{"theme":"Dark","userId":"u9","updatedAt":null}`, "Europe/Berlin", "dark"},
		{`{}`, "Europe/Berlin", "dark"},
		{`{"theme":null,"timeZone":"America/New_York"}`, "America/New_York", "system"},
		{`{"theme":"light","timeZone":""}`, "UTC", "light"},
	} {
		a := w.call("PUT", path, c.body)
		o := a.object(t)
		if a.status != 200 || o["timeZone"] != c.zone || o["theme"] != c.theme || o["updatedAt"] == nil {
			t.Errorf("%s: %d %s", c.body, a.status, a.body)
		}
		if b := w.call("GET", path, ""); string(b.body) != string(a.body) {
			t.Errorf("read as %s", b.body)
		}
	}
	if a := w.call("GET", "/api/u2/preferences", "", other).object(t); a["theme"] != "system" {
		t.Errorf("another user has %v", a)
	}
	w.call("PUT", path, `{}`, other).problem(t, 403)
	for body, want := range map[string]string{
		``: "400", `{`: "400", `{"theme":"dark","theme":"dark"}`: "400", `[]`: "body", `null`: "body",
		`{"timeZone":"Mars/Olympus"}`: "timeZone", `{"timeZone":5}`: "timeZone", `{"timeZone":"Local"}`: "timeZone", `{"timeZone":"\u0000"}`: "timeZone",
		`{"theme":"pink","timeZone":"../etc/passwd"}`: "timeZone theme", `{"theme":[]}`: "theme", `{"theme":true,"timeZone":"x y"}`: "theme timeZone",
	} {
		if want == "400" {
			w.call("PUT", path, body).problem(t, 400)
		} else if got := w.call("PUT", path, body).problem(t, 422); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
	if got := w.call("PUT", path, `{"colour":"red"}`, "Prefer: handling=strict").problem(t, 422); got != "colour" {
		t.Errorf("strict: %q", got)
	}
	if o := w.call("GET", path, "").object(t); o["theme"] != "light" {
		t.Errorf("bad input changed it: %v", o)
	}
}
