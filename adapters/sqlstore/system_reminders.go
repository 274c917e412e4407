package sqlstore

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

const dueColumns = "user_id, id, version, title, due_date, reminder_at, updated_at"

// waiting is the condition of the index tasks_reminder, in its words: only then is
// it used.
const waiting = "reminder_at IS NOT NULL AND NOT reminder_sent AND NOT completed"

// duePostgres reads both ends of what is due, and the first that is not, by three
// short walks of tasks_reminder. One reading of the clock serves them all.
const duePostgres = `WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now),
longest AS (SELECT ` + dueColumns + ` FROM tasks WHERE ` + waiting + ` AND reminder_at <= (SELECT now FROM clock) ORDER BY reminder_at LIMIT $1),
latest AS (SELECT ` + dueColumns + ` FROM tasks WHERE ` + waiting + ` AND reminder_at <= (SELECT now FROM clock) ORDER BY reminder_at DESC LIMIT $2),
due AS (SELECT * FROM longest UNION SELECT * FROM latest)
SELECT c.now, (SELECT reminder_at FROM tasks WHERE ` + waiting + ` AND reminder_at > (SELECT now FROM clock) ORDER BY reminder_at LIMIT 1),
  d.user_id, d.id, d.version, d.title, d.due_date, d.reminder_at, d.updated_at
FROM clock AS c LEFT JOIN due AS d ON true ORDER BY d.reminder_at`

// Due returns reminders of all users; see ports.ReminderStore.
func (s *Reminders) Due(ctx context.Context, limit int) (domain.Reminders, error) {
	limit = max(limit, 0)
	args := []any{int64(limit - limit/2), int64(limit / 2)}
	query := duePostgres
	if !s.db.postgres() {
		now, err := s.db.now(ctx, s.db.bun)
		if err != nil {
			return domain.Reminders{}, mapErr(ctx, err)
		}
		query, args = dueSQLite, append(args, stamp(now).String())
	}
	rows, err := s.db.anew().QueryContext(ctx, query, args...)
	if err != nil {
		return domain.Reminders{}, mapErr(ctx, err)
	}
	out, err := scanDue(rows)
	return out, mapErr(ctx, err)
}

// dueSQLite is the same with the time as a parameter: SQLite's machine is ours.
const dueSQLite = `WITH longest AS (SELECT ` + dueColumns + ` FROM tasks WHERE ` + waiting + ` AND reminder_at <= ?3 ORDER BY reminder_at LIMIT ?1),
latest AS (SELECT ` + dueColumns + ` FROM tasks WHERE ` + waiting + ` AND reminder_at <= ?3 ORDER BY reminder_at DESC LIMIT ?2),
due AS (SELECT * FROM longest UNION SELECT * FROM latest)
SELECT c.now, (SELECT reminder_at FROM tasks WHERE ` + waiting + ` AND reminder_at > ?3 ORDER BY reminder_at LIMIT 1),
  d.user_id, d.id, d.version, d.title, d.due_date, d.reminder_at, d.updated_at
FROM (SELECT ?3 AS now) AS c LEFT JOIN due AS d ON true ORDER BY d.reminder_at`

func scanDue(rows *sql.Rows) (domain.Reminders, error) {
	defer rows.Close()
	var out domain.Reminders
	for rows.Next() {
		var now stamp
		var next, due, at, updated *stamp
		var user, title *string
		var id *uuid.UUID
		var version *int64
		if err := rows.Scan(&now, &next, &user, &id, &version, &title, &due, &at, &updated); err != nil {
			return out, err
		}
		out.Now, out.Next = *(&now).ptr(), next.ptr()
		if user != nil {
			out.Due = append(out.Due, domain.DueReminder{
				UserID: *user, TaskID: *id, Version: *version, Title: *title, DueDate: due.ptr(), ReminderAt: *at.ptr(), UpdatedAt: *updated.ptr(),
			})
		}
	}
	return out, rows.Err()
}
