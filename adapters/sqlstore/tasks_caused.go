package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.CausedTaskStore = (*Tasks)(nil)

var (
	errCauseErased       = domain.Gone("the user had the event erased")
	errOccurrenceDeleted = domain.Conflict("the next occurrence was made, and deleted since")
)

// CreateCaused stores a task that an event led to; see ports.CausedTaskStore. It has
// a transaction of its own, which takes the stream's row before it looks at the mark.
func (t *Tasks) CreateCaused(ctx context.Context, cause int64, task domain.Task, e domain.Event) (int64, error) {
	c, err := t.changeOf(task, e)
	if err != nil {
		return 0, err
	}
	var position int64
	err = t.db.write(ctx, func(ctx context.Context, db conn) (err error) {
		var erased int64
		err = db.QueryRowContext(ctx, t.db.pick("SELECT erased FROM user_streams WHERE user_id = $1 FOR NO KEY UPDATE", "SELECT erased FROM user_streams WHERE user_id = ?"),
			c.event.UserID).Scan(&erased)
		switch {
		case err != nil && !errors.Is(err, sql.ErrNoRows): // without a stream nothing was erased
			return err
		case cause <= erased && erased > 0:
			return errCauseErased
		}
		if err = t.refuseDeleted(ctx, db, cause, c.event.UserID, task.PreviousTaskID); err != nil {
			return err
		}
		if !t.db.postgres() {
			position, err = t.insertLite(ctx, db, c)
			return err
		}
		positions, err := t.createRows(ctx, db, []creation{creation(c)})
		if err != nil {
			return err
		}
		if position = positions[0]; position == 0 {
			return errTaskExists
		}
		return nil
	})
	if err != nil {
		return 0, mapErr(ctx, err)
	}
	t.db.signals.committed(e.Source, c.event.UserID)
	t.db.signals.stored(&task)
	return position, nil
}

// refuseDeleted is an error when an occurrence after previous was deleted behind
// position cause. Whoever deletes needs the stream's row, which is ours. JSON is read
// here, since PostgreSQL can't read all that is JSON (a NUL in any string).
func (t *Tasks) refuseDeleted(ctx context.Context, c conn, cause int64, user string, previous *uuid.UUID) error {
	if previous == nil {
		return nil
	}
	rows, err := c.QueryContext(ctx, numberedFor(t.db, "SELECT data FROM events WHERE user_id = $1 AND position > $2 AND event_type = $3"), user, cause, string(domain.TaskDeletedV1))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var data []byte
		if err := rows.Scan(&data); err != nil {
			return err
		}
		if domain.PreviousTaskID(data) == *previous {
			return errOccurrenceDeleted
		}
	}
	return rows.Err()
}
