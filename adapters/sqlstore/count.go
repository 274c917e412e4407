package sqlstore

import (
	"context"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.TaskCounter = (*Tasks)(nil)

// Count counts user's tasks by one walk of the index tasks_created.
func (t *Tasks) Count(ctx context.Context, user string) (domain.TaskCounts, error) {
	if err := storable(user); err != nil {
		return domain.TaskCounts{}, err
	}
	var c domain.TaskCounts
	query := numberedFor(t.db, "SELECT count(*), coalesce(sum(CASE WHEN completed THEN 1 ELSE 0 END), 0) FROM tasks WHERE user_id = $1")
	if err := t.db.pool().QueryRowContext(ctx, query, user).Scan(&c.Total, &c.Completed); err != nil {
		return domain.TaskCounts{}, mapErr(ctx, err)
	}
	c.Pending = c.Total - c.Completed
	return c, nil
}
