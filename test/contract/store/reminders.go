package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Reminders is an empty database: what is due is asked for all users.
type Reminders struct {
	Tasks
	Due    ports.ReminderStore
	Notes  ports.NotificationStore
	Outbox ports.Outbox // nil: it has none
}

// RunReminders checks ports.ReminderStore.
func RunReminders(t *testing.T, open func(t *testing.T) Reminders) {
	for name, line := range map[string]func(*testing.T, Reminders){
		"nothing is due where nothing is set":                      remindNothing,
		"what is due comes with what a reminder needs":             remindDue,
		"the time of the next one is told":                         remindNext,
		"a reminder, its mark, event and outbox row are one":       remindSend,
		"what changed between read and write is not sent":          remindChanged,
		"one time of a task is notified once, moved back as well":  remindMovedBack,
		"of five who find that a time was notified, one marks it":  remindMovedBackRace,
		"a reminder that is moved after it was sent is sent again": remindMoved,
		"of five who send the same at once, one does":              remindRace,
		"sends and changes at once leave no gap":                   remindContention,
		"a bad one does not fail those beside it":                  remindBadMate,
		"a backlog does not delay who is due now":                  remindBothEnds,
		"setting a reminder wakes":                                 remindWake,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := open(t)
			r.Tasks = r.forTest()
			line(t, r)
		})
	}
}

func dueTask(user string, ago time.Duration) domain.Task {
	t := newTask(user)
	t.ReminderAt = ref(t.CreatedAt.Add(-ago))
	return t
}

func notice(r domain.DueReminder, now time.Time) domain.Sending {
	id := uuid.New()
	due := domain.Event{
		ID: id, Time: now, Type: domain.ReminderDueV1, UserID: r.UserID, CorrelationID: id.String(),
		Source: domain.NotificationService, Subject: r.TaskID.String(), Data: json.RawMessage(`{"title":"é"}`),
	}
	marked := due
	marked.ID, marked.Type, marked.Source, marked.Data = uuid.New(), domain.TaskUpdatedV1, domain.BackendAPI, json.RawMessage(`{"marked":"é"}`)
	return domain.Sending{Due: due, Marked: marked, Notification: domain.Notification{
		ID: newID(), UserID: r.UserID, TaskID: r.TaskID, Type: domain.NotificationReminder,
		Message: "Reminder: " + r.Title, ReminderAt: r.ReminderAt, CreatedAt: now,
	}}
}

func (s Reminders) due(t testing.TB, limit int) domain.Reminders {
	t.Helper()
	got, err := s.Due.Due(t.Context(), limit)
	ok(t, err)
	return got
}

func (s Reminders) send(t testing.TB, r domain.DueReminder, now time.Time) error {
	t.Helper()
	_, err := s.Due.Send(t.Context(), r, notice(r, now))
	return err
}

func (s Reminders) notes(t testing.TB, user string) []domain.Notification {
	t.Helper()
	got, err := s.Notes.List(t.Context(), user, domain.NotificationQuery{Limit: 100})
	ok(t, err)
	return got
}

func (s Reminders) get(t testing.TB, task domain.Task) domain.Task {
	t.Helper()
	got, err := s.Tasks.Tasks.Get(t.Context(), task.UserID, task.ID)
	ok(t, err)
	return got
}

// change stores an edit of task over its present state.
func (s Reminders) change(t testing.TB, task domain.Task, edit func(*domain.Task)) domain.Task {
	t.Helper()
	task = s.get(t, task)
	edit(&task)
	task.Version++
	_, err := s.Tasks.Tasks.Update(t.Context(), task, event(task, domain.TaskUpdatedV1))
	ok(t, err)
	return task
}

func remindNothing(t *testing.T, s Reminders) {
	create(t, s.Tasks.Tasks, newTask(s.u("u")))
	got := s.due(t, 10)
	want(t, "due", len(got.Due), 0)
	want(t, "there is a next one", got.Next != nil, false)
	if d := time.Since(got.Now); d < -time.Minute || d > time.Minute {
		t.Errorf("the store's clock says %s", got.Now)
	}
}

