package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"
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

// write is one that was applied.
type write struct {
	event    string // created, updated, completed, deleted
	asked    object // the fields that an update or a completion was to set
	after    object // created: the task; else the answer, nil when there was none
	answered bool   // else found by reading
}

// explain says whether a change was applied, given the task as its user knew it and as it is now. A reminder may have been
// sent before the change, or after it when now was read and not answered.
func explain(before, asked, now object, event string, answered bool) (applied bool, err error) {
	bases := []object{before}
	if r := reminded(before); r != nil {
		bases = append(bases, r)
	}
	for _, base := range bases {
		if alike(base, now) {
			return false, nil
		}
	}
	for _, base := range bases {
		if event == "deleted" {
			break
		}
		want := changed(base, asked)
		if r := reminded(want); alike(want, now) || !answered && r != nil && alike(r, now) {
			return true, notBack(before, now)
		}
	}
	return false, same("task", changed(before, asked), now)
}

// changed is the task with the fields that were asked for; nobody knows yet when.
func changed(t, asked object) object {
	out := maps.Clone(t)
	maps.Copy(out, asked)
	if out["reminderAt"] != t["reminderAt"] {
		out["reminderSent"] = false
	}
	out["version"], out["updatedAt"] = float64(t.version()+1), nil
	return out
}

// due says whether a reminder of the task may be sent at this moment.
func due(t object) bool {
	at, err := time.Parse(time.RFC3339Nano, t.text("reminderAt"))
	return err == nil && t["completed"] == false && t["reminderSent"] == false && at.Before(time.Now().Add(time.Second))
}

// reminded is the task after its reminder was sent; nil when none may be sent.
func reminded(t object) object {
	if !due(t) {
		return nil
	}
	out := maps.Clone(t)
	out["reminderSent"], out["version"], out["updatedAt"] = true, float64(t.version()+1), nil
	return out
}

// asCreated is the task before its reminder was sent.
func asCreated(t object) object {
	out := maps.Clone(t)
	if t.version() == 2 && t["reminderSent"] == true {
		out["reminderSent"], out["version"], out["updatedAt"] = false, 1.0, t["createdAt"]
	}
	return out
}

// alike compares everything but the time of the last change.
func alike(a, b object) bool {
	a, b = maps.Clone(a), maps.Clone(b)
	delete(a, "updatedAt")
	delete(b, "updatedAt")
	return reflect.DeepEqual(a, b)
}

func notBack(before, after object) error {
	if before.text("updatedAt") > after.text("updatedAt") {
		return fmt.Errorf("updatedAt went back from %s to %s", before.text("updatedAt"), after.text("updatedAt"))
	}
	return nil
}

// entry is what the audit trail must say of a change from before (nil: created) to after (nil: deleted).
func entry(event string, before, after object) object {
	t := after
	if t == nil {
		t = before
	}
	data := object{"title": t["title"], "old": nil, "new": nil}
	switch event {
	case "created":
		data["new"] = payload(after)
	case "deleted":
		data["old"] = payload(before)
	case "completed":
		data["old"] = map[string]any{"completed": false, "status": "pending"}
		data["new"] = map[string]any{"completed": true, "status": "completed"}
	default:
		old, fresh := payload(before), payload(after)
		for name := range old {
			if name == "version" || name == "updated_at" || reflect.DeepEqual(old[name], fresh[name]) {
				delete(old, name)
				delete(fresh, name)
			}
		}
		data["old"], data["new"] = old, fresh
	}
	return object{"eventType": event, "entityType": "task", "entityId": t["id"], "userId": t["userId"], "data": map[string]any(data)}
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
