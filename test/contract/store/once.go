package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Once is a task store that creates at most one task for a key.
type Once struct {
	Tasks
	Once ports.OnceStore
}

// RunOnce checks ports.OnceStore.
func RunOnce(t *testing.T, open func(t *testing.T) Once) {
	for name, line := range map[string]func(*testing.T, Once){
		"the first call creates, the second gets the first answer": onceTwice,
		"a key is its user's":                                onceOtherUser,
		"a create that fails keeps nothing, its key is free": onceFails,
		"32 calls with one key create one task and agree":    onceRace,
		"many keys at once are independent":                  onceMany,
		"what can't be stored is refused":                    onceHostile,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.Tasks = s.forTest()
			line(t, s)
		})
	}
}

func answerOf(key string, n int) domain.KeptAnswer {
	return domain.KeptAnswer{
		Key: key, Fingerprint: fmt.Sprint("f", n), Response: []byte(fmt.Sprintf(`{"z":1,  "n":%d,"é":"\u0000"}`, n)),
		CreatedAt: time.Date(2026, 5, 1, 8, 0, 0, 1000, time.UTC),
	}
}

func (s Once) once(t testing.TB, user, key string, n int) domain.KeptAnswer {
	t.Helper()
	task := newTask(s.u(user))
	a, err := s.Once.CreateOnce(t.Context(), task, event(task, domain.TaskCreatedV1), answerOf(key, n))
	ok(t, err)
	return a
}

func onceTwice(t *testing.T, s Once) {
	want(t, "first", asJSON(s.once(t, "u", "k", 1)), asJSON(answerOf("k", 1)))
	want(t, "second", asJSON(s.once(t, "u", "k", 2)), asJSON(answerOf("k", 1)))
	want(t, "another key", asJSON(s.once(t, "u", "K", 3)), asJSON(answerOf("K", 3)))
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 2)
}

func onceOtherUser(t *testing.T, s Once) {
	s.once(t, "u", "k", 1)
	want(t, "another user's", asJSON(s.once(t, "v", "k", 2)), asJSON(answerOf("k", 2)))
	want(t, "events of u", len(stream(t, s.Streams, s.u("u"))), 1)
	want(t, "events of v", len(stream(t, s.Streams, s.u("v"))), 1)
}

// onceFails breaks the write in its middle: the task's id, then the event's, is taken.
func onceFails(t *testing.T, s Once) {
	first := newTask(s.u("u"))
	used := event(first, domain.TaskCreatedV1)
	_, err := s.Tasks.Tasks.Create(t.Context(), first, used)
	ok(t, err)
	_, err = s.Once.CreateOnce(t.Context(), first, event(first, domain.TaskCreatedV1), answerOf("k", 1))
	wantKind(t, "a task that exists", err, domain.ErrConflict)
	other := newTask(s.u("u"))
	_, err = s.Once.CreateOnce(t.Context(), other, used, answerOf("k", 2))
	wantKind(t, "an event that exists", err, domain.ErrConflict)
	_, err = s.Tasks.Tasks.Get(t.Context(), s.u("u"), other.ID)
	wantKind(t, "its task", err, domain.ErrNotFound)
	want(t, "the key is free", asJSON(s.once(t, "u", "k", 3)), asJSON(answerOf("k", 3)))
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 2)
}

func onceRace(t *testing.T, s Once) {
	var mu sync.Mutex
	answers := map[string]int{}
	together(writers, func(i int) {
		task := newTask(s.u("u"))
		a, err := s.Once.CreateOnce(t.Context(), task, event(task, domain.TaskCreatedV1), answerOf("k", i))
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		answers[string(a.Response)]++
	})
	want(t, "different answers", len(answers), 1)
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 1)
}

func onceMany(t *testing.T, s Once) {
	together(writers, func(i int) {
		for n := range 8 {
			task := newTask(s.u(fmt.Sprint("u", i%3)))
			if _, err := s.Once.CreateOnce(t.Context(), task, event(task, domain.TaskCreatedV1), answerOf(fmt.Sprint(i, " ", n%4), n)); err != nil {
				t.Error(err)
			}
			plain := newTask(task.UserID)
			if _, err := s.Tasks.Tasks.Create(t.Context(), plain, event(plain, domain.TaskCreatedV1)); err != nil {
				t.Error(err)
			}
		}
	})
	total := 0
	for u := range 3 {
		total += len(stream(t, s.Streams, s.u(fmt.Sprint("u", u))))
	}
	want(t, "events", total, writers*(4+8))
}

func onceHostile(t *testing.T, s Once) {
	task := newTask(s.u("u"))
	for _, a := range []domain.KeptAnswer{{Key: "\x00"}, {Key: "\xff"}, {Key: "k", Fingerprint: "\x00"}, {Key: "k", Response: []byte("\x00")}} {
		_, err := s.Once.CreateOnce(t.Context(), task, event(task, domain.TaskCreatedV1), a)
		wantKind(t, fmt.Sprintf("%+v", a), err, domain.ErrInvalid)
	}
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 0)
}