func remindDue(t *testing.T, s Reminders) {
	late, full := dueTask(s.u("u"), time.Hour), fullTask(s.u("v"))
	full.ReminderSent, full.ReminderAt = false, ref(full.CreatedAt.Add(-time.Minute))
	done, sent, gone := dueTask(s.u("u"), time.Hour), dueTask(s.u("u"), time.Hour), dueTask(s.u("u"), time.Hour)
	done.Completed, sent.ReminderSent = true, true
	for _, task := range []domain.Task{full, late, done, sent, gone} {
		create(t, s.Tasks.Tasks, task)
	}
	_, err := s.Tasks.Tasks.Delete(t.Context(), gone.UserID, gone.ID, 1, event(gone, domain.TaskDeletedV1))
	ok(t, err)
	got := s.due(t, 10)
	slices.SortFunc(got.Due, func(a, b domain.DueReminder) int { return a.ReminderAt.Compare(b.ReminderAt) })
	want(t, "due", asJSON(got.Due), asJSON([]domain.DueReminder{
		{UserID: late.UserID, TaskID: late.ID, Version: 1, Title: late.Title, ReminderAt: *late.ReminderAt, UpdatedAt: late.UpdatedAt},
		{UserID: full.UserID, TaskID: full.ID, Version: 1, Title: full.Title, DueDate: full.DueDate, ReminderAt: *full.ReminderAt, UpdatedAt: full.UpdatedAt},
	}))
	want(t, "there is a next one", got.Next != nil, false)
	want(t, "with a limit of 0", len(s.due(t, 0).Due), 0)
}

func remindNext(t *testing.T, s Reminders) {
	far, near := dueTask(s.u("u"), -2*time.Hour), dueTask(s.u("v"), -time.Hour)
	done := dueTask(s.u("v"), -time.Minute)
	done.Completed = true
	never := dueTask(s.u("v"), 0)
	never.ReminderAt = ref(time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC))
	create(t, s.Tasks.Tasks, never)
	want(t, "the only one", s.due(t, 10).Next.String(), never.ReminderAt.String())
	for _, task := range []domain.Task{far, near, done} {
		create(t, s.Tasks.Tasks, task)
	}
	got := s.due(t, 10)
	want(t, "due", len(got.Due), 0)
	want(t, "next", got.Next.String(), near.ReminderAt.String())
	create(t, s.Tasks.Tasks, dueTask(s.u("u"), time.Second))
	got = s.due(t, 10)
	want(t, "due", len(got.Due), 1)
	want(t, "next, with one due", got.Next.String(), near.ReminderAt.String())
}

func remindSend(t *testing.T, s Reminders) {
	task := dueTask(s.u("u"), time.Second)
	create(t, s.Tasks.Tasks, task)
	read := s.due(t, 10)
	sending := notice(read.Due[0], read.Now)
	n, e := sending.Notification, sending.Due
	position, err := s.Due.Send(t.Context(), read.Due[0], sending)
	ok(t, err)
	want(t, "position", position, int64(2))
	want(t, "notifications", asJSON(s.notes(t, task.UserID)), asJSON([]domain.Notification{n}))

	after := task
	after.ReminderSent, after.Version = true, 2
	if after.UpdatedAt.Before(read.Now) {
		after.UpdatedAt = read.Now
	}
	want(t, "task", asJSON(s.get(t, task)), asJSON(after))
	e.Position = 2
	want(t, "event", asJSON(stream(t, s.Streams, task.UserID)[1]), asJSON(e))
	want(t, "due after it", len(s.due(t, 10).Due), 0)
	wantKind(t, "the same again", s.send(t, read.Due[0], read.Now), domain.ErrConflict)
	want(t, "events", len(stream(t, s.Streams, task.UserID)), 2)
	if s.Outbox == nil {
		return
	}
	l, err := s.Outbox.Lease(t.Context(), domain.NotificationService, "o", domain.Shards, time.Minute, nil)
	ok(t, err)
	heads, err := s.Outbox.Heads(t.Context(), l, 10)
	ok(t, err)
	want(t, "pending of notification-service", asJSON(heads), asJSON([]domain.Pending{{Topic: domain.ReminderDue, Event: e}}))
}

