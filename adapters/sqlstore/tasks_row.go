package sqlstore

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/tasktide/tasktide/core/domain"
)

// taskRow is a row of tasks. Its columns stand in the order of taskColumns.
type taskRow struct {
	bun.BaseModel `bun:"table:tasks,alias:t"`

	UserID           string
	ID               uuid.UUID
	Title            string
	Description      *string
	Priority         string
	Category         string
	Completed        bool
	DueDate          *stamp
	RecurringRule    *string
	RecurringEndDate *stamp
	ParentTaskID     *uuid.UUID
	PreviousTaskID   *uuid.UUID
	SeriesStart      *stamp
	SeriesIndex      int64
	ReminderAt       *stamp
	ReminderSent     bool
	Tags             string
	TimeZone         string
	Version          int64
	CreatedAt        stamp
	UpdatedAt        stamp
	SearchText       string
}

// taskColumns: the first two are the key.
var taskColumns = [...]column{
	{"user_id", "text"}, {"id", "uuid"}, {"title", "text"}, {"description", "text"}, {"priority", "text"},
	{"category", "text"}, {"completed", "boolean"}, {"due_date", "timestamptz"}, {"recurring_rule", "text"},
	{"recurring_end_date", "timestamptz"}, {"parent_task_id", "uuid"}, {"previous_task_id", "uuid"}, {"series_start", "timestamptz"}, {"series_index", "bigint"},
	{"reminder_at", "timestamptz"}, {"reminder_sent", "boolean"}, {"tags", "jsonb"}, {"time_zone", "text"},
	{"version", "bigint"}, {"created_at", "timestamptz"}, {"updated_at", "timestamptz"}, {"search_text", "text"},
}

// docColumn is written beside taskColumns on PostgreSQL: see words.go.
var docColumn = []column{{"doc", "tsvector"}}

// args are the bind parameters in the order of taskColumns: text, integers and
// booleans only, which every protocol mode and both drivers take.
func (r *taskRow) args() []any {
	return []any{
		r.UserID, r.ID.String(), r.Title, r.Description, r.Priority,
		r.Category, r.Completed, r.DueDate.text(), r.RecurringRule,
		r.RecurringEndDate.text(), idText(r.ParentTaskID), idText(r.PreviousTaskID), r.SeriesStart.text(), r.SeriesIndex,
		r.ReminderAt.text(), r.ReminderSent, r.Tags, r.TimeZone,
		r.Version, r.CreatedAt.String(), r.UpdatedAt.String(), r.SearchText,
	}
}

func idText(id *uuid.UUID) *string {
	if id == nil {
		return nil
	}
	s := id.String()
	return &s
}

// between stands between title and description in search_text. It is folded
// away in both and in what is searched, so that no match can cross it.
const between = "\x1f"

func folded(s string) string { return strings.ReplaceAll(domain.Fold(s), between, "\uFFFD") }

func rowOfTask(t domain.Task) (*taskRow, error) {
	description := ""
	if t.Description != nil {
		description = *t.Description
	}
	for _, s := range append([]string{t.UserID, t.Title, description, t.TimeZone, string(t.Priority), string(t.Category)}, t.Tags...) {
		if err := storable(s); err != nil {
			return nil, err
		}
	}
	if t.RecurringRule != nil {
		if err := storable(*t.RecurringRule); err != nil {
			return nil, err
		}
	}
	if err := datable(t.CreatedAt, t.UpdatedAt); err != nil {
		return nil, err
	}
	for _, at := range []*stamp{stampOf(t.DueDate), stampOf(t.RecurringEndDate), stampOf(t.ReminderAt), stampOf(t.SeriesStart)} {
		if at != nil {
			if _, err := at.Value(); err != nil {
				return nil, err
			}
		}
	}
	tags := t.Tags
	if tags == nil {
		tags = []string{}
	}
	tagsJSON, err := json.Marshal(tags)
	if err != nil {
		return nil, err
	}
	return &taskRow{
		UserID: t.UserID, ID: t.ID, Title: t.Title, Description: t.Description,
		Priority: string(t.Priority), Category: string(t.Category), Completed: t.Completed,
		DueDate: stampOf(t.DueDate), RecurringRule: t.RecurringRule, RecurringEndDate: stampOf(t.RecurringEndDate),
		ParentTaskID: t.ParentTaskID, PreviousTaskID: t.PreviousTaskID, SeriesStart: stampOf(t.SeriesStart), SeriesIndex: t.SeriesIndex,
		ReminderAt: stampOf(t.ReminderAt), ReminderSent: t.ReminderSent,
		Tags: string(tagsJSON), TimeZone: t.TimeZone, Version: t.Version,
		CreatedAt: stamp(t.CreatedAt), UpdatedAt: stamp(t.UpdatedAt),
		SearchText: folded(t.Title) + between + folded(description),
	}, nil
}

func (r *taskRow) task() (domain.Task, error) {
	t := domain.Task{
		ID: r.ID, UserID: r.UserID, Title: r.Title, Description: r.Description,
		Priority: domain.Priority(r.Priority), Category: domain.Category(r.Category), Completed: r.Completed,
		DueDate: r.DueDate.ptr(), RecurringRule: r.RecurringRule, RecurringEndDate: r.RecurringEndDate.ptr(),
		ParentTaskID: r.ParentTaskID, PreviousTaskID: r.PreviousTaskID, SeriesStart: r.SeriesStart.ptr(), SeriesIndex: r.SeriesIndex,
		ReminderAt: r.ReminderAt.ptr(), ReminderSent: r.ReminderSent, Tags: []string{},
		TimeZone: r.TimeZone, Version: r.Version,
		CreatedAt: *(&r.CreatedAt).ptr(), UpdatedAt: *(&r.UpdatedAt).ptr(),
	}
	if err := json.Unmarshal([]byte(r.Tags), &t.Tags); err != nil {
		return t, fmt.Errorf("tags of task %s: %w", r.ID, err)
	}
	return t, nil
}
