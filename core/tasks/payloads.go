package tasks

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
)

// FullPayload is the data of task.created.v1 and task.deleted.v1: the whole task.
func FullPayload(t *domain.Task) json.RawMessage {
	b := make([]byte, 0, 640+len(t.Title))
	b = jsonappend.UUID(append(b, `{"task_id":`...), t.ID)
	b = jsonappend.String(append(b, `,"title":`...), t.Title)
	b = jsonappend.StringOrNull(append(b, `,"description":`...), t.Description)
	b = jsonappend.String(append(b, `,"priority":`...), string(t.Priority))
	b = jsonappend.String(append(b, `,"category":`...), string(t.Category))
	b = jsonappend.String(append(b, `,"status":`...), t.Status())
	b = jsonappend.Bool(append(b, `,"completed":`...), t.Completed)
	b = jsonappend.TimeOrNull(append(b, `,"due_date":`...), t.DueDate)
	b = jsonappend.StringOrNull(append(b, `,"recurring_rule":`...), t.RecurringRule)
	b = jsonappend.TimeOrNull(append(b, `,"recurring_end_date":`...), t.RecurringEndDate)
	b = jsonappend.UUIDOrNull(append(b, `,"parent_task_id":`...), t.ParentTaskID)
	b = jsonappend.UUIDOrNull(append(b, `,"previous_task_id":`...), t.PreviousTaskID)
	b = jsonappend.TimeOrNull(append(b, `,"series_start":`...), t.SeriesStart)
	b = jsonappend.Int(append(b, `,"series_index":`...), t.SeriesIndex)
	b = jsonappend.TimeOrNull(append(b, `,"reminder_at":`...), t.ReminderAt)
	b = jsonappend.Bool(append(b, `,"reminder_sent":`...), t.ReminderSent)
	b = jsonappend.Strings(append(b, `,"tags":`...), t.Tags)
	b = jsonappend.String(append(b, `,"time_zone":`...), t.TimeZone)
	b = jsonappend.Int(append(b, `,"version":`...), t.Version)
	b = jsonappend.Time(append(b, `,"created_at":`...), t.CreatedAt)
	b = jsonappend.Time(append(b, `,"updated_at":`...), t.UpdatedAt)
	return append(b, '}')
}

// CompletedPayload is the data of task.completed.v1.
func CompletedPayload(t *domain.Task) json.RawMessage {
	b := make([]byte, 0, 192+len(t.Title))
	b = jsonappend.UUID(append(b, `{"task_id":`...), t.ID)
	b = jsonappend.String(append(b, `,"title":`...), t.Title)
	b = jsonappend.StringOrNull(append(b, `,"recurring_rule":`...), t.RecurringRule)
	b = append(b, `,"completed":true,"due_date":`...)
	b = jsonappend.TimeOrNull(b, t.DueDate)
	return append(b, '}')
}

// UpdatedPayload is the data of task.updated.v1: task_id, title and the old and
// new value of each field that differs; nil when none does. Version and times of
// change do not count.
func UpdatedPayload(old, t *domain.Task) json.RawMessage {
	b := make([]byte, 0, 384+len(t.Title))
	b = jsonappend.UUID(append(b, `{"task_id":`...), t.ID)
	b = jsonappend.String(append(b, `,"title":`...), t.Title)
	d := differences{b: append(b, `,"changes":{`...)}
	d.text("title", &old.Title, &t.Title)
	d.text("description", old.Description, t.Description)
	d.text("priority", (*string)(&old.Priority), (*string)(&t.Priority))
	d.text("category", (*string)(&old.Category), (*string)(&t.Category))
	if old.Completed != t.Completed {
		was, is := old.Status(), t.Status()
		d.text("status", &was, &is)
	}
	d.bool("completed", old.Completed, t.Completed)
	d.time("due_date", old.DueDate, t.DueDate)
	d.text("recurring_rule", old.RecurringRule, t.RecurringRule)
	d.time("recurring_end_date", old.RecurringEndDate, t.RecurringEndDate)
	d.time("reminder_at", old.ReminderAt, t.ReminderAt)
	d.bool("reminder_sent", old.ReminderSent, t.ReminderSent)
	if !slices.Equal(old.Tags, t.Tags) {
		d.old("tags")
		d.b = jsonappend.Strings(d.b, old.Tags)
		d.new()
		d.b = append(jsonappend.Strings(d.b, t.Tags), '}')
	}
	d.text("time_zone", &old.TimeZone, &t.TimeZone)
	if d.count == 0 {
		return nil
	}
	return append(d.b, "}}"...)
}

type differences struct {
	b     []byte
	count int
}

func (d *differences) old(field string) {
	if d.count++; d.count > 1 {
		d.b = append(d.b, ',')
	}
	d.b = append(jsonappend.String(d.b, field), `:{"old":`...)
}

func (d *differences) new() { d.b = append(d.b, `,"new":`...) }

func (d *differences) text(field string, old, new *string) {
	if old == new || old != nil && new != nil && *old == *new {
		return
	}
	d.old(field)
	d.b = jsonappend.StringOrNull(d.b, old)
	d.new()
	d.b = append(jsonappend.StringOrNull(d.b, new), '}')
}

func (d *differences) time(field string, old, new *time.Time) {
	if sameTime(old, new) {
		return
	}
	d.old(field)
	d.b = jsonappend.TimeOrNull(d.b, old)
	d.new()
	d.b = append(jsonappend.TimeOrNull(d.b, new), '}')
}

func (d *differences) bool(field string, old, new bool) {
	if old == new {
		return
	}
	d.old(field)
	d.b = jsonappend.Bool(d.b, old)
	d.new()
	d.b = append(jsonappend.Bool(d.b, new), '}')
}

func sameTime(a, b *time.Time) bool {
	return a == b || a != nil && b != nil && a.Equal(*b)
}
