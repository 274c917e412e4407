package rest_test

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

var fields = []string{
	"category", "completed", "createdAt", "description", "dueDate", "id", "parentTaskId", "previousTaskId", "priority", "recurringEndDate",
	"recurringRule", "reminderAt", "reminderSent", "status", "tags", "timeZone", "title", "updatedAt", "userId", "version",
}

func TestAPostAnswersTheWholeTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("POST", tasksPath, `{"title":" Milk ","priority":"HIGH","category":"Home","dueDate":"2026-02-05T12:00:00.5+02:00","unknown":{"a":[1,"}"]},"userId":"evil","completed":true,"version":9}`)
	m := a.object(t)
	names := []string{}
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	if a.status != 201 || !slices.Equal(names, fields) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	id, _ := m["id"].(string)
	for name, want := range map[string]any{
		"title": "Milk", "priority": "high", "category": "home", "dueDate": "2026-02-05T10:00:00.500000Z", "userId": "u1",
		"completed": false, "status": "pending", "version": 1.0, "description": nil, "timeZone": "UTC", "reminderSent": false,
		"createdAt": "2026-02-04T10:00:00.000001Z",
	} {
		if m[name] != want {
			t.Errorf("%s is %v, want %v", name, m[name], want)
		}
	}
	for name, want := range map[string]string{
		"Location": tasksPath + "/" + id, "Etag": `"1"`, "Content-Type": "application/json", "Cache-Control": "private, no-cache",
	} {
		if a.header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, a.header.Get(name), want)
		}
	}
	if got := w.call("GET", a.header.Get("Location"), ""); got.status != 200 || string(got.body) != string(a.body) {
		t.Errorf("GET answers %d %s", got.status, got.body)
	}
}

func TestExistingClientsBodiesAreTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, contentType := range []string{"application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", ""} {
		if a := w.call("POST", tasksPath, milk, "Content-Type: "+contentType); a.status != 201 {
			t.Errorf("%q: %d %s", contentType, a.status, a.body)
		}
	}
	// The whole task goes back on PUT with one change; what is ours is passed over.
	a := w.call("POST", tasksPath, `{"title":"a","priority":"low","category":"work","dueDate":"","recurringRule":"","reminderAt":null,"tags":null,"timeZone":""}`)
	changed := strings.NewReplacer(`"title":"a"`, `"title":"b"`, `"completed":false`, `"completed":true`, `"pending"`, `"completed"`).Replace(string(a.body))
	put := w.call("PUT", a.header.Get("Location"), changed)
	if m := put.object(t); put.status != 200 || m["title"] != "b" || m["completed"] != false || m["version"] != 2.0 || put.header.Get("ETag") != `"2"` {
		t.Errorf("%d %s", put.status, put.body)
	}
	if again := w.call("PUT", a.header.Get("Location"), changed); again.object(t)["version"] != 2.0 {
		t.Errorf("the same again is a new version: %s", again.body)
	}
}

func TestPutKeepsWhatIsAbsentAndClearsWhatIsNull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, path := w.create(`{"title":"a","priority":"low","category":"work","description":"d","dueDate":"2026-02-05","recurringRule":"daily",
		"recurringEndDate":"2026-12-31","reminderAt":"2026-02-04T09:00","tags":["x"],"timeZone":"Europe/Berlin"}`)
	m := w.call("PUT", path, `{"priority":"high"}`).object(t)
	if m["description"] != "d" || m["dueDate"] != "2026-02-05T00:00:00.000000Z" || m["recurringRule"] != "daily" || m["timeZone"] != "Europe/Berlin" ||
		m["reminderAt"] != "2026-02-04T09:00:00.000000Z" || m["priority"] != "high" {
		t.Errorf("%v", m)
	}
	m = w.call("PUT", path, `{"description":null,"dueDate":"","recurringRule":"","recurringEndDate":null,"reminderAt":" ","tags":null,"timeZone":null}`).object(t)
	for _, name := range []string{"description", "dueDate", "recurringRule", "recurringEndDate", "reminderAt"} {
		if m[name] != nil {
			t.Errorf("%s is still %v", name, m[name])
		}
	}
	if tags, ok := m["tags"].([]any); !ok || len(tags) != 0 || m["timeZone"] != "UTC" {
		t.Errorf("%v", m)
	}
	if got := w.call("PUT", path, `{"title":null,"priority":null,"category":null}`).problem(t, 422); got != "title priority category" {
		t.Errorf("%s", got)
	}
}

func TestIfMatchGuardsEveryChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for header, status := range map[string]int{
		`"1"`: 200, `*`: 200, `"7", "1"`: 200, `W/"7","1"`: 200, `"2"`: 412, `W/"1"`: 412, `"01"`: 412, `"abc"`: 412, `""`: 412,
		`1`: 400, `"1`: 400, `"1" x`: 400, `W/1`: 400,
	} {
		w.changeBy(t, status, "If-Match: "+header)
	}
}

func TestTheDatabaseThatWasReadGuardsEveryChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	epoch, _, _ := strings.Cut(w.call("GET", tasksPath, "").header.Get("X-Stream-Position"), ":")
	for header, status := range map[string]int{epoch: 200, strings.ToUpper(epoch): 200, "": 200, uuid.NewString(): 412, uuid.Nil.String(): 412, "1": 400, epoch + ":1": 400} {
		w.changeBy(t, status, `If-Match: "1"`, "X-Stream-Epoch: "+header)
	}
}

// changeBy makes each kind of change of a task of version 1, which is done if want is 200.
func (w *world) changeBy(t *testing.T, want int, headers ...string) {
	t.Helper()
	for _, change := range []struct{ method, to, body string }{{"PUT", "", `{"title":"b"}`}, {"PATCH", "/complete", ""}, {"DELETE", "", ""}} {
		_, path := w.create(milk)
		a := w.call(change.method, path+change.to, change.body, headers...)
		switch {
		case a.status != want && (a.status != 204 || want != 200 || change.method != "DELETE"):
			t.Errorf("%s with %q: %d %s, want %d", change.method, headers, a.status, a.body, want)
		case want >= 400:
			a.problem(t, want)
			if version := w.call("GET", path, "").header.Get("ETag"); version != `"1"` {
				t.Errorf("%s with %q was refused, and is done: %s", change.method, headers, version)
			}
		}
	}
}

func TestIfNoneMatchSavesTheBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, path := w.create(milk)
	for header, status := range map[string]int{`"1"`: 304, `W/"1"`: 304, `*`: 304, `"2"`: 200, `garbage`: 200} {
		if a := w.call("GET", path, "", "If-None-Match: "+header); a.status != status || a.header.Get("ETag") != `"1"` {
			t.Errorf("%s: %d %q", header, a.status, a.header.Get("ETag"))
		}
	}
}

func TestCompleteTogglesAndDeleteDeletes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, path := w.create(milk)
	for _, want := range []string{"completed", "pending"} {
		a := w.call("PATCH", path+"/complete", "")
		if m := a.object(t); a.status != 200 || m["status"] != want || m["completed"] != (want == "completed") || a.header.Get("ETag") == "" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if a := w.call("DELETE", path, ""); a.status != 204 || len(a.body) != 0 {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.call("DELETE", path, "").problem(t, 404)
	w.call("GET", path, "").problem(t, 404)
}

func TestAnEventCarriesTheRequestsIDAndTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	trace := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	if a := w.call("POST", tasksPath, milk, "X-Request-ID: r-1", "Traceparent: "+trace); a.header.Get("X-Request-ID") != "r-1" {
		t.Errorf("%v", a.header)
	}
	for _, bad := range []string{strings.Repeat("x", 129), "with space", "ü"} {
		a := w.call("POST", tasksPath, milk, "X-Request-ID: "+bad, "Traceparent: 00-"+strings.Repeat("0", 32)+"-b7ad6b7169203331-01")
		if id := a.header.Get("X-Request-ID"); id == bad || uuid.Validate(id) != nil {
			t.Errorf("%q was taken over as %q", bad, id)
		}
	}
	events, _, err := w.tasks.After(t.Context(), "u1", 0, 10)
	if err != nil || events[0].CorrelationID != "r-1" || events[0].TraceParent != trace || events[1].TraceParent != "" || events[1].CorrelationID == "" {
		t.Errorf("%+v, %v", events, err)
	}
}

