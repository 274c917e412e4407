package schema

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// Sample is a valid event: the n-th of a user's stream, a task that was created.
func Sample(user string, n int) domain.Event {
	id, task := uuid.New(), uuid.NewString()
	now := time.Now().UTC().Truncate(time.Microsecond)
	at := now.Format("2006-01-02T15:04:05.000000Z")
	return domain.Event{
		ID: id, Time: now, Type: domain.TaskCreatedV1, UserID: user, CorrelationID: "c-" + id.String(),
		Source: domain.BackendAPI, Subject: task, Position: int64(n),
		TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Data: json.RawMessage(fmt.Sprintf(`{"task_id":%q,"title":"n° %d","description":null,"priority":"low","category":"home","status":"pending","completed":false,`+
			`"due_date":null,"recurring_rule":null,"recurring_end_date":null,"parent_task_id":null,"previous_task_id":null,"reminder_at":null,`+
			`"reminder_sent":false,"tags":[],"time_zone":"UTC","version":1,"created_at":%q,"updated_at":%q}`, task, n, at, at)),
	}
}
