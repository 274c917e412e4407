package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"unicode"
)

// object is a JSON object as it came.
type object map[string]any

func decode(b []byte) (object, error) {
	var o object
	if err := json.Unmarshal(b, &o); err != nil {
		return nil, fmt.Errorf("%w in %.200q", err, b)
	}
	return o, nil
}

func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

func (o object) version() int { return int(o["version"].(float64)) } //nolint:forcetypeassert // a task has one

func (o object) etag() string { return fmt.Sprintf(`"%d"`, o.version()) }

// write is one that was applied: the task before (nil: created) and after it (nil: deleted).
type write struct {
	event         string // created, updated, completed, deleted
	before, after object
	answered      bool // else found by reading
}

// check says what is wrong with the new state of a task, given what it was and what was asked for.
func check(before, asked, after object) error {
	want := maps.Clone(before)
	maps.Copy(want, asked)
	want["version"] = before["version"].(float64) + 1 //nolint:forcetypeassert // a task has one
	want["updatedAt"] = after["updatedAt"]
	if before.text("updatedAt") > after.text("updatedAt") {
		return fmt.Errorf("updatedAt went back from %s to %s", before.text("updatedAt"), after.text("updatedAt"))
	}
	return same("task", want, after)
}

// entry is what the audit trail must say of the write.
func (w write) entry() object {
	t := w.after
	if t == nil {
		t = w.before
	}
	data := object{"title": t["title"], "old": nil, "new": nil}
	switch w.event {
	case "created":
		data["new"] = payload(w.after)
	case "deleted":
		data["old"] = payload(w.before)
	case "completed":
		data["old"] = map[string]any{"completed": false, "status": "pending"}
		data["new"] = map[string]any{"completed": true, "status": "completed"}
	default:
		before, after := payload(w.before), payload(w.after)
		for name := range before {
			if name == "version" || name == "updated_at" || reflect.DeepEqual(before[name], after[name]) {
				delete(before, name)
				delete(after, name)
			}
		}
		data["old"], data["new"] = before, after
	}
	e := object{"eventType": w.event, "entityType": "task", "entityId": t["id"], "userId": t["userId"], "data": map[string]any(data)}
	if w.after != nil {
		e["timestamp"] = w.after["updatedAt"]
	}
	return e
}

// payload is a task as events have it: the same fields in snake case.
func payload(task object) map[string]any {
	out := map[string]any{"task_id": task["id"]}
	for name, value := range task {
		if name != "id" && name != "userId" {
			out[snake(name)] = value
		}
	}
	return out
}

func snake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// same says what differs.
func same(what string, want, got object) error {
	if reflect.DeepEqual(want, got) {
		return nil
	}
	w, _ := json.Marshal(want)
	g, _ := json.Marshal(got)
	return fmt.Errorf("%s:\nwant %s\ngot  %s", what, w, g)
}
