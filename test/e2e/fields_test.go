package e2e

import (
	"maps"
	"time"
)

// timeFormat is how times go over the wire.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// recurring are the kinds of recurring tasks; nextDue must know their rules.
//
//nolint:gochecknoglobals // a table
var recurring = []object{
	{"recurringRule": "daily", "dueDate": "2031-01-02T03:04:05.000006Z"},
	{"recurringRule": "daily", "dueDate": "2020-05-06T12:00:00.500000Z"},                              // late: the next one is after now
	{"recurringRule": "daily", "dueDate": "2031-03-29T08:00:00.000000Z", "timeZone": "Europe/Berlin"}, // before the clocks change
	{"recurringRule": "weekly", "dueDate": "2031-10-25T10:30:00.000000Z", "timeZone": "America/New_York"},
	{"recurringRule": "monthly", "dueDate": "2031-01-31T09:30:00.000000Z"},
	{"recurringRule": "yearly", "dueDate": "2028-02-29T12:00:00.000000Z"},
	{"recurringRule": "FREQ=DAILY;INTERVAL=3", "dueDate": "2030-12-31T23:59:59.999999Z"},
	{"recurringRule": "FREQ=DAILY;COUNT=2", "dueDate": "2031-01-02T03:04:05.000006Z"},
	{"recurringRule": "weekly", "dueDate": "2031-01-01T12:00:00.000000Z", "recurringEndDate": "2031-01-08T12:00:00.000000Z"}, // one more
	{"recurringRule": "weekly", "dueDate": "2031-01-01T12:00:00.000000Z", "recurringEndDate": "2031-01-08T11:59:59.000000Z"}, // none
}

func (u *user) pick(from ...any) any { return from[u.rand.IntN(len(from))] }

// fields are those of a new task.
func (u *user) fields() object {
	o := object{
		"title": u.title(), "priority": u.pick("low", "medium", "high"), "category": u.pick("work", "personal", "home", "other"),
		"description": u.pick(nil, "line\nand \"quotes\" \\ <&>", "Ünï¢ødé 🌊"),
		"dueDate":     u.pick(nil, "2031-01-02T03:04:05.000006Z", "2029-12-31T23:59:59.999999Z"),
		"tags":        u.pick([]any{}, []any{"a"}, []any{"tide", "b c", "ü"}),
	}
	if u.rand.IntN(4) == 0 {
		maps.Copy(o, recurring[u.rand.IntN(len(recurring))])
	}
	if u.rand.IntN(4) == 0 {
		o["reminderAt"] = u.soon()
	}
	return o
}

// soon is a time for a reminder: while the test runs, or just past.
func (u *user) soon() string {
	return time.Now().UTC().Add(time.Duration(u.rand.Int64N(int64(10*time.Second))) - 2*time.Second).Format(timeFormat)
}

// changes are new values for some fields of the task, its title always. A recurring task keeps its due date: a series
// begins there.
func (u *user) changes(t object) object {
	asked := u.fields()
	for _, name := range []string{"recurringRule", "recurringEndDate", "timeZone"} {
		delete(asked, name)
	}
	if t["recurringRule"] != nil {
		delete(asked, "dueDate")
	}
	for name := range asked {
		if name != "title" && name != "reminderAt" && u.rand.IntN(2) == 0 {
			delete(asked, name)
		}
	}
	if t["reminderAt"] != nil && u.rand.IntN(4) == 0 {
		asked["reminderAt"] = nil
	}
	return asked
}
