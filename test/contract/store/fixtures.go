package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Tasks is a task store and the streams that its writes fill.
type Tasks struct {
	Tasks   ports.TaskStore
	Streams ports.EventStream

	run string // of one subtest
}

// forTest gives the subtest users of its own.
func (s Tasks) forTest() Tasks {
	s.run = uuid.NewString()
	return s
}

// u is the subtest's user of that name.
func (s Tasks) u(name string) string { return name + " " + s.run }

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func ref[T any](v T) *T { return &v }

func newTask(user string) domain.Task {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return domain.Task{
		ID: newID(), UserID: user, Title: "Water the plants", Priority: domain.PriorityMedium, Category: domain.CategoryHome,
		Tags: []string{}, TimeZone: "Europe/Berlin", Version: 1, CreatedAt: now, UpdatedAt: now,
	}
}

// fullTask has a value in every field, odd ones where text can be odd.
func fullTask(user string) domain.Task {
	t := newTask(user)
	t.Title = `Ünïcode "quoted" 'single' \back % _ 日本 🌊` + "\ttab"
	t.Description = ref("line one\nline two; DROP TABLE tasks; -- ' \" $1 ? ?0 \u2028")
	t.DueDate = ref(t.CreatedAt.Add(36 * time.Hour))
	t.RecurringRule = ref("FREQ=MONTHLY;BYMONTHDAY=-1")
	t.RecurringEndDate = ref(t.CreatedAt.Add(3000 * time.Hour))
	t.ParentTaskID, t.PreviousTaskID = ref(newID()), ref(newID())
	t.SeriesStart, t.SeriesIndex = ref(t.CreatedAt.Add(-time.Hour)), 7
	t.ReminderAt, t.ReminderSent = ref(t.CreatedAt.Add(time.Microsecond)), true
	t.Tags = []string{"b", "a", `"quoted"`, "日本", `a\b`, "b'"}
	return t
}

func event(t domain.Task, kind domain.EventType) domain.Event {
	id := uuid.New()
	return domain.Event{
		ID: id, Time: time.Now().UTC().Truncate(time.Microsecond), Type: kind, UserID: t.UserID, CorrelationID: id.String(),
		Source: domain.BackendAPI, Subject: t.ID.String(), TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Data: json.RawMessage(fmt.Sprintf(`{"task_id": %q,  "z":1, "a":"<é\u0000>", "z":2}`, t.ID)),
	}
}

func create(t testing.TB, s ports.TaskStore, task domain.Task) int64 {
	t.Helper()
	position, err := s.Create(t.Context(), task, event(task, domain.TaskCreatedV1))
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	return position
}

func want[T comparable](t testing.TB, what string, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Fatalf("%s: got %v, want %v", what, got, wanted)
	}
}

func wantKind(t testing.TB, what string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("%s: got %v, want kind %d", what, err, domain.KindOf(kind))
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// together runs n functions at the same time.
func together(n int, do func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; do(i) })
	}
	close(start)
	wg.Wait()
}

// asJSON makes tasks comparable, and readable when they differ.
func asJSON(v any) string {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// stream reads all of a user's events and checks that positions are 1, 2, 3, ….
func stream(t testing.TB, s ports.EventStream, user string) []domain.Event {
	t.Helper()
	events, head, err := s.After(t.Context(), user, 0, 100000)
	ok(t, err)
	for i, e := range events {
		want(t, "position in the stream", e.Position, int64(i+1))
	}
	want(t, "head of the stream", head.Value, int64(len(events)))
	return events
}
