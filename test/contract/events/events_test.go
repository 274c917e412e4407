// Package events_test holds every event that core/tasks and core/reminders produce against the
// JSON Schemas in docs/events: the bytes as they go to a broker.
package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/docs"
	"github.com/tasktide/tasktide/test/contract/schema"
)

// files are the schemas of docs/events by the name of what they describe.
func files(t *testing.T) map[string]map[string]any {
	t.Helper()
	list, err := docs.Schemas.ReadDir("events")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]any{}
	for _, f := range list {
		b, err := docs.Schemas.ReadFile("events/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		if id := doc["$id"]; id != schema.Base+"events/"+f.Name() {
			t.Errorf("%s has the $id %v", f.Name(), id)
		}
		out[strings.TrimSuffix(f.Name(), ".schema.json")] = doc
	}
	return out
}

type stopped struct{ at time.Time }

func (c *stopped) Now() time.Time                                  { return c.at }
func (c *stopped) Wait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// text is what users type: any characters that are stored.
func text(most int) *rapid.Generator[string] {
	return rapid.StringOfN(rapid.OneOf(
		rapid.RuneFrom([]rune("aZ09 \"\\/<>&'\n\t\u0001\u007f\u0085\u2028\ufeff\ufffdßİǅ漢😀e\u0301")), rapid.Rune(),
	).Filter(func(r rune) bool { return r != 0 }), 0, most, -1)
}

func optional[T any](t *rapid.T, name string, g *rapid.Generator[T]) tasks.Optional[T] {
	switch rapid.IntRange(0, 3).Draw(t, name+" is") {
	case 0:
		return tasks.Optional[T]{}
	case 1:
		return tasks.Null[T]()
	}
	return tasks.Some(g.Draw(t, name))
}

func instant() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		seconds := rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds") // years 1 to 9999
		zone := time.FixedZone("", rapid.IntRange(-14*3600, 14*3600).Draw(t, "zone"))
		return time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).In(zone)
	})
}

