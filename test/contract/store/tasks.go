package store

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// RunTaskStore checks ports.TaskStore and ports.EventStream, races included.
func RunTaskStore(t *testing.T, open func(t *testing.T) Tasks) {
	for name, line := range map[string]func(*testing.T, Tasks){
		"a stored task comes back as it was":                           taskRoundTrip,
		"an event comes back as it was, byte for byte":                 eventRoundTrip,
		"creating the same id again is a conflict and leaves no event": createTwice,
		"a task has one next occurrence":                               oneNextOccurrence,
		"an event id is used once by a user":                           eventIDOnce,
		"an update needs the version before it":                        updateVersion,
		"a delete needs the version it read":                           deleteVersion,
		"what does not exist is not found, for every method":           notFound,
		"a deleted task can't be changed":                              changeDeleted,
		"a text that can't be stored is invalid":                       unstorable,
		"a stream is read in parts":                                    streamParts,
		"heads are of the users that have one":                         heads,
		"another user finds nothing":                                   anotherUser,
		"a caller who gave up gets its context's error":                gaveUp,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line(t, open(t).forTest())
		})
	}
	t.Run("races", func(t *testing.T) { runRaces(t, open) })
}

func taskRoundTrip(t *testing.T, s Tasks) {
	for _, task := range []domain.Task{newTask(s.u("u")), fullTask(s.u("u")), fullTask(s.u("ü'\"\\user"))} {
		want(t, "first position", create(t, s.Tasks, task) > 0, true)
		got, err := s.Tasks.Get(t.Context(), task.UserID, task.ID)
		ok(t, err)
		want(t, "created", asJSON(got), asJSON(task))
		next := fullTask(task.UserID)
		next.ID, next.CreatedAt, next.Version = task.ID, task.CreatedAt, 2
		next.Completed, next.Priority, next.Category = true, domain.PriorityHigh, domain.CategoryOther
		_, err = s.Tasks.Update(t.Context(), next, event(next, domain.TaskCompletedV1))
		ok(t, err)
		got, err = s.Tasks.Get(t.Context(), task.UserID, task.ID)
		ok(t, err)
		want(t, "updated", asJSON(got), asJSON(next))
	}
}

func eventRoundTrip(t *testing.T, s Tasks) {
	task := newTask(s.u("u"))
	e := event(task, domain.TaskCreatedV1)
	position, err := s.Tasks.Create(t.Context(), task, e)
	ok(t, err)
	e.Position = position
	got := stream(t, s.Streams, s.u("u"))
	want(t, "events", len(got), 1)
	want(t, "data", string(got[0].Data), string(e.Data))
	want(t, "event", asJSON(got[0]), asJSON(e))
}

func createTwice(t *testing.T, s Tasks) {
	task := newTask(s.u("u"))
	create(t, s.Tasks, task)
	_, err := s.Tasks.Create(t.Context(), task, event(task, domain.TaskCreatedV1))
	wantKind(t, "second create", err, domain.ErrConflict)
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 1)
	other := task
	other.UserID = s.u("v")
	want(t, "another user's task with that id", create(t, s.Tasks, other), 1)
}

func oneNextOccurrence(t *testing.T, s Tasks) {
	first, second := newTask(s.u("u")), newTask(s.u("u"))
	first.PreviousTaskID = ref(newID())
	second.PreviousTaskID = first.PreviousTaskID
	create(t, s.Tasks, first)
	_, err := s.Tasks.Create(t.Context(), second, event(second, domain.TaskCreatedV1))
	wantKind(t, "second occurrence", err, domain.ErrConflict)
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 1)
	second.UserID = s.u("v")
	create(t, s.Tasks, second)
}

func eventIDOnce(t *testing.T, s Tasks) {
	first, second := newTask(s.u("u")), newTask(s.u("u"))
	e := event(first, domain.TaskCreatedV1)
	_, err := s.Tasks.Create(t.Context(), first, e)
	ok(t, err)
	_, err = s.Tasks.Create(t.Context(), second, e)
	wantKind(t, "event id used again", err, domain.ErrConflict)
	_, err = s.Tasks.Get(t.Context(), s.u("u"), second.ID)
	wantKind(t, "its task", err, domain.ErrNotFound)
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 1)
}

func updateVersion(t *testing.T, s Tasks) {
	task := newTask(s.u("u"))
	create(t, s.Tasks, task)
	for _, version := range []int64{1, 3, 0, 100} {
		task.Version = version
		_, err := s.Tasks.Update(t.Context(), task, event(task, domain.TaskUpdatedV1))
		wantKind(t, "stale update", err, domain.ErrConflict)
	}
	task.Version = 2
	position, err := s.Tasks.Update(t.Context(), task, event(task, domain.TaskUpdatedV1))
	ok(t, err)
	want(t, "position after conflicts", position, 2)
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 2)
}

