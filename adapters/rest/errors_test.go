package rest_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/core/domain"
)

func TestEveryBadBodyIsAClearProblem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	with := func(field string) string {
		return `{"title":"a","priority":"low","category":"work",` + field + `}`
	}
	for body, want := range map[string]string{
		"":                       "400",
		" \n":                    "400",
		"{":                      "400",
		milk + "x":               "400",
		milk + milk:              "400",
		milk + "]":               "400",
		`{"title":}`:             "400",
		`{'title':'a'}`:          "400",
		`title=a`:                "400",
		"{\"title\":\"\xff\"}":   "400",
		"{\"title\":\"a\x00b\"}": "400",
		"\ufeff" + milk:          "400",
		with(`"title":"b"`):      "400",
		with(`"\u0074itle":"b"`): "400",
		strings.Repeat("[", 20000) + strings.Repeat("]", 20000): "400",
		strings.Repeat("[", 5000) + strings.Repeat("]", 5000):   "body",
		`[]`:      "body",
		`null`:    "body",
		`"title"`: "body",
		`5`:       "body",
		`{}`:      "title priority category",
		`{"Title":"a","PRIORITY":"low","category":"work"}`:                          "title priority",
		`{"title":5,"priority":true,"category":{},"tags":"x","dueDate":1700000000}`: "title priority category tags dueDate",
		`{"title":5,"tags":["` + strings.Repeat("x", 51) + `"]}`:                    "title priority category tags",
		with(`"tags":["a",5]`):               "tags",
		with(`"tags":[["a"]]`):               "tags",
		with(`"tags":[null]`):                "tags",
		with(`"tags":{"a":1}`):               "tags",
		with(`"tags":["\ud800"]`):            "tags",
		with(`"tags":["\u0000"]`):            "tags",
		with(`"description":"\u0000"`):       "description",
		with(`"description":"a\udc00b"`):     "description",
		with(`"description":"\ud800\ud800"`): "description",
		with(`"description":"\ud800\u0041"`): "description",
		with(`"description":"\ud800"`):       "description",
		with(`"description":` + strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100)):      "description",
		with(`"description":"` + strings.Repeat("😀", 1001) + `"`):                         "description",
		with(`"dueDate":"2026-02-30"`):                                                    "dueDate",
		with(`"dueDate":"2025-02-29T00:00:00Z"`):                                          "dueDate",
		with(`"dueDate":"2026-13-01"`):                                                    "dueDate",
		with(`"dueDate":"2026-01-01T24:00:00Z"`):                                          "dueDate",
		with(`"dueDate":"2026-01-01T23:59:60Z"`):                                          "dueDate",
		with(`"dueDate":"2026-01-01T10:00:00+25:00"`):                                     "dueDate",
		with(`"dueDate":"0000-01-01"`):                                                    "dueDate",
		with(`"dueDate":"9999-12-31T23:59:59-01:00"`):                                     "dueDate",
		with(`"dueDate":"10000-01-01"`):                                                   "dueDate",
		with(`"dueDate":"tomorrow"`):                                                      "dueDate",
		with(`"dueDate":"\u0000"`):                                                        "dueDate",
		with(`"dueDate":"\ud800"`):                                                        "dueDate",
		with(`"reminderAt":{},"recurringEndDate":[]`):                                     "reminderAt recurringEndDate",
		with(`"timeZone":"Mars/Olympus"`):                                                 "timeZone",
		with(`"timeZone":5`):                                                              "timeZone",
		with(`"recurringRule":"sometimes"`):                                               "recurringRule",
		with(`"recurringRule":["daily"]`):                                                 "recurringRule",
		`{"title":"` + strings.Repeat("x", 256) + `","priority":"low","category":"work"}`: "title",
		`{"title":"\u0000","priority":"l\u0000","category":"\ud800"}`:                     "title priority category",
	} {
		for _, method := range []string{"POST", "PUT"} {
			path := tasksPath
			if method == "PUT" {
				_, path = w.create(milk)
				if want == "title priority category" && body == "{}" || strings.HasPrefix(body, `{"Title`) {
					continue // partial
				}
			}
			a := w.call(method, path, body)
			if want == "400" {
				a.problem(t, 400)
				continue
			}
			expected := want
			if method == "PUT" && strings.HasPrefix(body, `{"title":5,"tags"`) {
				expected = "title tags"
			}
			if got := a.problem(t, 422); got != expected {
				t.Errorf("%s %.100s names %q, want %q", method, body, got, expected)
			}
		}
	}
	if strings.Contains(w.log.String(), "ERROR") {
		t.Errorf("a caller's mistake was logged as ours: %s", w.log)
	}
}

func TestGoodTextGetsThroughUnchanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for body, want := range map[string]string{
		`\ud83d\ude00 😀`: "😀 😀", `\"\\\/\b\f\n\r\t\u00e9`: "\"\\/\b\f\n\r\té", "\u2028<&>": "\u2028<&>", `\u007f\u001b[31m`: "\x7f\x1b[31m",
		`\\u0000`: `\u0000`, `\\ud800`: `\ud800`, "  padded ": "  padded ",
	} {
		a := w.call("POST", tasksPath, `{"title":"a","priority":"low","category":"work","description":"`+body+`"}`)
		if got := a.object(t)["description"]; a.status != 201 || got != want {
			t.Errorf("%s came back as %q, want %q", body, got, want)
		}
	}
}

func TestStrictHandlingRefusesUnknownFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"title":"a","priority":"low","category":"work","colour":"red","id":"x","due_date":"2026-01-01"}`
	for _, prefer := range []string{"handling=strict", `return=minimal, Handling="strict"`, "wait=10; handling = strict"} {
		a := w.call("POST", tasksPath, body, "Prefer: "+prefer)
		if got := a.problem(t, 422); got != "colour due_date" {
			t.Errorf("%s: %q", prefer, got)
		}
	}
	for _, prefer := range []string{"handling=lenient", "x=strict", ""} {
		if a := w.call("POST", tasksPath, body, "Prefer: "+prefer); a.status != 201 {
			t.Errorf("%s: %d", prefer, a.status)
		}
	}
	if a := w.call("POST", tasksPath, milk, "Prefer: handling=strict"); a.status != 201 || a.header.Get("Preference-Applied") != "handling=strict" {
		t.Errorf("%d %v", a.status, a.header)
	}
}

func TestTokensAndPathsDecide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, mine := w.create(milk)
	others := strings.Replace(mine, "u1", "u2", 1)
	asU2 := "Authorization: Bearer user:u2"
	for _, c := range []struct {
		name, method, path, authorization string
		status                            int
	}{
		{"no token", "GET", tasksPath, "Authorization: ", 401},
		{"another scheme", "GET", tasksPath, "Authorization: Basic dTpw", 401},
		{"no token behind Bearer", "GET", tasksPath, "Authorization: Bearer  ", 401},
		{"a bad token", "POST", tasksPath, "Authorization: Bearer x", 401},
		{"the issuer is down", "GET", tasksPath, "Authorization: Bearer down", 503},
		{"the scheme in small letters", "GET", tasksPath, "Authorization: bearer user:u1", 200},
		{"another user's list", "GET", tasksPath, asU2, 403},
		{"another user's path", "POST", tasksPath, asU2, 403},
		{"another user's task by its path", "GET", mine, asU2, 403},
		{"another user's task by the own path", "GET", others, asU2, 404},
		{"another user's task changed", "PUT", others, asU2, 404},
		{"another user's task completed", "PATCH", others + "/complete", asU2, 404},
		{"another user's task deleted", "DELETE", others, asU2, 404},
		{"an id that is none", "GET", tasksPath + "/5", "", 422},
		{"an id in braces", "GET", tasksPath + "/%7B01890a5d-ac96-774b-bcce-b302099a8057%7D", "", 422},
		{"an id with NUL", "DELETE", tasksPath + "/%00", "", 422},
		{"an id that nobody has", "GET", tasksPath + "/" + uuid.NewString(), "", 404},
	} {
		headers := []string{}
		if c.authorization != "" {
			headers = append(headers, c.authorization)
		}
		body := ""
		if c.method == "PUT" || c.method == "POST" {
			body = milk
		}
		a := w.call(c.method, c.path, body, headers...)
		if a.status != c.status {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
			continue
		}
		if c.status >= 400 {
			a.problem(t, c.status)
		}
		if challenge := a.header.Get("WWW-Authenticate"); (c.status == 401) != strings.HasPrefix(challenge, "Bearer") {
			t.Errorf("%s: WWW-Authenticate is %q", c.name, challenge)
		}
		if (c.status == 503) != (a.header.Get("Retry-After") != "") {
			t.Errorf("%s: Retry-After is %q", c.name, a.header.Get("Retry-After"))
		}
	}
	if events, _, _ := w.tasks.After(t.Context(), "u2", 0, 9); len(events) != 0 {
		t.Errorf("u2 has events: %+v", events)
	}
}

func TestAUserWithAnyCharactersIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("POST", "/api/auth0%7Ca%2Fb%20%C3%BC/tasks", milk, "Authorization: Bearer user:auth0|a/b ü")
	if a.status != 201 || a.object(t)["userId"] != "auth0|a/b ü" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if got := w.call("GET", a.header.Get("Location"), "", "Authorization: Bearer user:auth0|a/b ü"); got.status != 200 {
		t.Errorf("%s: %d %s", a.header.Get("Location"), got.status, got.body)
	}
}

func TestRoutesThatAreNoneAreProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/", "/api", "/api/u1/nothing", "/api/u1/tasks/x/y", "/API/u1/tasks", "/<script>"} {
		w.call("GET", path, "").problem(t, 404)
	}
	a := w.call("PATCH", tasksPath, "{}")
	a.problem(t, 405)
	allow := strings.Join(a.header.Values("Allow"), ", ")
	for _, method := range []string{"GET", "HEAD", "POST"} {
		if !strings.Contains(allow, method) {
			t.Errorf("Allow is %q", allow)
		}
	}
	w.call("PUT", "/health", "{}").problem(t, 405)
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fits := `{"pad":"` + strings.Repeat("x", rest.MaxBody-10-len(milk)) + `",` + milk[1:]
	if a := w.call("POST", tasksPath, fits); a.status != 201 {
		t.Errorf("%d bytes: %d %s", len(fits), a.status, a.body)
	}
	a := w.call("POST", tasksPath, fits+strings.Repeat(" ", 11))
	if a.status != 413 || a.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(string(a.body), "65536") {
		t.Errorf("%d %s", a.status, a.body)
	}
	a.problem(t, 413)
	if a.header.Get("X-Request-ID") == "" {
		t.Error("it has no request id")
	}
	// 60 MB of spaces packed into 60 kB.
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	for range 60 {
		_, _ = z.Write([]byte(strings.Repeat(" ", 1<<20)))
	}
	_ = z.Close()
	w.call("POST", tasksPath, packed.String(), "Content-Encoding: gzip").problem(t, 415)
}

func TestHeadersThatAreTooLargeAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if a := w.call("GET", tasksPath, "", "Authorization: Bearer "+strings.Repeat("x", 8<<10)); a.status != 401 {
		t.Errorf("8 KiB: %d %s", a.status, a.body)
	}
	if a := w.call("GET", tasksPath, "", "X-Big: "+strings.Repeat("x", 20<<10)); a.status != 431 || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("20 KiB: %d %s", a.status, a.body)
	}
}

func TestAFullDiskIs507AndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.odd = true // it reads, since a broken store breaks every call
	w.serve(rest.New(w.deps(broken{fmt.Errorf("create: %w", domain.DiskFull("database", errors.New("no room")))})))
	a := w.call("GET", tasksPath, "")
	a.problem(t, 507)
	if !strings.Contains(string(a.body), "disk of the database is full") || !strings.Contains(string(a.body), "made room") {
		t.Errorf("%s", a.body)
	}
	if strings.Contains(w.log.String(), "level=ERROR") || !strings.Contains(w.log.String(), "no room") {
		t.Errorf("the log is %s", w.log)
	}
	app := fiber.New(rest.Config(slog.New(slog.DiscardHandler)))
	rest.MountHealth(app, nil, []rest.Check{{Name: "database", Run: func(context.Context) error { return domain.DiskFull("database", nil) }}}, slog.New(slog.DiscardHandler))
	answer, err := app.Test(httptest.NewRequest(http.MethodGet, "/ready", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "database: the disk is full") {
		t.Errorf("readiness: %d %s", answer.StatusCode, body)
	}
}

func TestReadinessSaysWhatTheOperatorCanDo(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	app := fiber.New(rest.Config(logger))
	rest.MountHealth(app, nil, []rest.Check{
		{Name: "startup", Run: func(context.Context) error { return errors.New("the process is starting") }},
		{Name: "dapr", Run: func(context.Context) error {
			return fmt.Errorf("asked: %w", domain.Misconfigured("dapr", "give it a sidecar", errors.New("connection refused, inside")))
		}},
	}, logger)
	answer, err := app.Test(httptest.NewRequest(http.MethodGet, "/ready", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "dapr: give it a sidecar") || strings.Contains(string(body), "inside") {
		t.Errorf("readiness: %d %s", answer.StatusCode, body)
	}
	if !strings.Contains(log.String(), "give it a sidecar") || !strings.Contains(log.String(), "connection refused, inside") {
		t.Errorf("the log is %s", log.String())
	}
}

func TestEveryKindOfErrorHasItsStatus(t *testing.T) {
	t.Parallel()
	for kind, status := range map[domain.Kind]int{
		domain.KindInternal: 500, domain.KindInvalid: 422, domain.KindMalformed: 400, domain.KindUnauthorized: 401, domain.KindForbidden: 403,
		domain.KindNotFound: 404, domain.KindConflict: 409, domain.KindPreconditionFailed: 412, domain.KindTooLarge: 413, domain.KindGone: 410,
		domain.KindUnavailable: 503, domain.KindPermanent: 500, domain.Kind(99): 500,
	} {
		w := newWorld(t)
		w.odd = true
		store := broken{fmt.Errorf("list: %w", &domain.Error{Kind: kind, Detail: "what to do", Err: errors.New("inside.go:5 panic")})}
		w.serve(rest.New(w.deps(store)))
		a := w.call("GET", tasksPath, "")
		a.problem(t, status)
		if shown := strings.Contains(string(a.body), "what to do"); shown != (status != 500) {
			t.Errorf("%d: %s", status, a.body)
		}
		logged := strings.Count(w.log.String(), "inside.go:5")
		if want := map[bool]int{true: 1}[status >= 500]; logged != want {
			t.Errorf("%d is logged %d times: %s", status, logged, w.log)
		}
	}
}

func TestAPanicIsA500AndLoggedOnceWithItsPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(rest.New(w.deps(broken{})))
	w.call("GET", tasksPath+"/"+uuid.NewString(), "", "X-Request-ID: r-9").problem(t, 500)
	if log := w.log.String(); strings.Count(log, "a defect") != 1 || !strings.Contains(log, "world_test.go") || !strings.Contains(log, "request_id=r-9") {
		t.Errorf("the log is %s", log)
	}
	if a := w.call("GET", "/health", ""); a.status != 200 {
		t.Errorf("after it: %d", a.status)
	}
}

func TestARequestThatTakesTooLongIsUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *rest.Deps) { d.Timeout, d.Verify = time.Millisecond, wait })
	a := w.call("GET", tasksPath, "")
	a.problem(t, 503)
	if a.header.Get("Retry-After") == "" {
		t.Errorf("%v", a.header)
	}
}

func TestMethodsThatNobodyKnowsAreProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := http.NewRequest("BREW", "http://api.example"+tasksPath, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode < 400 || response.StatusCode >= 600 {
		t.Errorf("%d", response.StatusCode)
	}
}
