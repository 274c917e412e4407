package store

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Erasable is everything that is kept of a user.
type Erasable struct {
	Users
	Once    ports.OnceStore
	Caused  ports.CausedTaskStore
	Audit   ports.AuditStore
	Letters interface {
		ports.DeadLetterStore
		ports.DeadLetterAdmin
	}
	Due      ports.ReminderStore
	Notes    ports.NotificationStore
	Eraser   ports.UserEraser
	Exporter ports.UserExporter
}

// RunErase checks ports.UserEraser, ports.UserExporter, ports.CausedTaskStore, and that what is left of
// an erased user's events has no effect.
func RunErase(t *testing.T, open func(t *testing.T) Erasable) {
	for name, line := range map[string]func(*testing.T, Erasable){
		"everything of the user is gone, nothing of another":     eraseAll,
		"erasing a user without anything is no error":            eraseNothing,
		"what still comes of erased events has no effect":        eraseLate,
		"the user's later writes are kept, at later positions":   eraseAndReturn,
		"everything of the user is exported, nothing of another": exportAll,
		"an export is of one moment":                             exportMoment,
		"an export that is broken off holds nothing":             exportBroken,
		"a task is created for an event of a user once":          causedCreates,
		"a user is erased while everything of the user goes on":  eraseRace,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.Tasks = s.forTest()
			line(t, s)
		})
	}
}

func entryOf(e domain.Event) domain.AuditEntry {
	return domain.AuditEntry{
		ID: e.ID, UserID: e.UserID, Position: e.Position, EventType: "created", EntityType: "task", EntityID: e.Subject, Time: e.Time, Data: []byte(`{}`),
	}
}

// letterOf is a letter whose error tells the position.
func letterOf(e domain.Event) domain.DeadLetter {
	return domain.DeadLetter{
		ID: e.ID.String(), UserID: e.UserID, EventID: e.ID.String(), Position: e.Position, Topic: domain.TaskCreated, Group: "g", Body: []byte("{}"),
		Reason: domain.ReasonExhausted, Error: fmt.Sprint(e.Position), Attempts: 1, FirstFailed: e.Time, LastFailed: e.Time,
	}
}

// live gives the user three tasks and something of everything else.
func (s Erasable) live(t testing.TB, name string) []domain.Event {
	t.Helper()
	user := s.u(name)
	create(t, s.Tasks.Tasks, newTask(user))
	task := newTask(user)
	_, err := s.Once.CreateOnce(t.Context(), task, event(task, domain.TaskCreatedV1), answerOf("k", 1))
	ok(t, err)
	reminded := dueTask(user, time.Minute)
	create(t, s.Tasks.Tasks, reminded)
	due := domain.DueReminder{UserID: user, TaskID: reminded.ID, Version: 1, ReminderAt: *reminded.ReminderAt}
	_, err = s.Due.Send(t.Context(), due, notice(due, reminded.CreatedAt))
	ok(t, err)
	s.change(t, name, domain.PreferencesChange{Theme: ref(domain.ThemeDark)})
	events, _, err := s.Streams.After(t.Context(), user, 0, 10)
	ok(t, err)
	for _, e := range events {
		ok(t, s.Audit.Append(t.Context(), entryOf(e)))
		ok(t, s.Letters.Keep(t.Context(), letterOf(e)))
	}
	return events
}

func (s Erasable) erase(t testing.TB, name string) domain.Erased {
	t.Helper()
	gone, err := s.Eraser.Erase(t.Context(), s.u(name))
	ok(t, err)
	return gone
}

// has counts what is there of a user.
func (s Erasable) has(t testing.TB, name string) string {
	t.Helper()
	user := s.u(name)
	list, err := s.Tasks.Tasks.List(t.Context(), user, domain.TaskQuery{})
	ok(t, err)
	events, _, err := s.Streams.After(t.Context(), user, 0, 100)
	ok(t, err)
	trail, err := s.Audit.List(t.Context(), user, domain.AuditQuery{Limit: 500})
	ok(t, err)
	letters, err := s.Letters.Find(t.Context(), domain.DeadLetterQuery{UserID: user})
	ok(t, err)
	notes, err := s.Notes.List(t.Context(), user, domain.NotificationQuery{Limit: 100})
	ok(t, err)
	p, err := s.Preferences.Get(t.Context(), user)
	ok(t, err)
	return fmt.Sprint(len(list.Tasks), len(events), len(trail), len(letters), len(notes), p.UpdatedAt != nil)
}

