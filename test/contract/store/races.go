package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tasktide/tasktide/core/domain"
)

const writers = 32

func runRaces(t *testing.T, open func(t *testing.T) Tasks) {
	for name, line := range map[string]func(*testing.T, Tasks){
		"32 writers of one user leave no gap and commit in order":    oneUserManyWriters,
		"32 writers of the same task: one wins each version, no gap": oneTaskManyWriters,
		"32 creates of the same id: one wins":                        oneIDManyCreates,
		"32 next occurrences of one task: one wins":                  oneNextManyCreates,
		"many users in different orders do not block each other":     manyUsers,
		"a bad write does not fail those beside it":                  badMate,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line(t, open(t).forTest())
		})
	}
}

// oneUserManyWriters reads along: what is visible never has a hole, and a list
// shows exactly the changes up to its position.
func oneUserManyWriters(t *testing.T, s Tasks) {
	const each = 8
	var done atomic.Bool
	var reader sync.WaitGroup
	reader.Go(func() {
		var at int64
		for !done.Load() || at < writers*each {
			events, head, err := s.Streams.After(t.Context(), s.u("u"), at, 1000)
			if err != nil {
				t.Error(err)
				return
			}
			for _, e := range events {
				if at++; e.Position != at {
					t.Errorf("saw position %d behind %d", e.Position, at-1)
					return
				}
			}
			if head.Value < at {
				t.Errorf("head %d is behind what was read, %d", head.Value, at)
				return
			}
			list, err := s.Tasks.List(t.Context(), s.u("u"), domain.TaskQuery{})
			if err != nil || int64(len(list.Tasks)) != list.Position.Value {
				t.Errorf("%d tasks at position %d: %v", len(list.Tasks), list.Position.Value, err)
				return
			}
		}
	})
	var mu sync.Mutex
	seen := map[int64]bool{}
	together(writers, func(int) {
		var last int64
		for range each {
			task := newTask(s.u("u"))
			p, err := s.Tasks.Create(t.Context(), task, event(task, domain.TaskCreatedV1))
			mu.Lock()
			if err != nil || seen[p] || p <= last {
				t.Errorf("position %d after %d, given before: %v; %v", p, last, seen[p], err)
			}
			seen[p], last = true, p
			mu.Unlock()
		}
	})
	done.Store(true)
	if t.Failed() {
		t.FailNow()
	}
	reader.Wait()
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), writers*each)
}

func oneTaskManyWriters(t *testing.T, s Tasks) {
	task := newTask(s.u("u"))
	create(t, s.Tasks, task)
	var wins, conflicts atomic.Int64
	together(writers, func(i int) {
		for version := int64(2); version < 6; version++ {
			next := task
			next.Version, next.Title = version, fmt.Sprint(i)
			_, err := s.Tasks.Update(t.Context(), next, event(next, domain.TaskUpdatedV1))
			switch {
			case err == nil:
				wins.Add(1)
			case errors.Is(err, domain.ErrConflict):
				conflicts.Add(1)
			default:
				t.Error(err)
			}
		}
	})
	got, err := s.Tasks.Get(t.Context(), s.u("u"), task.ID)
	ok(t, err)
	want(t, "version", got.Version, 1+wins.Load())
	want(t, "outcomes", wins.Load()+conflicts.Load(), writers*4)
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), int(1+wins.Load()))

	var deleted atomic.Int64
	together(writers, func(int) {
		switch _, err := s.Tasks.Delete(t.Context(), s.u("u"), task.ID, got.Version, event(task, domain.TaskDeletedV1)); {
		case err == nil:
			deleted.Add(1)
		case !errors.Is(err, domain.ErrNotFound) && !errors.Is(err, domain.ErrConflict):
			t.Error(err)
		}
	})
	want(t, "deletes that won", deleted.Load(), 1)
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), int(2+wins.Load()))
}

func oneWins(t *testing.T, s Tasks, next func() domain.Task) {
	var wins atomic.Int64
	together(writers, func(int) {
		task := next()
		switch _, err := s.Tasks.Create(t.Context(), task, event(task, domain.TaskCreatedV1)); {
		case err == nil:
			wins.Add(1)
		case !errors.Is(err, domain.ErrConflict):
			t.Error(err)
		}
	})
	want(t, "creates that won", wins.Load(), 1)
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 1)
}

func oneIDManyCreates(t *testing.T, s Tasks) {
	task := newTask(s.u("u"))
	oneWins(t, s, func() domain.Task { return task })
}

func oneNextManyCreates(t *testing.T, s Tasks) {
	previous := newID()
	oneWins(t, s, func() domain.Task {
		task := newTask(s.u("u"))
		task.PreviousTaskID = &previous
		return task
	})
}

func manyUsers(t *testing.T, s Tasks) {
	const users, each = 8, 40
	together(writers, func(i int) {
		for n := range each {
			task := newTask(s.u(fmt.Sprint("u", (i*7+n*(i%3+1))%users)))
			if _, err := s.Tasks.Create(t.Context(), task, event(task, domain.TaskCreatedV1)); err != nil {
				t.Error(err)
				return
			}
			if n%4 == 0 {
				task.Version = 2
				if _, err := s.Tasks.Update(t.Context(), task, event(task, domain.TaskUpdatedV1)); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	total := 0
	for u := range users {
		total += len(stream(t, s.Streams, s.u(fmt.Sprint("u", u))))
	}
	want(t, "events of all", total, writers*each*5/4)
}

// badMate mixes writes that break a constraint inside the database with good ones.
func badMate(t *testing.T, s Tasks) {
	first := newTask(s.u("u"))
	used := event(first, domain.TaskCreatedV1)
	_, err := s.Tasks.Create(t.Context(), first, used)
	ok(t, err)
	together(writers, func(i int) {
		task := newTask(s.u(fmt.Sprint("u", i%2)))
		e := event(task, domain.TaskCreatedV1)
		if i%4 == 0 {
			task.UserID, e.ID = s.u("u"), used.ID
			if _, err := s.Tasks.Create(t.Context(), task, e); !errors.Is(err, domain.ErrConflict) {
				t.Errorf("bad write: %v", err)
			}
			return
		}
		if _, err := s.Tasks.Create(t.Context(), task, e); err != nil {
			t.Errorf("good write: %v", err)
		}
	})
	want(t, "events", len(stream(t, s.Streams, s.u("u0")))+len(stream(t, s.Streams, s.u("u1"))), writers*3/4)
	want(t, "events of u", len(stream(t, s.Streams, s.u("u"))), 1)
}
