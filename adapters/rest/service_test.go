package rest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/core/domain"
)

func wait(ctx context.Context, _ string) (domain.Principal, error) {
	<-ctx.Done()
	return domain.Principal{}, ctx.Err()
}

func TestHealthDependsOnNothingAndReadinessOnEverything(t *testing.T) {
	t.Parallel()
	down := errors.New("dial 10.0.0.5: connection refused")
	var failing error
	w := newWorld(t, func(d *rest.Deps) {
		d.Ready = []rest.Check{
			{Name: "postgres", Run: func(context.Context) error { return nil }},
			{Name: "kafka", Run: func(context.Context) error { return failing }},
		}
	})
	noToken := "Authorization: "
	if a := w.call("GET", "/ready", "", noToken); a.status != 200 || !strings.Contains(string(a.body), `"kafka":"ok"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	failing = down
	a := w.call("GET", "/ready", "", noToken)
	a.problem(t, 503)
	if !strings.Contains(string(a.body), "kafka") || strings.Contains(string(a.body), "10.0.0.5") || a.header.Get("Retry-After") == "" {
		t.Errorf("%s", a.body)
	}
	if a := w.call("GET", "/health", "", noToken); a.status != 200 {
		t.Errorf("%d", a.status)
	}
}

func TestMetricsCountByRouteMethodAndStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(milk)
	w.create(milk)
	w.call("GET", "/api/u1/nothing", "")
	w.call("GET", tasksPath, "", "Authorization: ")
	metrics := string(w.call("GET", "/metrics", "", "Authorization: ").body)
	for _, want := range []string{
		`http_request_duration_seconds_count{method="POST",route="/api/:user_id/tasks",status="201"} 2`,
		`http_request_duration_seconds_count{method="GET",route="unmatched",status="404"} 1`,
		`http_request_duration_seconds_count{method="GET",route="/api/:user_id/tasks",status="401"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("%s is missing in\n%s", want, metrics)
		}
	}
	if strings.Contains(metrics, "u1") {
		t.Error("a metric names a user")
	}
}

func TestCORSIsForTheListedOrigins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("OPTIONS", tasksPath, "", "Authorization: ", "Origin: https://app.example", "Access-Control-Request-Method: PUT")
	if a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != "https://app.example" || a.header.Get("Access-Control-Allow-Credentials") != "true" ||
		!strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "If-Match") || !strings.Contains(a.header.Get("Access-Control-Allow-Methods"), "PUT") {
		t.Errorf("%d %v", a.status, a.header)
	}
	a = w.call("GET", tasksPath, "", "Origin: https://app.example")
	exposed := a.header.Get("Access-Control-Expose-Headers")
	for _, name := range []string{"ETag", "Location", "Link", "X-Stream-Position", "X-Request-ID"} {
		if !strings.Contains(exposed, name) {
			t.Errorf("%s is not exposed: %s", name, exposed)
		}
	}
	if a.header.Get("Vary") != "Origin" {
		t.Errorf("Vary is %q", a.header.Get("Vary"))
	}
	// A failure must be readable for the page, too.
	if a := w.call("GET", tasksPath, "", "Origin: https://app.example", "Authorization: "); a.header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("a 401 can't be read by the page")
	}
	for _, origin := range []string{"https://evil.example", "null", "https://app.example.evil", "http://app.example"} {
		a := w.call("OPTIONS", tasksPath, "", "Origin: "+origin, "Access-Control-Request-Method: GET")
		b := w.call("GET", tasksPath, "", "Origin: "+origin)
		if a.header.Get("Access-Control-Allow-Origin") != "" || b.header.Get("Access-Control-Allow-Origin") != "" || b.status != 200 {
			t.Errorf("%s is allowed: %v", origin, a.header)
		}
	}
}

func TestAStarLetsEveryOriginReadWithoutCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *rest.Deps) { d.Origins = []string{"*"} })
	a := w.call("GET", tasksPath, "", "Origin: https://any.example")
	if a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%v", a.header)
	}
}

func TestWhatAHandlerKeepsIsItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(`{"title":"first title","priority":"low","category":"work","description":"first description","tags":["first"]}`)
	for range 50 { // each reuses the memory of the one before
		w.call("POST", "/api/u2/tasks", `{"title":"XXXXXXXXXXX","priority":"high","category":"home","description":"XXXXXXXXXXXXXXXXX","tags":["XXXXX"]}`,
			"Authorization: Bearer user:u2", "X-Request-ID: XXXXXXXXXXXXXX")
	}
	if a := w.call("GET", tasksPath, ""); a.titles(t) != "first title" || strings.Contains(strings.ToUpper(string(a.body)), "XXX") {
		t.Errorf("%s", a.body)
	}
	if heads, _ := w.tasks.Heads(t.Context(), []string{"u1", "u2"}); heads["u1"].Position != 1 || heads["u2"].Position != 50 {
		t.Errorf("%v", heads)
	}
}

func TestHEADAnswersAsGETWithoutTheBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, path := w.create(milk)
	for _, p := range []string{path, tasksPath + "?limit=1", "/api/u1/audit", "/health", "/openapi.json"} {
		get, head := w.call("GET", p, ""), w.call("HEAD", p, "")
		if head.status != get.status || len(head.body) > 0 {
			t.Errorf("%s: %d %q, GET answers %d", p, head.status, head.body, get.status)
		}
		for _, name := range []string{"ETag", "Content-Type", "Content-Length", "X-Stream-Position"} {
			if head.header.Get(name) != get.header.Get(name) {
				t.Errorf("%s: %s is %q, GET has %q", p, name, head.header.Get(name), get.header.Get(name))
			}
		}
	}
	if a := w.call("HEAD", tasksPath+"/"+uuid.NewString(), ""); a.status != 404 || len(a.body) > 0 {
		t.Errorf("%d %q", a.status, a.body)
	}
}

func TestOPTIONSAnswersWhatARouteTakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, want := range map[string]string{
		tasksPath: "GET HEAD POST", tasksPath + "/" + uuid.NewString(): "DELETE GET HEAD PUT", "/health": "GET HEAD",
	} {
		a := w.call("OPTIONS", path, "", "Authorization: ")
		got := strings.Split(strings.Join(a.header.Values("Allow"), ", "), ", ")
		slices.Sort(got)
		if a.status != 204 || strings.Join(got, " ") != want || len(a.body) > 0 {
			t.Errorf("%s: %d, Allow %v, want %s", path, a.status, got, want)
		}
	}
	w.call("OPTIONS", "/api/u1/nothing", "").problem(t, 404)
}

// TestPagesOfOtherOriginsMaySendAndReadWhatIsDescribed compares CORS with the document.
func TestPagesOfOtherOriginsMaySendAndReadWhatIsDescribed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sent, read := map[string]bool{}, map[string]bool{}
	var walk func(node any, in string)
	walk = func(node any, in string) {
		switch n := node.(type) {
		case map[string]any:
			if name, ok := n["name"].(string); ok && n["in"] == "header" {
				sent[name] = true
			}
			for key, child := range n {
				if in == "headers" {
					read[key] = true
				}
				walk(child, key)
			}
		case []any:
			for _, child := range n {
				walk(child, "")
			}
		}
	}
	walk(w.call("GET", "/openapi.json", "").object(t), "")
	for _, handshake := range []string{"Origin", "Sec-WebSocket-Protocol", "Upgrade"} { // a browser's own
		delete(sent, handshake)
		delete(read, handshake)
	}
	preflight := w.call("OPTIONS", tasksPath, "", "Origin: https://app.example", "Access-Control-Request-Method: PUT").header.Get("Access-Control-Allow-Headers")
	exposed := w.call("GET", tasksPath, "", "Origin: https://app.example").header.Get("Access-Control-Expose-Headers")
	for name := range sent {
		if !strings.Contains(preflight, name) {
			t.Errorf("%s is described and may not be sent: %s", name, preflight)
		}
	}
	for name := range read {
		if !strings.Contains(exposed, name) {
			t.Errorf("%s is described and can't be read: %s", name, exposed)
		}
	}
	if len(sent) < 4 || len(read) < 6 {
		t.Errorf("only %v and %v", sent, read)
	}
}

func TestTheSameOriginAlwaysPasses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *rest.Deps) { d.Origins = nil })
	if a := w.call("POST", tasksPath, milk, "Origin: http://api.example"); a.status != 201 {
		t.Errorf("%d %s", a.status, a.body)
	}
}
