package store

import (
	"context"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// userServing has every method that serves a user and answers with another
// user's data if it forgets whose it is: each is called as s.u("thief") for what
// "owner" has, and says whether it found nothing.
var userServing = map[string]func(ctx context.Context, s Tasks, owned domain.Task) (bool, error){
	"TaskStore.Create": func(ctx context.Context, s Tasks, owned domain.Task) (bool, error) {
		owned.UserID = s.u("thief") // the same id is a task of its own
		n, err := s.Tasks.Create(ctx, owned, event(owned, domain.TaskCreatedV1))
		return n == 1, err
	},
	"TaskStore.Get": func(ctx context.Context, s Tasks, owned domain.Task) (bool, error) {
		_, err := s.Tasks.Get(ctx, s.u("other thief"), owned.ID)
		return none(err)
	},
	"TaskStore.List": func(ctx context.Context, s Tasks, owned domain.Task) (bool, error) {
		list, err := s.Tasks.List(ctx, s.u("other thief"), domain.TaskQuery{After: &domain.TaskMark{ID: uuid.Max, CreatedAt: owned.CreatedAt}})
		return len(list.Tasks) == 0 && list.Position.Value == 0, err
	},
	"TaskStore.Update": func(ctx context.Context, s Tasks, owned domain.Task) (bool, error) {
		owned.UserID, owned.Version = s.u("other thief"), 2
		_, err := s.Tasks.Update(ctx, owned, event(owned, domain.TaskUpdatedV1))
		return none(err)
	},
	"TaskStore.Delete": func(ctx context.Context, s Tasks, owned domain.Task) (bool, error) {
		owned.UserID = s.u("other thief")
		_, err := s.Tasks.Delete(ctx, s.u("other thief"), owned.ID, 1, event(owned, domain.TaskDeletedV1))
		return none(err)
	},
	"EventStream.After": func(ctx context.Context, s Tasks, _ domain.Task) (bool, error) {
		events, head, err := s.Streams.After(ctx, s.u("other thief"), 0, 10)
		return len(events) == 0 && head.Value == 0, err
	},
	"EventStream.Heads": func(ctx context.Context, s Tasks, _ domain.Task) (bool, error) {
		heads, err := s.Streams.Heads(ctx, []string{s.u("other thief")})
		return len(heads) == 0, err
	},
}

func none(err error) (bool, error) {
	if domain.KindOf(err) == domain.KindNotFound {
		return true, nil
	}
	return false, err
}

func anotherUser(t *testing.T, s Tasks) {
	owned := fullTask(s.u("owner"))
	create(t, s.Tasks, owned)
	before, err := s.Tasks.Get(t.Context(), s.u("owner"), owned.ID)
	ok(t, err)
	for _, port := range []reflect.Type{reflect.TypeFor[ports.TaskStore](), reflect.TypeFor[ports.EventStream]()} {
		for i := range port.NumMethod() {
			name := port.Name() + "." + port.Method(i).Name
			call, known := userServing[name]
			if !known {
				t.Fatalf("%s is new: say in userServing how another user finds nothing by it", name)
			}
			nothing, err := call(t.Context(), s, owned)
			ok(t, err)
			want(t, name+" found nothing", nothing, true)
		}
	}
	after, err := s.Tasks.Get(t.Context(), s.u("owner"), owned.ID)
	ok(t, err)
	want(t, "the owner's task", asJSON(after), asJSON(before))
	want(t, "the owner's events", len(stream(t, s.Streams, s.u("owner"))), 1)
}
