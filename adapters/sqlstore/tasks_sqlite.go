package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/tasktide/tasktide/core/domain"
)

func newTaskSQLite() taskSQL {
	task, event, outbox := taskColumns[:], eventColumns[:], outboxColumns[:]
	written := slices.Concat(task, signatureColumns)
	return taskSQL{
		get:    "SELECT " + names("", task) + " FROM tasks WHERE user_id = ? AND id = ?",
		create: "INSERT INTO tasks (" + names("", written) + ") VALUES (" + marks(len(written)) + ") ON CONFLICT DO NOTHING",
		update: "UPDATE tasks SET " + strings.ReplaceAll(names("", written[2:]), ",", " = ?,") + " = ? WHERE user_id = ? AND id = ? AND version = ?",
		delete: "DELETE FROM tasks WHERE user_id = ? AND id = ? AND version = ?",
		words:  "INSERT INTO task_words (words) SELECT ? FROM tasks WHERE user_id = ? AND id = ? AND doc IS NULL",
		doc:    "UPDATE tasks SET doc = last_insert_rowid() WHERE user_id = ? AND id = ?",
		exists: "SELECT count(*) > 0 FROM tasks WHERE user_id = ? AND id = ?",
		stream: "INSERT INTO user_streams (user_id, position) VALUES (?, 1) ON CONFLICT (user_id) DO UPDATE SET position = position + 1 RETURNING position",
		event:  "INSERT INTO events (user_id, position, " + names("", event) + ") VALUES (" + marks(2+len(event)) + ")",
		outbox: "INSERT INTO outbox (user_id, position, " + names("", outbox) + ") VALUES (" + marks(2+len(outbox)) + ")",
	}
}

// argsLite are the bind parameters of a row with its signature.
func (r *taskRow) argsLite() []any { return append(r.args(), signatureOf(r).args()...) }

// createLite's piece may still run when the caller has given up: what it sets
// is read only after it has ended.
func (t *Tasks) createLite(ctx context.Context, c change) (int64, error) {
	var position int64
	err := t.db.sqlite.do(ctx, func(ctx context.Context, tx conn) (err error) {
		position, err = t.insertLite(ctx, tx, c)
		return err
	})
	if err != nil {
		return 0, err
	}
	return position, nil
}

func (t *Tasks) insertLite(ctx context.Context, tx conn, c change) (position int64, err error) {
	n, err := affected(tx.ExecContext(ctx, t.sql.create, c.row.argsLite()...))
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, errTaskExists
	}
	if err := t.indexLite(ctx, tx, c); err != nil {
		return 0, err
	}
	return t.appendLite(ctx, tx, c.event)
}

// changeLite runs write, which changes or deletes one task by its version.
func (t *Tasks) changeLite(ctx context.Context, c change, write string, args []any) (int64, error) {
	var position int64
	e, id := c.event, args[len(args)-2]
	err := t.db.sqlite.do(ctx, func(ctx context.Context, tx conn) error {
		n, err := affected(tx.ExecContext(ctx, write, args...))
		if err != nil {
			return err
		}
		if n > 0 {
			if err := t.indexLite(ctx, tx, c); err != nil {
				return err
			}
			position, err = t.appendLite(ctx, tx, e)
			return err
		}
		var exists bool
		if err := tx.QueryRowContext(ctx, t.sql.exists, e.UserID, id).Scan(&exists); err != nil {
			return err
		}
		_, err = outcome(sql.NullInt64{}, exists)
		return err
	})
	if err != nil {
		return 0, mapErr(ctx, err)
	}
	t.db.signals.committed(e.Source, e.UserID)
	return position, nil
}

// indexLite gives a row that has no words its words. A row whose words are no
// longer true has lost them by a trigger.
func (t *Tasks) indexLite(ctx context.Context, tx conn, c change) error {
	if c.words == nil {
		return nil
	}
	n, err := affected(tx.ExecContext(ctx, t.sql.words, *c.words, c.row.UserID, c.row.ID.String()))
	if err != nil || n == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, t.sql.doc, c.row.UserID, c.row.ID.String())
	return err
}

// appendLite puts an event at the end of its user's stream and into the outbox.
func (t *Tasks) appendLite(ctx context.Context, tx conn, e domain.Event) (position int64, err error) {
	if err = tx.QueryRowContext(ctx, t.sql.stream, e.UserID).Scan(&position); err != nil {
		return 0, err
	}
	t.db.crowd.saw(e.UserID, position)
	key := []any{e.UserID, position}
	if _, err = tx.ExecContext(ctx, t.sql.event, append(key[:2:2], eventArgs(e)...)...); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, t.sql.outbox, append(key[:2:2], outboxArgs(e)...)...)
	return position, err
}

func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