func eraseAll(t *testing.T, s Erasable) {
	s.live(t, "u")
	s.live(t, "v")
	want(t, "before", s.has(t, "u"), "3 4 4 4 1 true")
	want(t, "erased", s.erase(t, "u"), domain.Erased{Tasks: 3, Events: 4, AuditEntries: 4, Notifications: 1, DeadLetters: 4, Position: 4})
	want(t, "after", s.has(t, "u"), "0 0 0 0 0 false")
	want(t, "another user", s.has(t, "v"), "3 4 4 4 1 true")
	heads, err := s.Streams.Heads(t.Context(), []string{s.u("u"), s.u("v")})
	ok(t, err)
	want(t, "the head", heads[s.u("u")], domain.Head{Position: 4, Erased: 4})
	want(t, "another user's head", heads[s.u("v")], domain.Head{Position: 4})
	want(t, "erased again", s.erase(t, "u"), domain.Erased{Position: 4})
	task := newTask(s.u("u"))
	_, err = s.Once.CreateOnce(t.Context(), task, event(task, domain.TaskCreatedV1), answerOf("k", 5))
	ok(t, err)
	want(t, "its key is free", s.has(t, "u"), "1 1 0 0 0 false")
}

func eraseNothing(t *testing.T, s Erasable) {
	want(t, "erased", s.erase(t, "nobody"), domain.Erased{})
	want(t, "first position", create(t, s.Tasks.Tasks, newTask(s.u("nobody"))), 1)
	_, err := s.Eraser.Erase(t.Context(), "\x00")
	wantKind(t, "a user with NUL", err, domain.ErrInvalid)
}

func eraseLate(t *testing.T, s Erasable) {
	events := s.live(t, "u")
	s.erase(t, "u")
	for _, e := range events {
		ok(t, s.Audit.Append(t.Context(), entryOf(e)))
		ok(t, s.Letters.Keep(t.Context(), letterOf(e)))
		next := newTask(s.u("u"))
		_, err := s.Caused.CreateCaused(t.Context(), e.Position, next, event(next, domain.TaskCreatedV1))
		wantKind(t, "a task of an erased event", err, domain.ErrGone)
	}
	want(t, "what is there", s.has(t, "u"), "0 0 0 0 0 false")
	unknown := letterOf(events[0])
	unknown.Position = 0
	ok(t, s.Letters.Keep(t.Context(), unknown))
	want(t, "a letter of nobody knows when is kept", s.has(t, "u"), "0 0 0 1 0 false")
}

func eraseAndReturn(t *testing.T, s Erasable) {
	s.live(t, "u")
	s.erase(t, "u")
	task := newTask(s.u("u"))
	want(t, "position", create(t, s.Tasks.Tasks, task), 5)
	events, head, err := s.Streams.After(t.Context(), s.u("u"), 0, 10)
	ok(t, err)
	want(t, "head", head.Value, 5)
	want(t, "events", len(events), 1)
	ok(t, s.Audit.Append(t.Context(), entryOf(events[0])))
	ok(t, s.Letters.Keep(t.Context(), letterOf(events[0])))
	next := newTask(s.u("u"))
	position, err := s.Caused.CreateCaused(t.Context(), 5, next, event(next, domain.TaskCreatedV1))
	ok(t, err)
	want(t, "position of what it led to", position, 6)
	want(t, "what is there", s.has(t, "u"), "2 2 1 1 0 false")
}

