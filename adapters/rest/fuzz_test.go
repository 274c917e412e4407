package rest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/tasktide/tasktide/adapters/rest"
)

// FuzzRequest sends anything to every route that is described: the answer is never
// the server's failure, and a refusal is a problem.
func FuzzRequest(f *testing.F) {
	w := newWorld(f)
	_, path := w.create(milk)
	id := path[len(tasksPath)+1:]
	app := rest.New(w.deps(w.tasks))
	handler := app.Handler()
	places := describedPlaces(f, w)
	at := func(place string) byte {
		i := slices.Index(places, place)
		if i < 0 {
			f.Fatalf("%s is not described", place)
		}
		return byte(i)
	}
	list, post, put := at("GET /api/{user_id}/tasks"), at("POST /api/{user_id}/tasks"), at("PUT /api/{user_id}/tasks/{id}")
	f.Add(list, id, "status=pending&sort_by=title&limit=3&due_before=2026-01-01T00:00:00%2B01:00&tags=a,b&search=%25", "Prefer", "handling=strict", []byte(nil))
	f.Add(list, id, "cursor=AAAA&limit=1&sort_order=ASC", "If-None-Match", `W/"1", "2"`, []byte(nil))
	f.Add(post, id, "", "Prefer", "return=minimal, handling=strict", []byte(`{"title":"a\ud83d\ude00","priority":"LOW","category":"work","dueDate":"2026-01-01","x":1}`))
	f.Add(put, id, "", "If-Match", `"1"`, []byte(`{"recurringRule":"FREQ=DAILY;COUNT=3","timeZone":"Europe/Berlin","reminderAt":"2026-01-01T10:00","tags":["A",""]}`))
	f.Add(put, "not-a-uuid", "%zz=%", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", []byte(`[`))
	for i, place := range places {
		if strings.Contains(place, "/events") || strings.Contains(place, "/audit") || strings.Contains(place, "/preferences") || strings.Contains(place, "/notifications") {
			f.Add(byte(i), id, "after=5&limit=2&event_type=created&offset=1&unread_only=true", "X-Request-ID", "r\x01", []byte(`{"timeZone":"UTC","theme":"dark"}`))
		}
	}
	f.Fuzz(func(t *testing.T, n byte, id, query, name, value string, body []byte) {
		method, path, _ := strings.Cut(places[int(n)%len(places)], " ")
		var request fasthttp.Request
		request.Header.SetMethod(method)
		request.SetRequestURI("/")
		request.URI().SetPath(strings.NewReplacer("{user_id}", "u1", "{id}", id).Replace(path))
		request.URI().SetQueryString(query)
		request.Header.Set(fiber.HeaderAuthorization, "Bearer user:u1")
		if name = strings.TrimSpace(name); name != "" && len(name) < 50 {
			request.Header.Set(name, value)
		}
		request.SetBody(body)
		var c fasthttp.RequestCtx
		c.Init(&request, nil, nil)
		handler(&c)
		status := c.Response.StatusCode()
		if status == 500 || status < 200 || status > 599 {
			t.Fatalf("%s %s?%s %s: %s %.300q: %d %s", method, path, query, name, value, body, status, c.Response.Body())
		}
		if status < 400 || method == fiber.MethodHead {
			return
		}
		var p struct {
			Status int
			Detail string
		}
		if err := json.Unmarshal(c.Response.Body(), &p); err != nil || p.Status != status || p.Detail == "" {
			t.Fatalf("%s %s: %d is no problem: %s", method, path, status, c.Response.Body())
		}
	})
}

// describedPlaces are "METHOD /path" of the routes of users.
func describedPlaces(t testing.TB, w *world) (places []string) {
	t.Helper()
	paths, _ := w.call("GET", "/openapi.json", "").object(t)["paths"].(map[string]any)
	for path, item := range paths {
		operations, _ := item.(map[string]any)
		for method := range operations {
			// Export and erasure decode nothing, and need a database.
			if strings.HasPrefix(path, "/api/{user_id}/") && !strings.HasSuffix(path, "/export") {
				places = append(places, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(places)
	return places
}
