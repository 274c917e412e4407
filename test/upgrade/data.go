package upgrade

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// content is what every stored database has, as far as its schema had room for it.
type content struct {
	tasks   []domain.Task
	events  []domain.Event
	pending []domain.Event // of events: not published yet
	audit   []domain.AuditEntry
	letter  domain.DeadLetter
	state   map[string]string
	notes   []domain.Notification
	prefs   domain.Preferences
	keys    map[string]string // an idempotency key and its answer
	account domain.Credential // of ada
	session domain.AccountSession
	signing domain.SigningKey
}

const (
	ada    = "ada"
	grace  = "grace müller"
	erased = "erased-user" // had everything erased up to position 7
)

func at(minute int) time.Time {
	return time.Date(2026, 2, 4, 10, 0, 0, 123456000, time.UTC).Add(time.Duration(minute) * time.Minute)
}

func ptr[T any](v T) *T { return &v }

// id is the same in every run.
func id(kind string, n int) uuid.UUID {
	u := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s %d", kind, n))
	u[6] = u[6]&0x0f | map[string]byte{"task": 0x70, "note": 0x70}[kind]
	if u[6]&0xf0 == 0 {
		u[6] |= 0x40
	}
	return u
}

// data makes it: twelve tasks of two users, with every field used and every letter odd.
func data() content {
	var c content
	positions := map[string]int64{}
	store := func(t domain.Task) {
		c.tasks = append(c.tasks, t)
		positions[t.UserID]++
		payload, _ := json.Marshal(map[string]any{"task_id": t.ID, "title": t.Title, "priority": t.Priority, "status": t.Status()})
		e := domain.Event{
			ID: id("event", len(c.events)), Time: t.CreatedAt, Type: domain.TaskCreatedV1, UserID: t.UserID, CorrelationID: fmt.Sprintf("request-%d", len(c.events)),
			Source: domain.BackendAPI, Subject: t.ID.String(), Position: positions[t.UserID],
			TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Data: payload,
		}
		c.events = append(c.events, e)
		c.audit = append(c.audit, domain.AuditEntry{
			ID: e.ID, UserID: e.UserID, Position: e.Position, EventType: "created", EntityType: "task", EntityID: e.Subject, Time: e.Time,
			Data: json.RawMessage(`{"new": {"title": "x"}, "old": null}`),
		})
	}
	for n := range 12 {
		user := []string{ada, grace}[n%2]
		t := domain.Task{
			ID: id("task", n), UserID: user, Title: fmt.Sprintf("Größe %d: it's 100%% \"done\" 😀", n), Priority: []domain.Priority{domain.PriorityLow, domain.PriorityMedium, domain.PriorityHigh}[n%3],
			Category: []domain.Category{domain.CategoryWork, domain.CategoryPersonal, domain.CategoryHome, domain.CategoryOther}[n%4],
			Tags:     []string{}, TimeZone: "UTC", Version: int64(1 + n%3), CreatedAt: at(n), UpdatedAt: at(2 * n), Completed: n%5 == 4,
		}
		if n%2 == 0 {
			t.Description, t.Tags = ptr("line one\nline 'two' \\ with a\ttab"), []string{"errands", "ünïcode", "a,b"}
		}
		if n%3 == 0 {
			t.DueDate, t.TimeZone = ptr(at(60*24+n)), "Europe/Berlin"
		}
		if n%4 == 0 {
			t.ReminderAt, t.ReminderSent = ptr(at(60*24*365*20+n)), n == 8
		}
		store(t)
	}
	c.tasks[6].RecurringRule, c.tasks[6].RecurringEndDate = ptr("FREQ=WEEKLY;BYDAY=MO,WE"), ptr(at(60*24*300))
	next := c.tasks[6]
	next.ID, next.ParentTaskID, next.PreviousTaskID = id("task", 100), &c.tasks[6].ID, &c.tasks[6].ID
	next.DueDate, next.SeriesStart, next.SeriesIndex, next.CreatedAt = ptr(at(60*24*7)), c.tasks[6].DueDate, 1, at(50)
	store(next)
	c.pending = []domain.Event{c.events[11], c.events[12]} // one of each user
	c.letter = domain.DeadLetter{
		ID: "ad07f156755eee386dfad54120a1715c", UserID: ada, EventID: c.events[0].ID.String(), EventType: string(domain.TaskCreatedV1), Topic: domain.TopicOf(domain.TaskCreatedV1),
		Group: string(domain.AuditService), Key: ada, Body: []byte{0, 1, 0xff, 'x'}, Reason: domain.ReasonExhausted, Error: "it's broken", Attempts: 8,
		FirstFailed: at(1), LastFailed: at(3), TraceParent: c.events[0].TraceParent,
	}
	c.state = map[string]string{
		domain.ProcessedKey(c.events[0].ID, string(domain.AuditService)): `{"state": "done"}`,
		domain.ProcessedKey(c.events[1].ID, string(domain.AuditService)): `{"state": "started", "attempts": 3}`,
	}
	for n := range 3 {
		c.notes = append(c.notes, domain.Notification{
			ID: id("note", n), UserID: ada, TaskID: c.tasks[2*n].ID, Type: "reminder", Message: fmt.Sprintf("Reminder: it's %d", n), ReminderAt: at(n), Read: n == 1, CreatedAt: at(n + 1),
		})
	}
	c.prefs = domain.Preferences{TimeZone: "Europe/Berlin", Theme: domain.ThemeDark, UpdatedAt: ptr(at(9))}
	c.keys = map[string]string{"a key of ada's": `{"id": "` + c.tasks[0].ID.String() + `"}`}
	c.account = domain.Credential{
		Account:  domain.Account{ID: ada, Email: "Ada@example.org", Name: "Ada O'Hara", Scope: domain.ScopeOperator, CreatedAt: at(0), UpdatedAt: at(1)},
		EmailKey: "ada@example.org", Hash: "$argon2id$v=19$m=65536,t=1,p=2$c2FsdA$aGFzaA",
	}
	c.session = domain.AccountSession{
		ID: "a-session", AccountID: ada, Secret: []byte{0, 1, 0xff}, Remembered: true, Address: "192.0.2.7", UserAgent: "it's a browser",
		CreatedAt: at(2), UpdatedAt: at(3), ExpiresAt: at(60 * 24 * 365 * 30),
	}
	c.signing = domain.SigningKey{ID: "a-key", Generation: 1, Public: []byte{1, 2}, Private: []byte{3, 4}, CreatedAt: at(0), SignsFrom: at(0)}
	return c
}

// asOf is the content that a schema had room for; what was added later has the value
// that the migration gives it.
func (c content) asOf(version int64) content {
	if version < 10 {
		c.account, c.session, c.signing = domain.Credential{}, domain.AccountSession{}, domain.SigningKey{}
	}
	if version < 5 {
		for i := range c.tasks {
			c.tasks[i].SeriesStart, c.tasks[i].SeriesIndex = nil, 0
		}
	}
	if version < 4 {
		c.notes, c.prefs, c.keys = nil, domain.DefaultPreferences(), nil
	}
	if version < 3 {
		c.state = nil
	}
	if version < 2 {
		c.audit, c.letter = nil, domain.DeadLetter{}
	}
	return c
}
