package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
)

const notesPath = "/api/u1/notifications"

// told gives u1 a notification for each of n tasks, the newest last.
func (w *world) told(n int) (ids []string) {
	w.t.Helper()
	for i := range n {
		w.create(fmt.Sprintf(`{"title":"t%d","priority":"low","category":"home","reminderAt":"2026-01-01T00:00:00Z"}`, i))
		read, err := w.notes.Due(w.t.Context(), 10)
		if err != nil || len(read.Due) != 1 {
			w.t.Fatalf("%+v, %v", read, err)
		}
		s := reminders.Compose(&read.Due[0], read.Now, reminders.NewIDs())
		if _, err := w.notes.Send(w.t.Context(), read.Due[0], s); err != nil {
			w.t.Fatal(err)
		}
		ids = append(ids, s.Notification.ID.String())
	}
	return ids
}

func (a answer) messages(t *testing.T) (s string) {
	t.Helper()
	for _, n := range a.list(t) {
		s += fmt.Sprint(n["message"], ", ")
	}
	return s
}

func TestNotificationsAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if a := w.call("GET", notesPath, ""); a.status != 200 || string(a.body) != "[]" {
		t.Errorf("%d %s", a.status, a.body)
	}
	ids := w.told(3)
	task := w.call("GET", tasksPath+"?search=t2", "").list(t)[0]
	if task["reminderSent"] != true || task["version"] != float64(2) {
		t.Errorf("%v", task)
	}
	n := w.call("GET", notesPath+"?limit=1", "").list(t)[0]
	created, _ := n["createdAt"].(string)
	if len(n) != 7 || n["id"] != ids[2] || n["userId"] != "u1" || n["message"] != "Reminder: t2" || n["taskId"] != task["id"] ||
		n["type"] != "reminder" || n["read"] != false || len(created) != len("2026-02-04T10:00:00.000000Z") {
		t.Errorf("%v", n)
	}
	w.call("PATCH", notesPath+"/"+ids[1]+"/read", "")
	for query, want := range map[string]string{
		"": "Reminder: t2, Reminder: t1, Reminder: t0, ", "?limit=2": "Reminder: t2, Reminder: t1, ",
		"?unread_only=true": "Reminder: t2, Reminder: t0, ", "?unread_only=True&limit=1": "Reminder: t2, ",
		"?unread_only=false": "Reminder: t2, Reminder: t1, Reminder: t0, ", "?unread_only=1": "Reminder: t2, Reminder: t0, ",
	} {
		if a := w.call("GET", notesPath+query, ""); a.status != 200 || a.messages(t) != want {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
}

func TestNotificationsAreMarkedAndDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := w.told(3)
	if a := w.call("PATCH", notesPath+"/"+ids[0]+"/read", ""); a.status != 200 || a.object(t)["read"] != true || a.object(t)["id"] != ids[0] {
		t.Errorf("%d %s", a.status, a.body)
	}
	oldest, _ := w.call("GET", notesPath, "").list(t)[2]["createdAt"].(string)
	before, _ := time.Parse(time.RFC3339Nano, oldest)
	for _, until := range []string{"0001-01-01T00:00:00Z", before.Add(-time.Microsecond).Format(time.RFC3339Nano), oldest} {
		if a := w.call("PATCH", notesPath+"/read-all?until="+until, ""); a.status != 200 || string(a.body) != `{"count":0}` { // the oldest is read
			t.Errorf("until %s: %d %s", until, a.status, a.body)
		}
	}
	second, _ := w.call("GET", notesPath, "").list(t)[1]["createdAt"].(string)
	for _, step := range [][2]string{{"?until=" + second, `{"count":1}`}, {"", `{"count":1}`}, {"", `{"count":0}`}} {
		if a := w.call("PATCH", notesPath+"/read-all"+step[0], ""); a.status != 200 || string(a.body) != step[1] {
			t.Errorf("%s: %d %s, want %s", step[0], a.status, a.body, step[1])
		}
	}
	one := notesPath + "/" + ids[0]
	if a := w.call("DELETE", one, ""); a.status != 200 || string(a.body) != `{"success":true}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.call("DELETE", one, "").problem(t, 404)
	w.call("PATCH", one+"/read", "").problem(t, 404)
	if a := w.call("GET", notesPath, ""); len(a.list(t)) != 2 {
		t.Errorf("%s", a.body)
	}
}

func TestNotificationsAreTheirUsersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.told(1)[0]
	for _, call := range [][2]string{{"GET", ""}, {"PATCH", "/read-all"}, {"PATCH", "/" + id + "/read"}, {"DELETE", "/" + id}} {
		w.call(call[0], notesPath+call[1], "", "Authorization: ").problem(t, 401)
		w.call(call[0], notesPath+call[1], "", other).problem(t, 403)
	}
	w.call("PATCH", "/api/u2/notifications/"+id+"/read", "", other).problem(t, 404)
	w.call("DELETE", "/api/u2/notifications/"+id, "", other).problem(t, 404)
	if a := w.call("PATCH", "/api/u2/notifications/read-all", "", other); string(a.body) != `{"count":0}` {
		t.Errorf("%s", a.body)
	}
	if a := w.call("GET", notesPath+"?unread_only=true", ""); len(a.list(t)) != 1 {
		t.Errorf("%s", a.body)
	}
}

func TestWrongRequestsForNotificationsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for query, want := range map[string]string{
		"?limit=0": "limit", "?limit=101": "limit", "?limit=x": "limit", "?limit=-1": "limit", "?limit=1.5": "limit",
		"?unread_only=maybe": "unread_only", "?unread_only=2&limit=1000": "unread_only limit",
	} {
		if got := w.call("GET", notesPath+query, "").problem(t, 422); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for _, until := range []string{"yesterday", "", "%20"} {
		if got := w.call("PATCH", notesPath+"/read-all?until="+until, "").problem(t, 422); got != "until" {
			t.Errorf("%q: %s", until, got)
		}
	}
	for _, id := range []string{"x", "%00", "01890a5d-ac96-774b-bcce-b302099a805", "01890a5dac96774bbcceb302099a8057"} {
		w.call("DELETE", notesPath+"/"+id, "").problem(t, 422)
		w.call("PATCH", notesPath+"/"+id+"/read", "").problem(t, 422)
	}
	if a := w.call("PATCH", notesPath, ""); a.status != http.StatusMethodNotAllowed {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// awayNotes is a store that is away.
type awayNotes struct{}

var errAway = domain.Unavailable("database", errors.New("connection refused"))

func (awayNotes) List(context.Context, string, domain.NotificationQuery) ([]domain.Notification, error) {
	return nil, errAway
}

func (awayNotes) MarkRead(context.Context, string, uuid.UUID) (domain.Notification, error) {
	return domain.Notification{}, errAway
}
func (awayNotes) MarkAllRead(context.Context, string, *time.Time) (int, error) { return 0, errAway }
func (awayNotes) Delete(context.Context, string, uuid.UUID) error              { return errAway }

func TestNotificationsInAnOutageAre503(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *rest.Deps) { d.Notifications = reminders.NewNotifications(awayNotes{}) })
	id := uuid.NewString()
	for _, call := range [][2]string{{"GET", ""}, {"PATCH", "/read-all"}, {"PATCH", "/" + id + "/read"}, {"DELETE", "/" + id}} {
		a := w.call(call[0], notesPath+call[1], "")
		a.problem(t, 503)
		if a.header.Get("Retry-After") == "" {
			t.Errorf("%v: no Retry-After", call)
		}
	}
}
