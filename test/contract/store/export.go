package store

import (
	"errors"
	"testing"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// copied is what an export gave.
type copied struct {
	At            domain.Position
	Preferences   domain.Preferences
	Tasks         []domain.Task
	Events        []domain.Event
	Audit         []domain.AuditEntry
	Notifications []domain.Notification
	Answers       []domain.KeptAnswer
	Letters       []domain.DeadLetter
}

func collect[T any](to *[]T) func(*T) error {
	return func(v *T) error {
		*to = append(*to, *v)
		return nil
	}
}

// into gathers.
func (c *copied) into() domain.UserData {
	return domain.UserData{
		Account: func(at domain.Position, p *domain.Preferences) error {
			c.At, c.Preferences = at, *p
			return nil
		},
		Task: collect(&c.Tasks), Event: collect(&c.Events), AuditEntry: collect(&c.Audit), Notification: collect(&c.Notifications),
		KeptAnswer: collect(&c.Answers), DeadLetter: collect(&c.Letters),
	}
}

func (s Erasable) export(t testing.TB, name string) (c copied) {
	t.Helper()
	ok(t, s.Exporter.Export(t.Context(), s.u(name), c.into()))
	return c
}

// stored is what the stores themselves say, in an export's order.
func (s Erasable) stored(t testing.TB, name string) (c copied) {
	t.Helper()
	user := s.u(name)
	list, err := s.Tasks.Tasks.List(t.Context(), user, domain.TaskQuery{Ascending: true})
	ok(t, err)
	c.Tasks = list.Tasks
	c.Events, c.At, err = s.Streams.After(t.Context(), user, 0, 1000)
	ok(t, err)
	c.Audit, err = s.Audit.List(t.Context(), user, domain.AuditQuery{Limit: 500})
	ok(t, err)
	c.Notifications, err = s.Notes.List(t.Context(), user, domain.NotificationQuery{Limit: 100})
	ok(t, err)
	c.Letters, err = s.Letters.Find(t.Context(), domain.DeadLetterQuery{UserID: user})
	ok(t, err)
	c.Preferences, err = s.Preferences.Get(t.Context(), user)
	ok(t, err)
	c.Answers = []domain.KeptAnswer{answerOf("k", 1)}
	return c
}

func exportAll(t *testing.T, s Erasable) {
	s.live(t, "u")
	s.live(t, "v")
	full := fullTask(s.u("u"))
	create(t, s.Tasks.Tasks, full)
	got := s.export(t, "u")
	want(t, "export", asJSON(got), asJSON(s.stored(t, "u")))
	want(t, "tasks", len(got.Tasks), 4)
	want(t, "notifications", len(got.Notifications), 1)
	want(t, "letters", len(got.Letters), 4)

	none := s.export(t, "nobody")
	at := got.At
	at.Value = 0
	want(t, "of a user without anything", asJSON(none), asJSON(copied{At: at, Preferences: domain.DefaultPreferences()}))
	s.erase(t, "u")
	at.Value = got.At.Value
	want(t, "of an erased user", asJSON(s.export(t, "u")), asJSON(copied{At: at, Preferences: domain.DefaultPreferences()}))
	wantKind(t, "a user with NUL", s.Exporter.Export(t.Context(), "\x00", domain.UserData{}), domain.ErrInvalid)
}

// exportMoment changes everything while an export is read.
func exportMoment(t *testing.T, s Erasable) {
	s.live(t, "u")
	before := s.stored(t, "u")
	var got copied
	into := got.into()
	task, meanwhile := into.Task, func() {
		create(t, s.Tasks.Tasks, newTask(s.u("u")))
		gone := before.Tasks[len(before.Tasks)-1]
		_, err := s.Tasks.Tasks.Delete(t.Context(), gone.UserID, gone.ID, gone.Version, event(gone, domain.TaskDeletedV1))
		ok(t, err)
		s.change(t, "u", domain.PreferencesChange{Theme: ref(domain.ThemeLight)})
		another := newTask(s.u("u"))
		_, err = s.Once.CreateOnce(t.Context(), another, event(another, domain.TaskCreatedV1), answerOf("later", 1))
		ok(t, err)
		_, err = s.Notes.MarkAllRead(t.Context(), s.u("u"), nil)
		ok(t, err)
		events, _, err := s.Streams.After(t.Context(), s.u("u"), before.At.Value, 10)
		ok(t, err)
		for _, e := range events {
			ok(t, errors.Join(s.Audit.Append(t.Context(), entryOf(e)), s.Letters.Keep(t.Context(), letterOf(e))))
		}
	}
	into.Task = func(v *domain.Task) error {
		if len(got.Tasks) == 0 {
			meanwhile()
		}
		return task(v)
	}
	ok(t, s.Exporter.Export(t.Context(), s.u("u"), into))
	want(t, "export", asJSON(got), asJSON(before))
	want(t, "another one, events", len(s.export(t, "u").Events), len(before.Events)+3)
}

// exportBroken breaks exports off, in each part, more often than there are connections.
func exportBroken(t *testing.T, s Erasable) {
	s.live(t, "u")
	broken := errors.New("the reader has gone")
	for range 10 {
		for part := range 7 {
			into := new(copied).into()
			switch part {
			case 0:
				into.Account = func(domain.Position, *domain.Preferences) error { return broken }
			case 1:
				into.Task = func(*domain.Task) error { return broken }
			case 2:
				into.Event = func(*domain.Event) error { return broken }
			case 3:
				into.AuditEntry = func(*domain.AuditEntry) error { return broken }
			case 4:
				into.Notification = func(*domain.Notification) error { return broken }
			case 5:
				into.KeptAnswer = func(*domain.KeptAnswer) error { return broken }
			case 6:
				into.DeadLetter = func(*domain.DeadLetter) error { return broken }
			}
			if err := s.Exporter.Export(t.Context(), s.u("u"), into); err != broken { //nolint:errorlint // as it is
				t.Fatalf("part %d: %v", part, err)
			}
		}
	}
	want(t, "tasks", len(s.export(t, "u").Tasks), 3)
}

// remindable is a task whose reminder is due.
func remindable(user string) domain.Task { return dueTask(user, time.Minute) }

// remind sends what was due of user, and says how many that were.
func (s Erasable) remind(t testing.TB, user string, read domain.Reminders) (n int, err error) {
	t.Helper()
	for _, r := range read.Due {
		if r.UserID != user {
			continue
		}
		switch _, err := s.Due.Send(t.Context(), r, notice(r, read.Now)); {
		case err == nil:
			n++
		case !errors.Is(err, domain.ErrConflict):
			return n, err
		}
	}
	return n, nil
}

func (s Erasable) readDue(t testing.TB) domain.Reminders {
	t.Helper()
	read, err := s.Due.Due(t.Context(), 1000)
	if err != nil {
		t.Error(err)
	}
	return read
}