func input(t *rapid.T, create bool) tasks.Input {
	in := tasks.Input{
		Description:      optional(t, "description", text(60)),
		DueDate:          optional(t, "due date", instant()),
		RecurringRule:    optional(t, "rule", rapid.SampledFrom([]string{"", "Daily", "weekly", "MONTHLY", "yearly", "RRULE:freq=weekly;byday=mo,fr", "FREQ=DAILY;COUNT=3"})),
		RecurringEndDate: optional(t, "end", instant()), ReminderAt: optional(t, "reminder", instant()),
		Tags:     optional(t, "tags", rapid.SliceOfN(text(12), 0, 12)),
		TimeZone: optional(t, "zone name", rapid.SampledFrom([]string{"", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"})),
	}
	some := func(name string, g *rapid.Generator[string]) tasks.Optional[string] {
		if !create && rapid.Bool().Draw(t, name+" stays") {
			return tasks.Optional[string]{}
		}
		return tasks.Some(g.Draw(t, name))
	}
	in.Title = some("title", text(300))
	in.Priority = some("priority", rapid.SampledFrom([]string{"low", "Medium", "HIGH"}))
	in.Category = some("category", rapid.SampledFrom([]string{"work", "Personal", "home", "OTHER"}))
	return in
}

func TestEveryEventThatATaskMakesValidates(t *testing.T) {
	t.Parallel()
	seen := map[domain.EventType]int{}
	rapid.Check(t, func(t *rapid.T) {
		user := text(40).Filter(func(u string) bool { return u != "" && len(u) <= domain.MaxUserID && clean(u) }).Draw(t, "user")
		for _, e := range history(t, user) {
			seen[e.Type]++
			check(t, e)
		}
	})
	for _, kind := range []domain.EventType{domain.TaskCreatedV1, domain.TaskUpdatedV1, domain.TaskCompletedV1, domain.TaskDeletedV1, domain.ReminderDueV1} {
		if seen[kind] == 0 {
			t.Errorf("no %s was made", kind)
		}
	}
}

func clean(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

// history is the stream of a user who creates a task and does things to it.
func history(t *rapid.T, user string) []domain.Event {
	const year = 365 * 24 * time.Hour // its events must all have a time before the year 10000
	clock := &stopped{at: instant().Filter(func(at time.Time) bool { return at.Add(year).UTC().Year() < 10000 }).Draw(t, "now")}
	store := memory.NewTasks()
	service := tasks.New(store, clock, tasks.NewIDs())
	ctx := domain.WithRequest(t.Context(),
		rapid.SampledFrom([]string{"", "req-1", uuid.NewString()}).Draw(t, "correlation"),
		rapid.SampledFrom([]string{"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}).Draw(t, "trace"))
	allowed := func(err error) bool { return err == nil || errors.Is(err, domain.ErrInvalid) }

	task, err := service.Create(ctx, user, input(t, true))
	if !allowed(err) {
		t.Fatal(err)
	}
	if err != nil {
		return nil
	}
	for range rapid.IntRange(0, 6).Draw(t, "changes") {
		clock.at = clock.at.Add(time.Duration(rapid.Int64Range(-1e9, 1e9).Draw(t, "time passes")))
		if rapid.Bool().Draw(t, "toggle") {
			_, err = service.Toggle(ctx, user, task.ID, nil)
		} else {
			_, err = service.Update(ctx, user, task.ID, input(t, false), nil)
		}
		if !allowed(err) {
			t.Fatal(err)
		}
	}
	remind(t, store, clock)
	if rapid.Bool().Draw(t, "delete") {
		if err := service.Delete(ctx, user, task.ID, nil); err != nil {
			t.Fatal(err)
		}
	}
	events, _, err := store.After(ctx, user, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func check(t *rapid.T, e domain.Event) {
	body, err := domain.EncodeEvent(e)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Record(body); err != nil {
		t.Fatal(err)
	}
	back, err := domain.DecodeEvent(body)
	if err != nil || back.ID != e.ID || back.UserID != e.UserID || back.Position != e.Position {
		t.Fatalf("read back: %v\n%s", err, body)
	}
}

func TestThereIsASchemaForEachEventTypeOfTheRoutingTable(t *testing.T) {
	t.Parallel()
	all := files(t)
	var types []string
	for _, r := range domain.Routes() {
		for _, kind := range r.Types {
			types = append(types, string(kind))
			if all[string(kind)] == nil {
				t.Errorf("docs/events has no %s.schema.json", kind)
			}
		}
	}
	for name := range all {
		if name != "cloudevent" && name != "definitions" && !slices.Contains(types, name) {
			t.Errorf("%s.schema.json is of no event type", name)
		}
	}
}

// TestTheSchemasRefuseWhatIsWrong proves that the schemas say anything at all.
func TestTheSchemasRefuseWhatIsWrong(t *testing.T) {
	t.Parallel()
	created := domain.Event{
		ID: uuid.New(), Time: time.Date(2026, 2, 4, 10, 0, 0, 0, time.UTC), Type: domain.TaskCreatedV1, UserID: "u", CorrelationID: "c",
		Source: domain.BackendAPI, Subject: uuid.NewString(), Position: 1,
	}
	task := domain.Task{ID: uuid.New(), Title: "t", Priority: "low", Category: "home", Tags: []string{}, TimeZone: "UTC", Version: 1, CreatedAt: created.Time, UpdatedAt: created.Time}
	created.Data = tasks.FullPayload(&task)
	body, err := domain.EncodeEvent(created)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Record(body); err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{
		{`"specversion":"1.0"`, `"specversion":"0.3"`}, {`"sequence":"1"`, `"sequence":"0"`}, {`"sequence":"1"`, `"sequence":1`},
		{`"priority":"low"`, `"priority":"urgent"`}, {`"title":"t"`, `"title":""`}, {`"tags":[]`, `"tags":null`}, {`"version":1`, `"version":0`},
		{`000000Z","datacontenttype"`, `Z","datacontenttype"`}, {`"source":"backend-api"`, `"source":"somebody"`},
		{`"due_date":null,`, ``}, {`"due_date":null,`, `"due_date":null,"colour":"red",`}, {`"specversion":"1.0"`, `"specversion":"1.0","colour":"red"`}, {`"event_type":"task.created.v1"`, `"event_type":"task.updated.v1"`},
		{`"event_type":"task.created.v1"`, `"event_type":"task.archived.v1"`}, {`"correlation_id":"c"`, `"correlation_id":""`},
	} {
		wrong := strings.Replace(string(body), edit[0], edit[1], 1)
		if wrong == string(body) {
			t.Errorf("%s is not in the event", edit[0])
		} else if schema.Record([]byte(wrong)) == nil {
			t.Errorf("%s passed", edit[1])
		}
	}
}
