package dropin

import (
	"fmt"
	"time"
)

func testCounts(c *client) {
	c.create(object{"title": "a", "priority": "low", "category": "other"})
	id := c.create(object{"title": "b", "priority": "low", "category": "other"})["id"].(string)
	c.want(200, "PATCH", "tasks/"+id+"/complete", nil)
	stats := c.want(200, "GET", "stats", nil)
	hasFields(c.t, stats, "total pending completed")
	if stats["total"] != 2.0 || stats["pending"] != 1.0 || stats["completed"] != 1.0 {
		c.t.Errorf("%v", stats)
	}
}

func testAuditTrail(c *client) {
	id := c.create(object{"title": "a", "priority": "low", "category": "other"})["id"].(string)
	c.want(200, "PUT", "tasks/"+id, object{"title": "b"})
	c.want(200, "PATCH", "tasks/"+id+"/complete", nil)
	if a := c.call("DELETE", "tasks/"+id, nil); a.status != 204 {
		c.t.Fatalf("%d %s", a.status, a.body)
	}
	var entries []object
	eventually(c.t, "four entries", func() error {
		if entries = c.list("audit"); len(entries) != 4 {
			return fmt.Errorf("%d entries", len(entries))
		}
		return nil
	})
	for i, want := range []string{"deleted", "completed", "updated", "created"} { // one of each: completing wrote two there
		e := entries[i]
		hasFields(c.t, e, "id eventType entityType entityId userId timestamp data")
		at, _ := e["timestamp"].(string)
		if e["eventType"] != want || e["entityType"] != "task" || e["entityId"] != id || e["userId"] != c.user || !moment.MatchString(at) || e["data"] == nil {
			c.t.Errorf("entry %d is %v", i, e)
		}
	}
	for query, want := range map[string]int{
		"?event_type=created": 1, "?entity_id=" + id: 4, "?entity_type=task&limit=2": 2, "?limit=2&offset=3": 1, "?event_type=other": 0,
	} {
		if n := len(c.list("audit" + query)); n != want {
			c.t.Errorf("%s: %d entries, want %d", query, n, want)
		}
	}
}

func testTheNextOccurrence(c *client) {
	due := time.Now().UTC().Add(24 * time.Hour).Truncate(time.Second)
	first := c.create(object{"title": "water", "priority": "low", "category": "home", "dueDate": due.Format("2006-01-02T15:04:05"), "recurringRule": "Daily", "tags": []string{"x"}})
	c.want(200, "PATCH", "tasks/"+first["id"].(string)+"/complete", nil)
	eventually(c.t, "the next occurrence", func() error {
		list := c.list("tasks?status=pending")
		if len(list) != 1 {
			return errNotYet
		}
		next := list[0]
		if next["title"] != "water" || next["recurringRule"] != "daily" || next["parentTaskId"] != first["id"] || next["completed"] != false ||
			next["dueDate"] != due.Add(24*time.Hour).Format("2006-01-02T15:04:05.000000Z") {
			c.t.Fatalf("%v", next)
		}
		return nil
	})
}