func deleteVersion(t *testing.T, s Tasks) {
	task := newTask(s.u("u"))
	create(t, s.Tasks, task)
	_, err := s.Tasks.Delete(t.Context(), s.u("u"), task.ID, 2, event(task, domain.TaskDeletedV1))
	wantKind(t, "stale delete", err, domain.ErrConflict)
	position, err := s.Tasks.Delete(t.Context(), s.u("u"), task.ID, 1, event(task, domain.TaskDeletedV1))
	ok(t, err)
	want(t, "position after a conflict", position, 2)
	_, err = s.Tasks.Get(t.Context(), s.u("u"), task.ID)
	wantKind(t, "get", err, domain.ErrNotFound)
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 2)
}

func notFound(t *testing.T, s Tasks) {
	task := newTask(s.u("u"))
	_, err := s.Tasks.Get(t.Context(), s.u("u"), task.ID)
	wantKind(t, "get", err, domain.ErrNotFound)
	task.Version = 2
	_, err = s.Tasks.Update(t.Context(), task, event(task, domain.TaskUpdatedV1))
	wantKind(t, "update", err, domain.ErrNotFound)
	_, err = s.Tasks.Delete(t.Context(), s.u("u"), task.ID, 1, event(task, domain.TaskDeletedV1))
	wantKind(t, "delete", err, domain.ErrNotFound)
	list, err := s.Tasks.List(t.Context(), s.u("u"), domain.TaskQuery{})
	ok(t, err)
	want(t, "tasks", len(list.Tasks), 0)
	want(t, "position of an empty stream", list.Position.Value, 0)
	want(t, "an epoch is known", list.Position.Epoch == uuid.Nil, false)
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 0)
}

func changeDeleted(t *testing.T, s Tasks) {
	task := newTask(s.u("u"))
	create(t, s.Tasks, task)
	_, err := s.Tasks.Delete(t.Context(), s.u("u"), task.ID, 1, event(task, domain.TaskDeletedV1))
	ok(t, err)
	task.Version = 2
	_, err = s.Tasks.Update(t.Context(), task, event(task, domain.TaskUpdatedV1))
	wantKind(t, "update", err, domain.ErrNotFound)
	_, err = s.Tasks.Delete(t.Context(), s.u("u"), task.ID, 1, event(task, domain.TaskDeletedV1))
	wantKind(t, "delete", err, domain.ErrNotFound)
}

func unstorable(t *testing.T, s Tasks) {
	for _, bad := range []string{"a\x00b", "a\xffb"} {
		for _, spoil := range []func(*domain.Task){
			func(t *domain.Task) { t.Title = bad },
			func(t *domain.Task) { t.Description = &bad },
			func(t *domain.Task) { t.Tags = []string{bad} },
			func(t *domain.Task) { t.UserID = bad },
			func(t *domain.Task) { t.RecurringRule = &bad },
		} {
			task := newTask(s.u("u"))
			spoil(&task)
			_, err := s.Tasks.Create(t.Context(), task, event(task, domain.TaskCreatedV1))
			wantKind(t, "create", err, domain.ErrInvalid)
		}
		_, err := s.Tasks.List(t.Context(), s.u("u"), domain.TaskQuery{Search: bad})
		wantKind(t, "list", err, domain.ErrInvalid)
	}
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 0)
	long := newTask(s.u("u"))
	long.Description = ref(strings.Repeat("x", 1<<20))
	create(t, s.Tasks, long)
}

func streamParts(t *testing.T, s Tasks) {
	for range 5 {
		create(t, s.Tasks, newTask(s.u("u")))
	}
	for from := range int64(7) {
		events, head, err := s.Streams.After(t.Context(), s.u("u"), from, 2)
		ok(t, err)
		want(t, "head", head.Value, 5)
		want(t, "events", len(events), int(max(0, min(2, 5-from))))
		for i, e := range events {
			want(t, "position", e.Position, from+int64(i)+1)
		}
	}
}

func heads(t *testing.T, s Tasks) {
	create(t, s.Tasks, newTask(s.u("u")))
	create(t, s.Tasks, newTask(s.u("u")))
	create(t, s.Tasks, newTask(s.u("v")))
	got, err := s.Streams.Heads(t.Context(), []string{s.u("u"), s.u("nobody"), s.u("v"), s.u("u")})
	ok(t, err)
	want(t, "heads", asJSON(got), asJSON(map[string]domain.Head{s.u("u"): {Position: 2}, s.u("v"): {Position: 1}}))
	got, err = s.Streams.Heads(t.Context(), nil)
	ok(t, err)
	want(t, "heads of nobody", len(got), 0)
}

func gaveUp(t *testing.T, s Tasks) {
	create(t, s.Tasks, newTask(s.u("u")))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Tasks.List(ctx, s.u("u"), domain.TaskQuery{})
	wantKind(t, "list", err, context.Canceled)
	_, err = s.Tasks.Create(ctx, newTask(s.u("u")), event(newTask(s.u("u")), domain.TaskCreatedV1))
	if err != nil { // it may have been written all the same
		wantKind(t, "create", err, context.Canceled)
	}
}