func (w *world) fill() {
	for _, body := range []string{
		`{"title":"b","priority":"low","category":"work","dueDate":"2026-03-01","tags":["x","y"]}`,
		`{"title":"c 100%","priority":"high","category":"home","description":"Ärger"}`,
		`{"title":"a","priority":"medium","category":"work","dueDate":"2026-02-01","tags":["x"]}`,
		`{"title":"d","priority":"high","category":"other"}`,
	} {
		w.create(body)
	}
	list, err := w.tasks.List(w.t.Context(), "u1", domain.TaskQuery{Search: "d"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.call("PATCH", tasksPath+"/"+list.Tasks[0].ID.String()+"/complete", "")
}

func TestAListIsFilteredAndSorted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	for query, want := range map[string]string{
		"":                                    "d a c 100% b",
		"sort_order=asc":                      "b c 100% a d",
		"status=completed":                    "d",
		"status=Pending":                      "a c 100% b",
		"status=all":                          "",
		"status=%00":                          "422",
		"priority=HIGH":                       "d c 100%",
		"priority=urgent":                     "",
		"category=work&tags=x,y":              "b",
		"tags=x&tags=Y":                       "b",
		"tags=x":                              "a b",
		"tags=,":                              "d a c 100% b",
		"tags=x" + strings.Repeat(",x", 2000): "a b",
		"tags=x" + many(60):                   "422",
		"search=ÄRGER":                        "c 100%",
		"search=%25":                          "c 100%",
		"search=_":                            "",
		"search=%00":                          "422",
		"search=%ff":                          "422",
		"due_before=2026-02-15":               "a",
		"due_after=2026-02-15T00:00:00Z":      "b",
		"due_after=2026-03-01":                "",
		"due_after=2026-02-01T01:00:00+01:00": "b",
		"due_before=tomorrow":                 "422",
		"due_before=2026-02-30":               "422",
		"sort_by=title&sort_order=asc":        "a b c 100% d",
		"sort_by=priority":                    "d c 100% a b",
		"sort_by=dueDate":                     "b a d c 100%",
		"sort_by=dueDate&sort_order=asc":      "a b c 100% d",
		"sort_by=color":                       "422",
		"sort_order=up":                       "422",
		"limit=2":                             "d a",
		"limit=0":                             "422",
		"limit=501":                           "422",
		"limit=x":                             "422",
		"cursor=x":                            "422",
		"unknown=1":                           "d a c 100% b",
	} {
		query := strings.ReplaceAll(query, "Ä", "%C3%84")
		a := w.call("GET", tasksPath+"?"+query, "")
		if want == "422" {
			if f := a.problem(t, 422); f != strings.SplitN(query, "=", 2)[0] {
				t.Errorf("%s names %q", query, f)
			}
			continue
		}
		if got := a.titles(t); a.status != 200 || got != want {
			t.Errorf("%s: %d %q, want %q", query, a.status, got, want)
		}
		if position, err := domain.ParsePosition(a.header.Get("X-Stream-Position")); err != nil || position.Value != 5 {
			t.Errorf("%v, %v", position, err)
		}
	}
	if a := w.call("GET", "/api/u2/tasks", "", "Authorization: Bearer user:u2"); string(a.body) != "[]" || !strings.HasSuffix(a.header.Get("X-Stream-Position"), ":0") {
		t.Errorf("a new user sees %s", a.body)
	}
}

func TestPagesTogetherAreTheList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 23 {
		due := ""
		if i%3 > 0 {
			due = fmt.Sprintf("2026-02-%02d", i%5+1)
		}
		w.create(fmt.Sprintf(`{"title":"t%d ü","priority":%q,"category":"work","dueDate":%q,"tags":["a b"]}`, i%4, []string{"low", "medium", "high"}[i%3], due))
	}
	for _, by := range []string{"createdAt", "dueDate", "priority", "title"} {
		for _, order := range []string{"asc", "desc"} {
			query := "?tags=a+b&search=%C3%9C&sort_by=" + by + "&sort_order=" + order
			all := w.call("GET", tasksPath+query, "").list(t)
			var paged []map[string]any
			next := tasksPath + query + "&limit=4"
			for pages := 0; next != ""; pages++ {
				a := w.call("GET", next, "")
				if paged = append(paged, a.list(t)...); pages > 6 {
					t.Fatalf("%s never ends", query)
				}
				link := a.header.Get("Link")
				next, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
				if link != "" && !strings.HasSuffix(link, `; rel="next"`) {
					t.Errorf("%s", link)
				}
			}
			if len(all) != 23 || !slices.EqualFunc(all, paged, func(a, b map[string]any) bool { return a["id"] == b["id"] }) {
				t.Errorf("%s: %d tasks in pages, %d in the list, or another order", query, len(paged), len(all))
			}
		}
	}
}

func TestACursorOfAnotherListIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	link := w.call("GET", tasksPath+"?limit=1&sort_by=title", "").header.Get("Link")
	next, _, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	u, err := url.Parse(next)
	if err != nil {
		t.Fatal(err)
	}
	cursor := u.Query().Get("cursor")
	if a := w.call("GET", tasksPath+"?sort_by=title&cursor="+cursor, ""); a.titles(t) != "c 100% b a" {
		t.Errorf("without limit: %s", a.body)
	}
	flipped := []byte(cursor)
	flipped[20] ^= 1
	for name, query := range map[string]string{
		"another order":  "sort_by=title&sort_order=asc&cursor=" + cursor,
		"another sort":   "sort_by=priority&cursor=" + cursor,
		"another filter": "sort_by=title&status=pending&cursor=" + cursor,
		"changed":        "sort_by=title&cursor=" + url.QueryEscape(string(flipped)),
		"cut":            "sort_by=title&cursor=" + cursor[:len(cursor)-2],
		"no base64":      "sort_by=title&cursor=%00",
	} {
		if f := w.call("GET", tasksPath+"?limit=1&"+query, "").problem(t, 422); f != "cursor" {
			t.Errorf("%s names %q", name, f)
		}
	}
	w.call("GET", "/api/u2/tasks?sort_by=title&cursor="+cursor, "", "Authorization: Bearer user:u2").problem(t, 422)
}

func TestAuditIsListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := uuid.NewString()
	for i, kind := range []string{"created", "updated"} {
		err := w.audit.Append(t.Context(), domain.AuditEntry{
			ID: uuid.New(), UserID: "u1", Position: int64(i + 1), EventType: kind, EntityType: "task", EntityID: id,
			Time: time.Date(2026, 2, 4, 10, 0, i, 0, time.UTC), Data: []byte(`{"title":"x","old":null,"new":{}}`),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	a := w.call("GET", "/api/u1/audit", "")
	list := a.list(t)
	if a.status != 200 || len(list) != 2 || list[0]["eventType"] != "updated" || list[0]["entityId"] != id || list[0]["userId"] != "u1" ||
		list[0]["timestamp"] != "2026-02-04T10:00:01.000000Z" || list[0]["entityType"] != "task" || list[0]["data"] == nil || len(list[0]) != 7 {
		t.Errorf("%s", a.body)
	}
	for query, n := range map[string]int{
		"event_type=created": 1, "event_type=x": 0, "entity_type=note": 0, "entity_id=" + strings.ToUpper(id): 2, "limit=1": 1, "offset=1": 1, "offset=9": 0,
	} {
		if got := len(w.call("GET", "/api/u1/audit?"+query, "").list(t)); got != n {
			t.Errorf("%s: %d entries, want %d", query, got, n)
		}
	}
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=501": "limit", "offset=-1": "offset", "offset=1e9": "offset", "event_type=%00": "event_type", "limit=x&offset=x": "limit offset",
		"offset=99999999999999999999": "offset",
	} {
		if f := w.call("GET", "/api/u1/audit?"+query, "").problem(t, 422); f != field {
			t.Errorf("%s names %q", query, f)
		}
	}
	w.call("GET", "/api/u2/audit", "").problem(t, 403)
}

// many is a list of n more different tags.
func many(n int) (list string) {
	for i := range n {
		list += ",t" + strconv.Itoa(i)
	}
	return list
}
