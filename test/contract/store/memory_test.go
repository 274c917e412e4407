package store_test

import (
	"testing"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/contract/store"
)

// TestMemory holds the memory adapters to the suites of lists, state and dead
// letters. The task and audit suites also check what only a database does.
func TestMemory(t *testing.T) {
	t.Parallel()
	var clock memory.Clock
	t.Run("list", func(t *testing.T) {
		store.RunTaskList(t, func(*testing.T) store.Tasks {
			s := memory.NewTasks()
			return store.Tasks{Tasks: s, Streams: s}
		})
	})
	t.Run("state", func(t *testing.T) {
		store.RunState(t, func(*testing.T) ports.StateStore { return memory.NewState(clock) }, store.StateOptions{})
	})
	t.Run("dead letters", func(t *testing.T) {
		store.RunDeadLetters(t, func(*testing.T) store.Letters {
			state := memory.NewState(clock)
			letters := memory.NewDeadLetters(clock, state.Forget)
			return store.Letters{Store: letters, Admin: letters, State: state}
		})
	})
}