func causedCreates(t *testing.T, s Erasable) {
	cause := newTask(s.u("u"))
	at := create(t, s.Tasks.Tasks, cause)
	var wins atomic.Int64
	together(writers, func(int) {
		next := newTask(s.u("u"))
		next.PreviousTaskID = &cause.ID
		switch _, err := s.Caused.CreateCaused(t.Context(), at, next, event(next, domain.TaskCreatedV1)); {
		case err == nil:
			wins.Add(1)
		case !errors.Is(err, domain.ErrConflict):
			t.Error(err)
		}
	})
	want(t, "creates that won", wins.Load(), 1)
	want(t, "events", len(stream(t, s.Streams, s.u("u"))), 2)
	created, err := s.Tasks.Tasks.List(t.Context(), s.u("u"), domain.TaskQuery{Ascending: true})
	ok(t, err)
	next := created.Tasks[len(created.Tasks)-1]
	gone := event(next, domain.TaskDeletedV1)
	gone.Data = fmt.Appendf(nil, `{"task_id":"%s","title":"it's \"odd\" 😀","previous_task_id":"%s"}`, next.ID, cause.ID)
	end, err := s.Tasks.Tasks.Delete(t.Context(), s.u("u"), next.ID, next.Version, gone)
	ok(t, err)
	anew := newTask(s.u("u"))
	anew.PreviousTaskID = &cause.ID
	_, err = s.Caused.CreateCaused(t.Context(), end-1, anew, event(anew, domain.TaskCreatedV1))
	wantKind(t, "by an event before the deletion", err, domain.ErrConflict)
	other := newTask(s.u("u"))
	other.PreviousTaskID = &next.ID
	_, err = s.Caused.CreateCaused(t.Context(), end-1, other, event(other, domain.TaskCreatedV1))
	ok(t, err)
	_, err = s.Caused.CreateCaused(t.Context(), end, anew, event(anew, domain.TaskCreatedV1))
	ok(t, err)
	first := newTask(s.u("v"))
	position, err := s.Caused.CreateCaused(t.Context(), 7, first, event(first, domain.TaskCreatedV1))
	ok(t, err)
	want(t, "position in a new stream", position, 1)
}

