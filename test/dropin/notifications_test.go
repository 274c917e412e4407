package dropin

import "time"

// testNotifications follows a reminder: it fires, is listed, read, and deleted, as
// the page does it.
func testNotifications(c *client) {
	ws, _, err := c.dial("/ws/"+c.user, c.user)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = ws.Close() }()
	read(c.t, ws) // connected
	at := time.Now().UTC().Add(2 * time.Second)
	ids := map[any]bool{}
	for _, title := range []string{"call", "write"} {
		task := c.create(object{"title": title, "priority": "low", "category": "work", "reminderAt": at.Format("2006-01-02T15:04:05.000")})
		ids[task["id"]] = true
	}
	for told := 0; told < 2; {
		m := read(c.t, ws)
		if m["type"] != "notification-created" {
			continue
		}
		data, _ := m["data"].(object)
		if !ids[data["task_id"]] || data["message"] == "" {
			c.t.Errorf("%v", m)
		}
		told++
	}
	list := c.list("notifications")
	if len(list) != 2 {
		c.t.Fatalf("%d notifications", len(list))
	}
	for _, n := range list {
		hasFields(c.t, n, "id userId message taskId type read createdAt")
		created, _ := n["createdAt"].(string)
		if !ids[n["taskId"]] || n["userId"] != c.user || n["read"] != false || !moment.MatchString(created) {
			c.t.Errorf("%v", n)
		}
	}
	first := list[0]["id"].(string)
	if got := c.want(200, "PATCH", "notifications/"+first+"/read", nil); got["read"] != true || got["id"] != first {
		c.t.Errorf("%v", got)
	}
	if unread := c.list("notifications?unread_only=true&limit=10"); len(unread) != 1 || unread[0]["id"] == first {
		c.t.Errorf("%v", unread)
	}
	if got := c.want(200, "PATCH", "notifications/read-all", nil); len(got) != 1 || got["count"] != 1.0 {
		c.t.Errorf("%v", got)
	}
	if got := c.want(200, "DELETE", "notifications/"+first, nil); len(got) != 1 || got["success"] != true {
		c.t.Errorf("%v", got)
	}
	c.want(404, "DELETE", "notifications/"+first, nil)
	if n := len(c.list("notifications")); n != 1 {
		c.t.Errorf("%d notifications are left, want 1", n)
	}
}
