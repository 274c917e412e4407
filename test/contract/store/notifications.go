package store

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// RunNotifications checks ports.NotificationStore. It fills the store by way of
// ports.ReminderStore, as only that does.
func RunNotifications(t *testing.T, open func(t *testing.T) Reminders) {
	for name, line := range map[string]func(*testing.T, Reminders){
		"lists are newest first, cut and of the unread": noteList,
		"one is marked, the others are not":             noteRead,
		"all are marked and counted":                    noteReadAll,
		"one that is deleted is gone":                   noteDelete,
		"another user finds nothing":                    noteOwner,
		"odd users and ids are not found":               noteOdd,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := open(t)
			r.Tasks = r.forTest()
			line(t, r)
		})
	}
}

// told gives user n notifications, the newest last.
func (s Reminders) told(t testing.TB, user string, n int) []domain.Notification {
	t.Helper()
	var out []domain.Notification
	for i := range n {
		task := dueTask(user, time.Second)
		create(t, s.Tasks.Tasks, task)
		due := domain.DueReminder{UserID: user, TaskID: task.ID, Version: 1, ReminderAt: *task.ReminderAt}
		sending := notice(due, task.CreatedAt.Add(time.Duration(i)*time.Microsecond))
		_, err := s.Due.Send(t.Context(), due, sending)
		ok(t, err)
		out = append(out, sending.Notification)
	}
	return out
}

func noteList(t *testing.T, s Reminders) {
	all := s.told(t, s.u("u"), 5)
	s.told(t, s.u("v"), 1)
	_, err := s.Notes.MarkRead(t.Context(), s.u("u"), all[3].ID)
	ok(t, err)
	all[3].Read = true
	for _, c := range []struct {
		q    domain.NotificationQuery
		want []int
	}{
		{domain.NotificationQuery{Limit: 10}, []int{4, 3, 2, 1, 0}},
		{domain.NotificationQuery{Limit: 2}, []int{4, 3}},
		{domain.NotificationQuery{Limit: 2, UnreadOnly: true}, []int{4, 2}},
	} {
		got, err := s.Notes.List(t.Context(), s.u("u"), c.q)
		ok(t, err)
		wanted := []domain.Notification{}
		for _, i := range c.want {
			wanted = append(wanted, all[i])
		}
		want(t, "list", asJSON(got), asJSON(wanted))
	}
}

func noteRead(t *testing.T, s Reminders) {
	all := s.told(t, s.u("u"), 2)
	for range 2 { // again is no error
		got, err := s.Notes.MarkRead(t.Context(), s.u("u"), all[0].ID)
		ok(t, err)
		all[0].Read = true
		want(t, "marked", asJSON(got), asJSON(all[0]))
	}
	want(t, "list", asJSON(s.notes(t, s.u("u"))), asJSON([]domain.Notification{all[1], all[0]}))
}

func noteReadAll(t *testing.T, s Reminders) {
	all := s.told(t, s.u("u"), 3)
	s.told(t, s.u("v"), 1)
	_, err := s.Notes.MarkRead(t.Context(), s.u("u"), all[0].ID)
	ok(t, err)
	for _, until := range []struct {
		at   *time.Time
		want int
	}{{&time.Time{}, 0}, {&all[0].CreatedAt, 0}, {&all[1].CreatedAt, 1}, {&all[1].CreatedAt, 0}, {nil, 1}, {nil, 0}} {
		got, err := s.Notes.MarkAllRead(t.Context(), s.u("u"), until.at)
		ok(t, err)
		want(t, fmt.Sprint("marked until ", until.at), got, until.want)
	}
	left, err := s.Notes.List(t.Context(), s.u("v"), domain.NotificationQuery{UnreadOnly: true, Limit: 5})
	ok(t, err)
	want(t, "unread of another user", len(left), 1)
}

func noteDelete(t *testing.T, s Reminders) {
	all := s.told(t, s.u("u"), 2)
	ok(t, s.Notes.Delete(t.Context(), s.u("u"), all[0].ID))
	wantKind(t, "deleted again", s.Notes.Delete(t.Context(), s.u("u"), all[0].ID), domain.ErrNotFound)
	_, err := s.Notes.MarkRead(t.Context(), s.u("u"), all[0].ID)
	wantKind(t, "marked when it is gone", err, domain.ErrNotFound)
	want(t, "list", asJSON(s.notes(t, s.u("u"))), asJSON(all[1:]))
}

// noteServing has every method, called as a thief for what the owner has; each says
// whether it found nothing.
var noteServing = map[string]func(ctx context.Context, s ports.NotificationStore, thief string, id uuid.UUID) (bool, error){
	"List": func(ctx context.Context, s ports.NotificationStore, thief string, _ uuid.UUID) (bool, error) {
		got, err := s.List(ctx, thief, domain.NotificationQuery{Limit: 10})
		return len(got) == 0, err
	},
	"MarkRead": func(ctx context.Context, s ports.NotificationStore, thief string, id uuid.UUID) (bool, error) {
		_, err := s.MarkRead(ctx, thief, id)
		return none(err)
	},
	"MarkAllRead": func(ctx context.Context, s ports.NotificationStore, thief string, _ uuid.UUID) (bool, error) {
		n, err := s.MarkAllRead(ctx, thief, nil)
		return n == 0, err
	},
	"Delete": func(ctx context.Context, s ports.NotificationStore, thief string, id uuid.UUID) (bool, error) {
		return none(s.Delete(ctx, thief, id))
	},
}

func noteOwner(t *testing.T, s Reminders) {
	owned := s.told(t, s.u("owner"), 1)
	port := reflect.TypeFor[ports.NotificationStore]()
	for i := range port.NumMethod() {
		name := port.Method(i).Name
		call, known := noteServing[name]
		if !known {
			t.Fatalf("%s is new: say in noteServing how another user finds nothing by it", name)
		}
		nothing, err := call(t.Context(), s.Notes, s.u("thief"), owned[0].ID)
		ok(t, err)
		want(t, name+" found nothing", nothing, true)
	}
	want(t, "the owner's", asJSON(s.notes(t, s.u("owner"))), asJSON(owned))
}

func noteOdd(t *testing.T, s Reminders) {
	for _, user := range []string{"", "%", "'; DROP TABLE notifications; --", "ü 漢"} {
		got, err := s.Notes.List(t.Context(), user, domain.NotificationQuery{Limit: 5})
		ok(t, err)
		want(t, "list", len(got), 0)
		wantKind(t, "delete", s.Notes.Delete(t.Context(), user, uuid.Nil), domain.ErrNotFound)
		_, err = s.Notes.MarkRead(t.Context(), user, uuid.Max)
		wantKind(t, "mark", err, domain.ErrNotFound)
	}
}
