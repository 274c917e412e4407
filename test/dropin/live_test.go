package dropin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/tasktide/tasktide/test/contract/schema"
)

// dial opens a WebSocket as a page of the same origin does: its browser adds Origin
// and the cookie of the sign-in, and knows of no token.
func (c *client) dial(path, cookie string) (*websocket.Conn, *http.Response, error) {
	h := http.Header{"Origin": {c.s.base}}
	if cookie != "" {
		h.Set("Cookie", session+"="+cookie)
	}
	return websocket.DefaultDialer.DialContext(c.t.Context(), "ws"+strings.TrimPrefix(c.s.base, "http")+path, h)
}

// read is the next message; every one must be as its schema has it.
func read(t *testing.T, ws *websocket.Conn) object {
	t.Helper()
	_ = ws.SetReadDeadline(time.Now().Add(30 * time.Second))
	_, b, err := ws.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.FromServer(b); err != nil {
		t.Error(err)
	}
	var o object
	if err := json.Unmarshal(b, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func testLiveConnection(c *client) {
	for _, path := range []string{"/ws/" + c.user, "/ws?user_id=" + c.user} {
		ws, response, err := c.dial(path, c.user)
		if err != nil {
			c.t.Fatalf("%s: %v %v", path, err, response)
		}
		if first := read(c.t, ws); first["type"] != "connected" || first["service"] != "websocket-service" {
			c.t.Errorf("%v", first)
		}
		if err := ws.WriteMessage(websocket.TextMessage, []byte("ping")); err != nil {
			c.t.Fatal(err)
		}
		if pong := read(c.t, ws); pong["type"] != "pong" {
			c.t.Errorf("%v", pong)
		}
		id := c.create(object{"title": "a", "priority": "low", "category": "other"})["id"].(string)
		c.want(200, "PUT", "tasks/"+id, object{"title": "b"})
		c.want(200, "PATCH", "tasks/"+id+"/complete", nil)
		c.call("DELETE", "tasks/"+id, nil)
		for _, action := range []string{"created", "updated", "completed", "deleted"} {
			m := read(c.t, ws)
			data, _ := m["data"].(object)
			if m["type"] != "task_update" || m["action"] != action || m["user_id"] != c.user || m["event_type"] != "task."+action+".v1" || data["task_id"] != id {
				c.t.Errorf("want %s, got %v", action, m)
			}
		}
		_ = ws.Close()
	}
}

func testLiveConnectionWithoutASession(c *client) {
	for name, w := range map[string]struct {
		path, cookie string
		status       int
	}{
		"no cookie":        {"/ws/" + c.user, "", 401},
		"a session over":   {"/ws/" + c.user, "over", 401},
		"another's stream": {"/ws/somebody", c.user, 403},
	} {
		ws, response, err := c.dial(w.path, w.cookie)
		if err == nil {
			_ = ws.Close()
			c.t.Errorf("%s: connected", name)
			continue
		}
		if response == nil || response.StatusCode != w.status {
			c.t.Errorf("%s: %v %v, want %d", name, err, response, w.status)
		}
	}
}
