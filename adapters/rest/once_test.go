package rest_test

import (
	"strings"
	"sync"
	"testing"
)

func (w *world) once(key, body string, headers ...string) answer {
	w.t.Helper()
	return w.call("POST", tasksPath, body, append(headers, "Idempotency-Key: "+key)...)
}

func TestARepeatedRequestIsAnsweredAsTheFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.once("k 1", milk)
	if first.status != 201 {
		t.Fatalf("%d %s", first.status, first.body)
	}
	same := func(when string, a answer) {
		t.Helper()
		if a.status != 201 || string(a.body) != string(first.body) || a.header.Get("Location") != first.header.Get("Location") || a.header.Get("ETag") != first.header.Get("ETag") {
			t.Errorf("%s: %d %v %s", when, a.status, a.header, a.body)
		}
	}
	if id, _ := first.object(t)["id"].(string); first.header.Get("Location") != tasksPath+"/"+id || first.header.Get("ETag") != `"1"` {
		t.Errorf("%v", first.header)
	}
	same("repeated", w.once("k 1", milk))
	same("with spaces around the key", w.once("  k 1 ", milk))
	path := first.header.Get("Location")
	w.call("PUT", path, `{"title":"Oat milk"}`)
	same("after a change", w.once("k 1", milk))
	w.call("DELETE", path, "")
	same("after the end", w.once("k 1", milk))
	if n := len(w.call("GET", tasksPath, "").list(t)); n != 0 {
		t.Errorf("%d tasks", n)
	}
	if a := w.once("k 2", milk); a.status != 201 || a.object(t)["id"] == first.object(t)["id"] {
		t.Errorf("another key: %d %s", a.status, a.body)
	}
	if a := w.call("POST", "/api/u2/tasks", milk, other, "Idempotency-Key: k 1"); a.status != 201 || a.object(t)["userId"] != "u2" {
		t.Errorf("another user's: %d %s", a.status, a.body)
	}
	if a := w.call("GET", "/api/u1/stats", ""); string(a.body) != `{"total":1,"pending":1,"completed":0}` {
		t.Errorf("%s", a.body)
	}
}

func TestAKeyIsForOneRequestOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.once("k", milk)
	for _, body := range []string{strings.Replace(milk, "Milk", "Beer", 1), milk + " "} {
		if field := w.once("k", body).problem(t, 422); field != "Idempotency-Key" {
			t.Errorf("%q: %s", body, field)
		}
	}
	for key, want := range map[string]string{
		strings.Repeat("x", 256): "Idempotency-Key", "\xff": "Idempotency-Key",
	} {
		if field := w.once(key, milk).problem(t, 422); field != want {
			t.Errorf("%q: %s", key, field)
		}
	}
	if a := w.once(strings.Repeat("x", 255), milk); a.status != 201 {
		t.Errorf("255 bytes: %d %s", a.status, a.body)
	}
	if field := w.once("bad", `{"title":"","priority":"low","category":"work"}`).problem(t, 422); field != "title" {
		t.Errorf("a bad body: %s", field)
	}
	if a := w.once("bad", milk); a.status != 201 {
		t.Errorf("a refused request used the key up: %d %s", a.status, a.body)
	}
	w.once("k", "{").problem(t, 400)
	w.call("POST", tasksPath, milk, other, "Idempotency-Key: k").problem(t, 403)
}

func TestRequestsAtOnceWithOneKeyCreateOneTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bodies := make([]string, 16)
	var wg sync.WaitGroup
	for i := range bodies {
		wg.Go(func() { bodies[i] = string(w.once("k", milk).body) })
	}
	wg.Wait()
	for _, b := range bodies {
		if b != bodies[0] {
			t.Errorf("%s and %s", b, bodies[0])
		}
	}
	if n := len(w.call("GET", tasksPath, "").list(t)); n != 1 {
		t.Errorf("%d tasks", n)
	}
}
