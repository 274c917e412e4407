package device

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
)

// tasks is a device's copy of the list, by id.
type tasks map[string]Task

// apply changes the copy as an event of the stream says.
func (c tasks) apply(m Message) error {
	var data map[string]any
	if err := json.Unmarshal(m.Data, &data); err != nil {
		return fmt.Errorf("data of %s: %w", m.EventType, err)
	}
	id, _ := data["task_id"].(string)
	t := c[id]
	if (t == nil) != (m.Action == "created") {
		return fmt.Errorf("%s of the task %q, which is there: %t", m.EventType, id, t != nil)
	}
	switch m.Action {
	case "created":
		c[id] = FromPayload(m.UserID, data)
		return nil
	case "deleted":
		if err := Same(m.EventType, t, FromPayload(m.UserID, data)); err != nil {
			return err
		}
		delete(c, id)
		return nil
	}
	t = maps.Clone(t)
	switch {
	case m.Type == "notification-created":
		if t["completed"] != false || t["reminderSent"] != false || t["reminderAt"] == nil {
			return fmt.Errorf("a reminder of the task %v", t)
		}
		t["reminderSent"] = true
	case m.Action == "completed":
		t["completed"], t["status"] = true, "completed"
	case m.Action == "updated":
		if err := change(t, data); err != nil {
			return err
		}
	default:
		return fmt.Errorf("unknown message %q with action %q", m.Type, m.Action)
	}
	version, _ := t["version"].(float64)
	t["version"], t["updatedAt"] = version+1, m.Timestamp
	c[id] = t
	return nil
}

// change sets the fields of a task.updated.v1, whose old values must be those of the copy.
func change(t Task, data map[string]any) error {
	changes, _ := data["changes"].(map[string]any)
	if len(changes) == 0 {
		return fmt.Errorf("an update without changes: %v", data)
	}
	for name, value := range changes {
		name, value := camel(name), value.(map[string]any)
		if !reflect.DeepEqual(t[name], value["old"]) {
			return fmt.Errorf("%s was %v here, and %v by the event", name, t[name], value["old"])
		}
		t[name] = value["new"]
	}
	return nil
}

// Same says what differs.
func Same(what string, want, got map[string]any) error {
	if reflect.DeepEqual(want, got) {
		return nil
	}
	w, _ := json.Marshal(want)
	g, _ := json.Marshal(got)
	return fmt.Errorf("%s:\nwant %s\ngot  %s", what, w, g)
}
