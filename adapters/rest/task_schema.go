package rest

import (
	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/tasks"
)

func taskSchema() *spec.Schema {
	return spec.Object(
		spec.Has("id", spec.UUID()),
		spec.Has("userId", userIDSchema()),
		spec.Has("title", spec.Text().Len(1, tasks.MaxTitle).Like("Buy milk")),
		spec.Has("description", spec.Text().Len(0, tasks.MaxDescription).OrNull()),
		spec.Has("priority", prioritySchema()),
		spec.Has("category", categorySchema()),
		spec.Has("status", spec.OneOf("pending", "completed")),
		spec.Has("completed", spec.Bool()),
		spec.Has("dueDate", spec.Time().OrNull()),
		spec.Has("recurringRule", spec.Text().Len(1, tasks.MaxRule).OrNull().About("`daily`, `weekly`, `monthly`, `yearly` or an RRULE.").Like("FREQ=WEEKLY;BYDAY=MO,FR")),
		spec.Has("recurringEndDate", spec.Time().OrNull()),
		spec.Has("parentTaskId", spec.UUID().OrNull().About("The first task of the series.")),
		spec.Has("previousTaskId", spec.UUID().OrNull().About("The occurrence before this one.")),
		spec.Has("reminderAt", spec.Time().OrNull()),
		spec.Has("reminderSent", spec.Bool()),
		spec.Has("tags", spec.List(spec.Text().Len(1, tasks.MaxTag).Like("shop")).Most(tasks.MaxTags)),
		spec.Has("timeZone", spec.Text().About("IANA name.").Like("Europe/Berlin")),
		spec.Has("version", spec.Int().From(1, maxInteger).About("One more with each change; the ETag.").Like(1)),
		spec.Has("createdAt", spec.Time()),
		spec.Has("updatedAt", spec.Time()),
	).Named("Task").About("One thing to do. Every field is always there.")
}

func prioritySchema() *spec.Schema {
	return spec.OneOf("low", "medium", "high").Named("Priority").Like("high")
}

func categorySchema() *spec.Schema {
	return spec.OneOf("work", "personal", "home", "other").Named("Category").Like("home")
}

// newTaskSchema and taskChangeSchema say what is taken, the leniency included; the
// rules themselves are in core/tasks.
func newTaskSchema() *spec.Schema {
	s := spec.Object(taskInputFields(true)...).Named("NewTask")
	return s.About("What a user may set of a new task. Other fields are passed over; with `Prefer: handling=strict` an unknown one is a 422.").
		Like(map[string]any{"title": "Buy milk", "priority": "high", "category": "home", "dueDate": "2026-02-05T12:00:00+01:00", "tags": []string{"shop"}})
}

func taskChangeSchema() *spec.Schema {
	s := spec.Object(taskInputFields(false)...).Named("TaskChange")
	return s.About("The fields to change. Absent: unchanged; null: cleared. Other fields are passed over, so a whole task may be sent back.").
		Like(map[string]any{"title": "Buy oat milk", "dueDate": nil})
}

func taskInputFields(create bool) []spec.Property {
	field := spec.May
	if create {
		field = spec.Has
	}
	none := "`\"\"` and `null` are none."
	return []spec.Property{
		field("title", spec.Text().Match(`\S`).About("1 to 255 characters after trimming.")),
		field("priority", spec.Either(prioritySchema(), anyCase("low", "medium", "high")).About("In any case.")),
		field("category", spec.Either(categorySchema(), anyCase("work", "personal", "home", "other")).About("In any case.")),
		spec.May("description", spec.Text().Len(0, tasks.MaxDescription).OrNull()),
		spec.May("dueDate", optionalTime()),
		spec.May("recurringRule", spec.Text().OrNull().About("`daily`, `weekly`, `monthly`, `yearly` or an RRULE of at most 500 characters. "+none)),
		spec.May("recurringEndDate", optionalTime()),
		spec.May("reminderAt", optionalTime()),
		spec.May("tags", spec.List(spec.Text()).OrNull().About("At most 10, each 1 to 50 characters; trimmed, lower-cased, empty and repeated ones dropped.")),
		spec.May("timeZone", spec.Text().OrNull().About("IANA name. "+none+" The default is UTC.")),
	}
}
