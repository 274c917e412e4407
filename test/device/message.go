package device

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Message is one of the server's, of any type.
type Message struct {
	Type      string          `json:"type"`
	Action    string          `json:"action"`
	EventID   string          `json:"event_id"`
	EventType string          `json:"event_type"`
	Epoch     string          `json:"epoch"`
	Position  int64           `json:"position"`
	UserID    string          `json:"user_id"`
	Timestamp string          `json:"timestamp"`
	Reason    string          `json:"reason"`
	Data      json.RawMessage `json:"data"`
}

// IsEvent says whether the message is an event of the stream.
func (m Message) IsEvent() bool { return m.Type == "task_update" || m.Type == "notification-created" }

// Place is a position in one database's stream of a user.
type Place struct {
	Epoch    string
	Position int64
}

func (p Place) String() string { return p.Epoch + ":" + strconv.FormatInt(p.Position, 10) }

func parsePlace(s string) (Place, error) {
	epoch, number, _ := strings.Cut(s, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || epoch == "" {
		return Place{}, fmt.Errorf("%q is no stream position", s)
	}
	return Place{Epoch: epoch, Position: n}, nil
}

// Task is a task as REST answers it.
type Task = map[string]any

// FromPayload is a task in an event's payload as REST answers it: names in camel case, and nothing of how the series is
// counted, which only services need.
func FromPayload(user string, payload map[string]any) Task {
	t := Task{"userId": user}
	for name, value := range payload {
		switch name {
		case "series_start", "series_index":
			continue
		case "task_id":
			name = "id"
		}
		t[camel(name)] = value
	}
	return t
}

func camel(snake string) string {
	parts := strings.Split(snake, "_")
	for i, p := range parts[1:] {
		parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
	}
	return strings.Join(parts, "")
}
