package tasks_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
)

func TestAKeyIsShortTextWithoutControlCharacters(t *testing.T) {
	t.Parallel()
	store := memory.NewTasks()
	once := tasks.NewOnce(tasks.New(store, memory.Clock{}, tasks.NewIDs()), store)
	in := tasks.Input{Title: tasks.Some("a"), Priority: tasks.Some("low"), Category: tasks.Some("work")}
	answer := func(t *domain.Task) []byte { return []byte(t.ID.String()) }
	for key, good := range map[string]bool{
		"": false, "a\tb": false, "a\nb": false, "\x7f": false, "\x00": false, "\xff": false, strings.Repeat("x", 256): false,
		"a": true, "a b": true, `"quoted"`: true, "日本": true, strings.Repeat("x", 255): true,
	} {
		_, err := once.Create(t.Context(), "u", key, "f", in, answer)
		if good != (err == nil) || !good && !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("%.20q: %v", key, err)
		}
	}
	if n, _ := store.Count(t.Context(), "u"); n.Total != 5 {
		t.Errorf("%d tasks", n.Total)
	}
}
