package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/tasktide/tasktide/core/coalesce"
	"github.com/tasktide/tasktide/core/domain"
)

// taskSQL are the statements on tasks, built once for a dialect. On PostgreSQL
// each write is one statement: a round trip and an implicit transaction.
type taskSQL struct{ get, create, update, delete, exists, stream, event, outbox, words, doc string }

func newTaskSQL(postgres bool) taskSQL {
	if !postgres {
		return newTaskSQLite()
	}
	task, event, outbox := taskColumns[:], eventColumns[:], outboxColumns[:]
	written := slices.Concat(task, docColumn)
	input := slices.Concat(written, event, outbox)
	return taskSQL{
		get: "SELECT " + names("", task) + " FROM tasks WHERE user_id = $1 AND id = $2::uuid",
		// streams locks users in their order; placed gives several tasks of one user
		// consecutive positions, in the order of the calls.
		create: `WITH input AS MATERIALIZED (SELECT ` + casted("u.", written) + `, ` + names("u.", event, outbox) + `, u.ord FROM ` + unnest(input) + `),
new AS (INSERT INTO tasks (` + names("", written) + `) SELECT ` + names("", written) + ` FROM input ORDER BY user_id, id ON CONFLICT DO NOTHING RETURNING user_id, id),
counts AS (SELECT user_id, count(*) AS n FROM new GROUP BY user_id),
streams AS (INSERT INTO user_streams AS s (user_id, position) SELECT user_id, n FROM counts ORDER BY user_id
  ON CONFLICT (user_id) DO UPDATE SET position = s.position + excluded.position RETURNING s.user_id, s.position),
placed AS (SELECT i.user_id, s.position - count(*) OVER (PARTITION BY i.user_id) + row_number() OVER (PARTITION BY i.user_id ORDER BY i.ord) AS position, ` + names("i.", event, outbox) + `, i.ord
  FROM input i JOIN new ON new.user_id = i.user_id AND new.id = i.id JOIN streams s ON s.user_id = i.user_id),
ev AS (INSERT INTO events (user_id, position, ` + names("", event) + `) SELECT user_id, position, ` + casted("", event) + ` FROM placed),
ob AS (INSERT INTO outbox (user_id, position, ` + names("", outbox) + `) SELECT user_id, position, ` + names("", outbox) + ` FROM placed)
SELECT ord, position FROM placed`,
		update: writeOne(fmt.Sprintf("UPDATE tasks SET (%s) = ROW(%s) WHERE user_id = $1 AND id = $2::uuid AND version = $%d::bigint - 1",
			names("", written[2:]), bound(3, written[2:]), versionAt), len(written)),
		delete: writeOne("DELETE FROM tasks WHERE user_id = $1 AND id = $2::uuid AND version = $3::bigint", 3),
	}
}

// versionAt is the parameter of the version in taskColumns.
var versionAt = 1 + slices.IndexFunc(taskColumns[:], func(c column) bool { return c.name == "version" })

// writeOne adds the event and the outbox row to a write of one existing task
// that has used params parameters. The stream only moves when the task's row
// was written: else a version conflict would leave a gap.
func writeOne(write string, params int) string {
	event, outbox := eventColumns[:], outboxColumns[:]
	return `WITH written AS (` + write + ` RETURNING user_id),
stream AS (INSERT INTO user_streams AS s (user_id, position) SELECT user_id, 1 FROM written
  ON CONFLICT (user_id) DO UPDATE SET position = s.position + 1 RETURNING s.user_id, s.position),
ev AS (INSERT INTO events (user_id, position, ` + names("", event) + `) SELECT user_id, position, ` + bound(params+1, event) + ` FROM stream),
ob AS (INSERT INTO outbox (user_id, position, ` + names("", outbox) + `) SELECT user_id, position, ` + bound(params+1+len(event), outbox) + ` FROM stream)
SELECT (SELECT position FROM stream), EXISTS (SELECT 1 FROM tasks WHERE user_id = $1 AND id = $2::uuid)`
}

// one runs a statement of writeOne.
func (t *Tasks) one(ctx context.Context, e domain.Event, query string, args []any) (int64, error) {
	var position sql.NullInt64
	var exists bool
	err := retry(ctx, func() error {
		return t.db.pool().QueryRowContext(ctx, query, args...).Scan(&position, &exists)
	})
	if err != nil {
		return 0, mapErr(ctx, err)
	}
	n, err := outcome(position, exists)
	if err == nil {
		t.db.crowd.saw(e.UserID, n)
		t.db.signals.committed(e.Source, e.UserID)
	}
	return n, err
}

// creation is a change that inserts.
type creation change

var errTaskExists = domain.Conflict("the task exists already, or the task before it has its next occurrence")

// createMany is the flush of creates: one statement for the batch. A task that
// is twice in it waits for its own statement; a batch that fails is repeated
// one by one, so that no task pays for another's error.
func (t *Tasks) createMany(ctx context.Context, batch []creation) []coalesce.Result[int64] {
	out := make([]coalesce.Result[int64], len(batch))
	type key struct{ user, id string }
	seen := make(map[key]bool, len(batch))
	var first, later []int
	for i, c := range batch {
		k := key{c.row.UserID, c.row.ID.String()}
		if seen[k] {
			later = append(later, i)
			continue
		}
		seen[k] = true
		first = append(first, i)
	}
	if err := t.createBatch(ctx, batch, first, out); err != nil {
		if len(first) == 1 || kindOf(err) == domain.KindUnavailable {
			for _, i := range first {
				out[i].Err = mapErr(ctx, err)
			}
		} else {
			later = append(first, later...)
		}
	}
	for _, i := range later {
		if err := t.createBatch(ctx, batch, []int{i}, out); err != nil {
			out[i].Err = mapErr(ctx, err)
		}
	}
	return out
}

func (t *Tasks) createBatch(ctx context.Context, batch []creation, which []int, out []coalesce.Result[int64]) error {
	some := make([]creation, len(which))
	for n, i := range which {
		some[n] = batch[i]
	}
	return retry(ctx, func() error {
		positions, err := t.createRows(ctx, t.db.pool(), some)
		for n, i := range which {
			out[i] = coalesce.Result[int64]{Err: errTaskExists}
			if err == nil && positions[n] > 0 {
				out[i] = coalesce.Result[int64]{Value: positions[n]}
			}
		}
		return err
	})
}

// createRows inserts tasks by one statement and returns the position of each; 0 of
// one that exists.
func (t *Tasks) createRows(ctx context.Context, c conn, some []creation) ([]int64, error) {
	rows := newTable(slices.Concat(taskColumns[:], docColumn, eventColumns[:], outboxColumns[:]))
	for _, one := range some {
		rows.add(slices.Concat(one.row.args(), []any{one.words}, eventArgs(one.event), outboxArgs(one.event)))
	}
	got, err := c.QueryContext(ctx, t.sql.create, rows.args()...)
	if err != nil {
		return nil, err
	}
	defer got.Close()
	positions := make([]int64, len(some))
	for got.Next() {
		var ord, position int64
		if err := got.Scan(&ord, &position); err != nil {
			return nil, err
		}
		positions[ord-1] = position
		t.db.crowd.saw(some[ord-1].event.UserID, position)
	}
	return positions, got.Err()
}
