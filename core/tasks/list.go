package tasks

import (
	"context"

	"github.com/tasktide/tasktide/core/domain"
)

// MaxPage is the largest page of a list.
const MaxPage = 500

// List returns the tasks of user that q selects, and the stream position of the
// same snapshot. Values that no task can have select nothing.
// Errors: domain.ErrInvalid for text that can't be stored, a limit that is not 0
// to MaxPage, an unknown sort field; those of ports.TaskStore.
func (s *Service) List(ctx context.Context, user string, q domain.TaskQuery) (domain.TaskList, error) {
	if bad := CheckQuery(&q); bad != nil {
		return domain.TaskList{}, domain.Invalid("the query breaks a rule; each wrong parameter is listed in errors", bad...)
	}
	return s.store.List(ctx, user, q)
}

// CheckQuery returns what is wrong with q, as List would.
func CheckQuery(q *domain.TaskQuery) []domain.FieldError {
	var bad problems
	storable := func(field, value string) {
		if reason := unstorable(value); reason != "" {
			bad.add(field, reason)
		}
	}
	if q.Status != nil {
		storable("status", *q.Status)
	}
	if q.Priority != nil {
		storable("priority", string(*q.Priority))
	}
	if q.Category != nil {
		storable("category", string(*q.Category))
	}
	storable("search", q.Search)
	for _, tag := range q.Tags {
		storable("tags", tag)
	}
	switch q.SortBy {
	case "", domain.SortCreatedAt, domain.SortDueDate, domain.SortPriority, domain.SortTitle:
	default:
		bad.add("sort_by", "must be createdAt, dueDate, priority or title")
	}
	if q.Limit < 0 || q.Limit > MaxPage {
		bad.add("limit", "must be 1 to 500")
	}
	return bad
}