func remindChanged(t *testing.T, s Reminders) {
	for name, edit := range map[string]func(domain.Task){
		"moved": func(task domain.Task) {
			s.change(t, task, func(t *domain.Task) { t.ReminderAt = ref(t.ReminderAt.Add(time.Hour)) })
		},
		"taken off": func(task domain.Task) { s.change(t, task, func(t *domain.Task) { t.ReminderAt = nil }) },
		"completed": func(task domain.Task) { s.change(t, task, func(t *domain.Task) { t.Completed = true }) },
		"renamed":   func(task domain.Task) { s.change(t, task, func(t *domain.Task) { t.Title = "another" }) },
		"sent":      func(task domain.Task) { s.change(t, task, func(t *domain.Task) { t.ReminderSent = true }) },
		"deleted": func(task domain.Task) {
			_, err := s.Tasks.Tasks.Delete(t.Context(), task.UserID, task.ID, 1, event(task, domain.TaskDeletedV1))
			ok(t, err)
		},
	} {
		task := dueTask(s.u(name), time.Second)
		create(t, s.Tasks.Tasks, task)
		read := s.due(t, 100)
		i := slices.IndexFunc(read.Due, func(r domain.DueReminder) bool { return r.TaskID == task.ID })
		edit(task)
		wantKind(t, name, s.send(t, read.Due[i], read.Now), domain.ErrConflict)
		want(t, name+": notifications", len(s.notes(t, task.UserID)), 0)
		want(t, name+": events", len(stream(t, s.Streams, task.UserID)), 2)
		if name != "deleted" {
			want(t, name+": version", s.get(t, task).Version, int64(2))
		}
	}
}

func remindMoved(t *testing.T, s Reminders) {
	task := dueTask(s.u("u"), time.Minute)
	create(t, s.Tasks.Tasks, task)
	read := s.due(t, 10)
	ok(t, s.send(t, read.Due[0], read.Now))
	s.change(t, task, func(t *domain.Task) { t.ReminderAt, t.ReminderSent = ref(t.ReminderAt.Add(time.Second)), false })
	read = s.due(t, 10)
	want(t, "due", len(read.Due), 1)
	ok(t, s.send(t, read.Due[0], read.Now))
	want(t, "notifications", len(s.notes(t, task.UserID)), 2)
}

func remindMovedBack(t *testing.T, s Reminders) {
	task := dueTask(s.u("u"), time.Minute)
	create(t, s.Tasks.Tasks, task)
	read := s.due(t, 10)
	ok(t, s.send(t, read.Due[0], read.Now))
	s.change(t, task, func(t *domain.Task) { t.ReminderSent = false })
	read = s.due(t, 10)
	want(t, "due", len(read.Due), 1)
	sending := notice(read.Due[0], read.Now)
	_, err := s.Due.Send(t.Context(), read.Due[0], sending)
	wantKind(t, "the same time", err, domain.ErrConflict)
	want(t, "notifications", len(s.notes(t, task.UserID)), 1)
	sending.Marked.Position = 4
	events := stream(t, s.Streams, task.UserID)
	want(t, "events", len(events), 4)
	want(t, "the event of the mark", asJSON(events[3]), asJSON(sending.Marked))
	want(t, "reminded", s.get(t, task).ReminderSent, true)
	want(t, "version", s.get(t, task).Version, int64(4))
	want(t, "due after it", len(s.due(t, 10).Due), 0)
	if s.Outbox == nil {
		return
	}
	l, err := s.Outbox.Lease(t.Context(), domain.BackendAPI, "o", domain.Shards, time.Minute, nil)
	ok(t, err)
	for position := int64(1); position <= 4; position++ { // the second is notification-service's
		if position != 2 {
			heads, err := s.Outbox.Heads(t.Context(), l, 10)
			ok(t, err)
			want(t, "pending of backend-api", len(heads), 1)
			want(t, "position", heads[0].Event.Position, position)
			ok(t, s.Outbox.Settle(t.Context(), l, heads...))
		}
	}
}