// eraseRace erases a user again and again while tasks are written, their events
// are handled and their reminders sent, late ones too. Nothing of an event up to the last mark may be left.
func eraseRace(t *testing.T, s Erasable) {
	user := s.u("u")
	var seen eventPool
	var stop atomic.Bool
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop.Store(true)
	for i := range 8 {
		wg.Go(func() {
			for n := 0; !stop.Load(); n++ {
				if err := s.raceWrite(t, user, i, n, &seen); err != nil {
					t.Error(err)
					return
				}
			}
		})
		wg.Go(func() {
			for !stop.Load() {
				if err := s.raceHandle(t, user, &seen); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var sends atomic.Int64
	for range 3 {
		wg.Go(func() {
			late := s.readDue(t)
			for !stop.Load() {
				read := s.readDue(t)
				n, err := s.remind(t, user, read)
				m, err2 := s.remind(t, user, late)
				if sends.Add(int64(n + m)); err != nil || err2 != nil {
					t.Error(err, err2)
					return
				}
				late = read
			}
		})
	}
	for began := time.Now(); sends.Load() == 0 && time.Since(began) < 20*time.Second; { // until all of it goes on
		time.Sleep(time.Millisecond)
	}
	for range 12 {
		time.Sleep(20 * time.Millisecond) // any time will do
		s.erase(t, "u")
	}
	stop.Store(true)
	wg.Wait()
	task := remindable(user)
	create(t, s.Tasks.Tasks, task)
	late := s.readDue(t)
	want(t, "a reminder is due", slices.ContainsFunc(late.Due, func(r domain.DueReminder) bool { return r.TaskID == task.ID }), true)
	last := s.erase(t, "u").Position
	for range 3 {
		if err := errors.Join(s.raceWrite(t, user, 0, 0, &seen), s.raceHandle(t, user, &seen)); err != nil {
			t.Fatal(err)
		}
	}
	n, err := s.remind(t, user, late)
	ok(t, err)
	want(t, "reminders sent of what was read before", n, 0)
	_, err = s.remind(t, user, s.readDue(t))
	ok(t, err)
	s.checkErased(t, user, last)
	if sends.Load() == 0 {
		t.Error("no reminder was sent at all")
	}
	if last < 50 {
		t.Logf("only %d events were written", last)
	}
}

func (s Erasable) raceWrite(t *testing.T, user string, i, n int, seen *eventPool) error {
	task := remindable(user)
	e := event(task, domain.TaskCreatedV1)
	var err error
	if i%4 == 1 {
		_, err = s.Once.CreateOnce(t.Context(), task, e, answerOf(fmt.Sprint(i, n), n))
	} else {
		e.Position, err = s.Tasks.Tasks.Create(t.Context(), task, e)
	}
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if e.Position > 0 {
		seen.put(e)
	}
	if i%4 < 2 {
		return nil
	}
	task.Version = 2
	if _, err = s.Tasks.Tasks.Update(t.Context(), task, event(task, domain.TaskUpdatedV1)); err == nil && i%4 == 3 {
		_, err = s.Tasks.Tasks.Delete(t.Context(), user, task.ID, 2, event(task, domain.TaskDeletedV1))
	}
	if errors.Is(err, domain.ErrNotFound) || errors.Is(err, domain.ErrConflict) { // erased meanwhile
		return nil
	}
	return err
}

func (s Erasable) raceHandle(t *testing.T, user string, seen *eventPool) error {
	e, found := seen.take()
	if !found {
		return nil
	}
	next := newTask(user)
	next.ParentTaskID = ref(uuid.MustParse(e.Subject)) // tells whose effect it is
	next.Title = fmt.Sprint(e.Position)
	_, err := s.Caused.CreateCaused(t.Context(), e.Position, next, event(next, domain.TaskCreatedV1))
	if errors.Is(err, domain.ErrGone) {
		err = nil
	}
	return errors.Join(err, s.Audit.Append(t.Context(), entryOf(e)), s.Letters.Keep(t.Context(), letterOf(e)))
}

// checkErased looks for effects of events up to the mark, and for holes behind it.
func (s Erasable) checkErased(t *testing.T, user string, mark int64) {
	t.Helper()
	events, head, err := s.Streams.After(t.Context(), user, 0, 100000)
	ok(t, err)
	for i, e := range events {
		want(t, "position", e.Position, mark+int64(i)+1)
	}
	want(t, "head", head.Value, mark+int64(len(events)))
	trail, err := s.Audit.List(t.Context(), user, domain.AuditQuery{Limit: 500})
	ok(t, err)
	for _, x := range trail {
		if x.Position <= mark {
			t.Errorf("an audit entry of position %d, erased up to %d", x.Position, mark)
		}
	}
	letters, err := s.Letters.Find(t.Context(), domain.DeadLetterQuery{UserID: user})
	ok(t, err)
	for _, l := range letters {
		var at int64
		if _, err := fmt.Sscan(l.Error, &at); err != nil || at <= mark {
			t.Errorf("a letter of position %s, erased up to %d", l.Error, mark)
		}
	}
	list, err := s.Tasks.Tasks.List(t.Context(), user, domain.TaskQuery{})
	ok(t, err)
	created := map[string]bool{}
	for _, e := range events {
		if e.Type == domain.TaskCreatedV1 {
			created[e.Subject] = true
		}
		if !created[e.Subject] {
			t.Errorf("an event of a task that was erased: %+v", e)
		}
	}
	notes, err := s.Notes.List(t.Context(), user, domain.NotificationQuery{Limit: 100})
	ok(t, err)
	for _, n := range notes {
		if !created[n.TaskID.String()] {
			t.Errorf("a notification that nobody should have: %+v", n)
		}
	}
	for _, x := range list.Tasks {
		var cause int64
		if x.ParentTaskID != nil {
			_, _ = fmt.Sscan(x.Title, &cause)
		}
		if !created[x.ID.String()] || x.ParentTaskID != nil && cause <= mark {
			t.Errorf("a task that nobody should have: %+v", x)
		}
	}
}

// eventPool is events that were stored, given out in any order, some twice.
type eventPool struct {
	mu     sync.Mutex
	events []domain.Event
	n      int
}

func (p *eventPool) put(e domain.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, e)
}

func (p *eventPool) take() (domain.Event, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.events) == 0 {
		return domain.Event{}, false
	}
	p.n++
	back := p.n * 7 % min(len(p.events), 40)
	return p.events[len(p.events)-1-back], true
}
