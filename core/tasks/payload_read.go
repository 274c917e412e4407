package tasks

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// full is what FullPayload writes.
type full struct {
	ID               uuid.UUID       `json:"task_id"`
	Title            string          `json:"title"`
	Description      *string         `json:"description"`
	Priority         domain.Priority `json:"priority"`
	Category         domain.Category `json:"category"`
	Completed        bool            `json:"completed"`
	DueDate          *time.Time      `json:"due_date"`
	RecurringRule    *string         `json:"recurring_rule"`
	RecurringEndDate *time.Time      `json:"recurring_end_date"`
	ParentTaskID     *uuid.UUID      `json:"parent_task_id"`
	PreviousTaskID   *uuid.UUID      `json:"previous_task_id"`
	SeriesStart      *time.Time      `json:"series_start"`
	SeriesIndex      int64           `json:"series_index"`
	ReminderAt       *time.Time      `json:"reminder_at"`
	ReminderSent     bool            `json:"reminder_sent"`
	Tags             []string        `json:"tags"`
	TimeZone         string          `json:"time_zone"`
	Version          int64           `json:"version"`
	CreatedAt        time.Time       `json:"created_at"`
	UpdatedAt        time.Time       `json:"updated_at"`
}

// FromPayload is the task of an event that FullPayload wrote the data of.
// Errors: domain.ErrMalformed.
func FromPayload(e domain.Event) (domain.Task, error) {
	p := full{TimeZone: defaultZone}
	if err := json.Unmarshal(e.Data, &p); err != nil {
		return domain.Task{}, domain.Malformed("the data of a %s event is no task: %v", e.Type, err)
	}
	if p.ID == uuid.Nil || p.Title == "" || p.Priority.Rank() == 0 || !p.Category.Valid() {
		return domain.Task{}, domain.Malformed("the data of a %s event is no whole task", e.Type)
	}
	for _, at := range []*time.Time{p.DueDate, p.RecurringEndDate, p.SeriesStart, p.ReminderAt, &p.CreatedAt, &p.UpdatedAt} {
		if at == nil {
			continue
		}
		if *at = at.UTC(); at.Year() < 1 || at.Year() > 9999 {
			return domain.Task{}, domain.Malformed("the data of a %s event has a time outside of the years 1 to 9999", e.Type)
		}
	}
	if p.Tags == nil {
		p.Tags = []string{}
	}
	return domain.Task{
		ID: p.ID, UserID: e.UserID, Title: p.Title, Description: p.Description, Priority: p.Priority, Category: p.Category,
		Completed: p.Completed, DueDate: p.DueDate, RecurringRule: p.RecurringRule, RecurringEndDate: p.RecurringEndDate,
		ParentTaskID: p.ParentTaskID, PreviousTaskID: p.PreviousTaskID, SeriesStart: p.SeriesStart, SeriesIndex: p.SeriesIndex,
		ReminderAt: p.ReminderAt, ReminderSent: p.ReminderSent, Tags: p.Tags, TimeZone: p.TimeZone, Version: p.Version,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}, nil
}