// remindMovedBackRace: several who find that a time was notified before mark it once.
func remindMovedBackRace(t *testing.T, s Reminders) {
	const users, times = 10, 5
	for i := range users {
		create(t, s.Tasks.Tasks, dueTask(s.u(fmt.Sprint(i)), time.Minute))
	}
	read := s.due(t, users)
	want(t, "due", len(read.Due), users)
	for _, r := range read.Due {
		ok(t, s.send(t, r, read.Now))
		s.change(t, domain.Task{UserID: r.UserID, ID: r.TaskID}, func(t *domain.Task) { t.ReminderSent = false })
	}
	read = s.due(t, users)
	want(t, "due again", len(read.Due), users)
	together(times*users, func(i int) {
		if err := s.send(t, read.Due[i%users], read.Now); !errors.Is(err, domain.ErrConflict) {
			t.Error(err)
		}
	})
	for _, r := range read.Due {
		want(t, "version", s.get(t, domain.Task{UserID: r.UserID, ID: r.TaskID}).Version, int64(4))
		want(t, "events", len(stream(t, s.Streams, r.UserID)), 4)
		want(t, "notifications", len(s.notes(t, r.UserID)), 1)
	}
}

func remindRace(t *testing.T, s Reminders) {
	const users = 20
	for i := range users {
		create(t, s.Tasks.Tasks, dueTask(s.u(fmt.Sprint(i)), time.Second))
	}
	read := s.due(t, users)
	want(t, "due", len(read.Due), users)
	var sent atomic.Int64
	together(5*users, func(i int) {
		switch err := s.send(t, read.Due[i%users], read.Now); {
		case err == nil:
			sent.Add(1)
		case !errors.Is(err, domain.ErrConflict):
			t.Error(err)
		}
	})
	want(t, "sent", sent.Load(), int64(users))
	for i := range users {
		want(t, "notifications", len(s.notes(t, s.u(fmt.Sprint(i)))), 1)
		want(t, "events", len(stream(t, s.Streams, s.u(fmt.Sprint(i)))), 2)
	}
}

func remindContention(t *testing.T, s Reminders) {
	const users, each = 4, 10
	tasks := make([]domain.Task, users*each)
	for i := range tasks {
		tasks[i] = dueTask(s.u(fmt.Sprint(i%users)), time.Second)
		create(t, s.Tasks.Tasks, tasks[i])
	}
	var sent, changed atomic.Int64
	together(len(tasks)+8, func(i int) {
		if i < len(tasks) { // each is renamed by its user meanwhile
			task := tasks[i]
			task.Title, task.Version = "renamed", 2
			_, err := s.Tasks.Tasks.Update(t.Context(), task, event(task, domain.TaskUpdatedV1))
			if err == nil {
				changed.Add(1)
			} else if !errors.Is(err, domain.ErrConflict) {
				t.Error(err)
			}
			return
		}
		for deadline := time.Now().Add(30 * time.Second); sent.Load() < int64(len(tasks)); {
			read, err := s.Due.Due(t.Context(), 16)
			if err != nil || time.Now().After(deadline) {
				t.Errorf("%d of %d are sent: %v", sent.Load(), len(tasks), err)
				return
			}
			together(len(read.Due), func(i int) {
				if err := s.send(t, read.Due[i], read.Now); err == nil {
					sent.Add(1)
				} else if !errors.Is(err, domain.ErrConflict) {
					t.Error(err)
				}
			})
		}
	})
	total := 0
	for i := range users {
		want(t, "notifications", len(s.notes(t, s.u(fmt.Sprint(i)))), each)
		total += len(stream(t, s.Streams, s.u(fmt.Sprint(i))))
	}
	want(t, "events", total, 2*len(tasks)+int(changed.Load()))
}

