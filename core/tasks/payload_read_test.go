package tasks_test

import (
	"encoding/json"
	"testing"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
)

// FuzzFromPayload: what is read is written again as it was read, and bad data is
// malformed.
func FuzzFromPayload(f *testing.F) {
	const good = `{"task_id":"01a20eb7-db03-7017-876d-e44a7d67eb4b","title":"t","description":null,"priority":"high","category":"home","status":"pending",` +
		`"completed":false,"due_date":"2026-02-04T23:00:00.000000Z","recurring_rule":"daily","series_start":"2026-02-01T23:00:00.000000Z","series_index":3,` +
		`"tags":["a"],"time_zone":"Europe/Berlin","version":2,"created_at":"2026-02-04T10:00:00.123456Z","updated_at":"2026-02-04T10:00:00.123456Z"}`
	for _, s := range []string{good, `{}`, `[]`, `null`, `{"task_id":"01a20eb7-db03-7017-876d-e44a7d67eb4b","title":"t","priority":"low","category":"home","tags":null,"due_date":"0001-01-01T00:00:00+01:00"}`, `{"task_id":7}`, `{"task_id":"01a20eb7-db03-7017-876d-e44a7d67eb4b","title":"t","priority":"urgent","category":"home"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		task, err := tasks.FromPayload(domain.Event{Type: domain.TaskDeletedV1, UserID: "u1", Data: json.RawMessage(data)})
		if err != nil {
			if domain.KindOf(err) != domain.KindMalformed {
				t.Fatal(err)
			}
			return
		}
		written := tasks.FullPayload(&task)
		again, err := tasks.FromPayload(domain.Event{Type: domain.TaskDeletedV1, UserID: "u1", Data: written})
		if err != nil || string(tasks.FullPayload(&again)) != string(written) || again.UserID != "u1" {
			t.Fatalf("%s became %s, %v", data, written, err)
		}
	})
}
