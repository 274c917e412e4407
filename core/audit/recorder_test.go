package audit_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/audit"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
)

const id = "01890a5d-ac96-774b-bcce-b302099a8057"

func event(kind domain.EventType, data string) domain.Event {
	return domain.Event{
		ID: uuid.New(), Time: time.Date(2026, 2, 4, 10, 0, 0, 0, time.UTC), Type: kind, UserID: "u1",
		Position: 7, Subject: id, Data: json.RawMessage(data),
	}
}

func TestEachEventBecomesOneEntryWithBothSides(t *testing.T) {
	t.Parallel()
	task := domain.Task{ID: uuid.MustParse(id), Title: "Milk", Tags: []string{}, Version: 1}
	full := string(tasks.FullPayload(&task))
	changed := task
	changed.Title, changed.Completed = "Bread", true
	for _, c := range []struct {
		kind       domain.EventType
		data       string
		want       string
		title      string
		oldS, newS string
	}{
		{domain.TaskCreatedV1, full, "created", "Milk", `null`, full},
		{domain.TaskDeletedV1, full, "deleted", "Milk", full, `null`},
		{domain.TaskCompletedV1, string(tasks.CompletedPayload(&task)), "completed", "Milk",
			`{"completed":false,"status":"pending"}`, `{"completed":true,"status":"completed"}`},
		{domain.TaskUpdatedV1, string(tasks.UpdatedPayload(&task, &changed)), "updated", "Bread",
			`{"completed":false,"status":"pending","title":"Milk"}`, `{"completed":true,"status":"completed","title":"Bread"}`},
	} {
		store := memory.NewAudit()
		r, e := audit.NewRecorder(store), event(c.kind, c.data)
		for range 2 {
			if err := r.Handle(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		list, err := audit.NewReader(store).List(t.Context(), "u1", domain.AuditQuery{})
		if err != nil || len(list) != 1 {
			t.Fatalf("%s: %d entries, %v", c.kind, len(list), err)
		}
		got := list[0]
		if got.ID != e.ID || got.UserID != "u1" || got.Position != 7 || got.EventType != c.want || got.EntityType != "task" ||
			got.EntityID != id || !got.Time.Equal(e.Time) {
			t.Errorf("%+v", got)
		}
		var data struct {
			Title    string
			Old, New json.RawMessage
		}
		if err := json.Unmarshal(got.Data, &data); err != nil || data.Title != c.title || string(data.Old) != c.oldS || string(data.New) != c.newS {
			t.Errorf("%s: %s, %v", c.kind, got.Data, err)
		}
	}
}

// The entry of an event whose data come as core/tasks writes them is the same as
// that of the same data with white space, which are read by the general path.
func TestBothWaysToReadAnEventGiveTheSameEntry(t *testing.T) {
	t.Parallel()
	for _, title := range []string{"Milk", "", `a "quoted" \\ <b>`, "Über", "a\tb", "x\u0000y"} {
		task := domain.Task{ID: uuid.MustParse(id), Title: title, Tags: []string{"a"}, Version: 1}
		for kind, data := range map[domain.EventType]json.RawMessage{
			domain.TaskCreatedV1: tasks.FullPayload(&task), domain.TaskDeletedV1: tasks.FullPayload(&task),
			domain.TaskCompletedV1: tasks.CompletedPayload(&task),
		} {
			a, errA := audit.Entry(event(kind, string(data)))
			b, errB := audit.Entry(event(kind, " "+string(data)))
			if (errA == nil) != (errB == nil) || a.EntityID != b.EntityID {
				t.Errorf("%s %q: %v %+v, %v %+v", kind, title, errA, a, errB, b)
			}
			if errA != nil {
				continue
			}
			var x, y any
			if json.Unmarshal(a.Data, &x) != nil || json.Unmarshal(b.Data, &y) != nil || !reflect.DeepEqual(x, y) {
				t.Errorf("%s %q: %s, want %s", kind, title, a.Data, b.Data)
			}
		}
	}
	for _, bad := range []string{`{"task_id":"` + id + `","title":"x"`, `{"task_id":"` + id + `","title":"x`, `{"task_id":"` + id + `","title":"x"}}`, `{"task_id":"00000000-0000-0000-0000-000000000000","title":"x"}`} {
		if _, err := audit.Entry(event(domain.TaskCreatedV1, bad)); !errors.Is(err, domain.ErrMalformed) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestWhatCantBecomeAnEntryIsRefusedForGood(t *testing.T) {
	t.Parallel()
	r := audit.NewRecorder(memory.NewAudit())
	for data, kind := range map[string]domain.EventType{
		``:                            domain.TaskCreatedV1,
		`null`:                        domain.TaskCreatedV1,
		`5`:                           domain.TaskCreatedV1,
		`{"task_id":5,"title":"x"}`:   domain.TaskCreatedV1,
		`{"task_id":"x","title":"x"}`: domain.TaskCreatedV1,
		`{"task_id":"` + id + `"}`:    domain.TaskDeletedV1,
		`{"task_id":"` + id + `","title":"a\u0000"}`:                          domain.TaskCreatedV1,
		`{"task_id":"` + id + `","title":"a\\\u0000"}`:                        domain.TaskCompletedV1,
		`{"task_id":"` + id + `","title":"x"}`:                                domain.TaskUpdatedV1,
		`{"task_id":"` + id + `","title":"x","changes":[]}`:                   domain.TaskUpdatedV1,
		`{"task_id":"` + id + `","title":"x","changes":{"a":5}}`:              domain.TaskUpdatedV1,
		`{"task_id":"` + id + `","title":"x","late_by":0}`:                    domain.ReminderDueV1,
		`{"task_id":"` + id + `","title":"x","n":1}` + strings.Repeat(" ", 2): "task.unknown.v9",
	} {
		err := r.Handle(t.Context(), event(kind, data))
		if !errors.Is(err, domain.ErrMalformed) && !errors.Is(err, domain.ErrPermanent) {
			t.Errorf("%s of %s: %v", kind, data, err)
		}
	}
	// An escaped backslash before u0000 is text like any other.
	if err := r.Handle(t.Context(), event(domain.TaskCreatedV1, `{"task_id":"`+id+`","title":"a\\u0000"}`)); err != nil {
		t.Error(err)
	}
}

func TestAListChecksItsQuery(t *testing.T) {
	t.Parallel()
	r := audit.NewReader(memory.NewAudit())
	for _, q := range []domain.AuditQuery{{Limit: -1}, {Limit: 501}, {Offset: -1}, {EventType: "a\x00"}, {EntityID: "\xff"}} {
		if _, err := r.List(t.Context(), "u1", q); domain.KindOf(err) != domain.KindInvalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
}