func remindBadMate(t *testing.T, s Reminders) {
	const n = 20
	for i := range n {
		create(t, s.Tasks.Tasks, dueTask(s.u(fmt.Sprint(i)), time.Second))
	}
	read := s.due(t, n)
	together(n, func(i int) {
		sending := notice(read.Due[i], read.Now)
		if i%5 == 0 {
			sending.Due.Data = json.RawMessage(`{"no":json}`)
		}
		if _, err := s.Due.Send(t.Context(), read.Due[i], sending); (err != nil) != (i%5 == 0 && s.Outbox != nil) {
			t.Errorf("%d: %v", i, err)
		}
	})
}

func remindBothEnds(t *testing.T, s Reminders) {
	for i := range 20 {
		create(t, s.Tasks.Tasks, dueTask(s.u("old"), time.Hour+time.Duration(i)*time.Second))
	}
	fresh := dueTask(s.u("fresh"), time.Second)
	create(t, s.Tasks.Tasks, fresh)
	for limit := 2; limit < 25; limit++ {
		read := s.due(t, limit)
		want(t, "due", len(read.Due), min(limit, 21))
		isFresh := func(r domain.DueReminder) bool { return r.TaskID == fresh.ID }
		want(t, "the one that is due now is among them", slices.ContainsFunc(read.Due, isFresh), true)
		oldest := slices.MinFunc(read.Due, func(a, b domain.DueReminder) int {
			return cmp.Compare(a.ReminderAt.UnixMicro(), b.ReminderAt.UnixMicro())
		})
		want(t, "and the oldest", oldest.ReminderAt.Before(fresh.CreatedAt.Add(-time.Hour-18*time.Second)), true)
	}
}

func remindWake(t *testing.T, s Reminders) {
	woken := func() bool {
		select {
		case <-s.Due.Wake():
			return true
		default:
			return false
		}
	}
	create(t, s.Tasks.Tasks, newTask(s.u("u")))
	want(t, "woken by a task without reminder", woken(), false)
	task := dueTask(s.u("u"), -time.Minute)
	create(t, s.Tasks.Tasks, task)
	want(t, "woken by a new one", woken(), true)
	s.change(t, task, func(t *domain.Task) { t.Completed = true })
	want(t, "woken by a completion", woken(), false)
	s.change(t, task, func(t *domain.Task) { t.Completed = false })
	want(t, "woken by a task that is open again", woken(), true)
	s.change(t, task, func(t *domain.Task) { t.ReminderAt = ref(t.ReminderAt.Add(time.Second)) })
	want(t, "woken by one that is moved", woken(), true)
	s.change(t, task, func(t *domain.Task) { t.ReminderSent = true })
	want(t, "woken by one that is sent", woken(), false)

	task = dueTask(s.u("u"), -time.Minute)
	_, err := s.Tasks.Tasks.(ports.CausedTaskStore).CreateCaused(t.Context(), 1, task, event(task, domain.TaskCreatedV1))
	ok(t, err)
	want(t, "woken by the next occurrence", woken(), true)
	task = dueTask(s.u("u"), -time.Minute)
	answer := domain.KeptAnswer{Key: "k", Fingerprint: "f", Response: []byte(`{}`), CreatedAt: task.CreatedAt}
	_, err = s.Tasks.Tasks.(ports.OnceStore).CreateOnce(t.Context(), task, event(task, domain.TaskCreatedV1), answer)
	ok(t, err)
	want(t, "woken by one with an idempotency key", woken(), true)
}
