package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tasktide/tasktide/core/coalesce"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.ReminderStore = (*Reminders)(nil)

// Reminders finds and sends what is due. It has a Wake channel of its own: make one
// for each service.
type Reminders struct {
	db    *DB
	tasks *Tasks // for its statements
	wake  chan struct{}
	sends *coalesce.Group[sending, int64]
}

// NewReminders returns the reminders of db.
func NewReminders(db *DB) *Reminders {
	s := &Reminders{db: db, tasks: NewTasks(db), wake: db.signals.reminder()}
	s.sends = coalesce.New(s.sendMany, coalesce.Options{MaxBatch: 128, MaxFlushes: 2, Watch: db.watch("INSERT", "notifications")})
	return s
}

// Wake gets a value soon after a reminder was set.
func (s *Reminders) Wake() <-chan struct{} { return s.wake }

// sending is one reminder on its way.
type sending struct {
	due  domain.DueReminder
	note domain.Notification
	// One of the two is stored: when the notification is new, or was there.
	event, marked domain.Event
}

// sendColumns are the parameters of one, before those of its event and outbox row.
var sendColumns = [...]column{
	{"user_id", "text"}, {"task_id", "uuid"}, {"version", "bigint"}, {"reminder_at", "timestamptz"},
	{"note_id", "uuid"}, {"type", "text"}, {"message", "text"}, {"created_at", "timestamptz"},
}

// markedColumns are those of the event of a task that is only marked.
var markedColumns = func() (out []column) {
	for _, c := range slices.Concat(eventColumns[:], outboxColumns[:]) {
		out = append(out, column{"marked_" + c.name, c.kind})
	}
	return out
}()

func (q *sending) args() []any {
	return []any{
		q.due.UserID, q.due.TaskID.String(), q.due.Version, stamp(q.due.ReminderAt).String(),
		q.note.ID.String(), q.note.Type, q.note.Message, stamp(q.note.CreatedAt).String(),
	}
}

// Send stores a notification and its event if the reminder still holds; see
// ports.ReminderStore.
func (s *Reminders) Send(ctx context.Context, r domain.DueReminder, in domain.Sending) (int64, error) {
	in.Due.UserID, in.Marked.UserID = r.UserID, r.UserID
	n := in.Notification
	if err := firstErr(checkEvent(in.Due), checkEvent(in.Marked), storable(n.Type, n.Message), datable(r.ReminderAt, n.CreatedAt)); err != nil {
		return 0, err
	}
	q := sending{r, n, in.Due, in.Marked}
	var position int64
	var err error
	if s.db.postgres() {
		position, err = s.sends.Do(ctx, q)
	} else {
		position, err = s.sendLite(ctx, q)
	}
	switch {
	case errors.Is(err, errWasSent):
		s.db.signals.committed(in.Marked.Source, r.UserID)
		return 0, err
	case err != nil:
		return 0, mapErr(ctx, err)
	}
	s.db.signals.committed(in.Due.Source, r.UserID)
	return position, nil
}

var (
	errNotDue  = domain.Conflict("the task was changed, or reminded of, in the meantime")
	errWasSent = domain.Conflict("the user was reminded of this task for this time before")
)

// sendPostgres is one statement for many reminders. A task that somebody writes at
// this moment, another replica perhaps, is passed over instead of waited for: so
// replicas that read the same batch share it out, and none waits for the other. A
// batch may have a task twice, read in two states, of which only what is held counts,
// or in one: then one of them is done. The streams are locked last and in the order
// of users, as everywhere.
var sendPostgres = func() string {
	event, outbox := eventColumns[:], outboxColumns[:]
	both := slices.Concat(event, outbox)
	var either []string // the columns of the event that is stored
	for i, c := range both {
		either = append(either, fmt.Sprintf("CASE WHEN d.fresh THEN i.%s ELSE i.%s END AS %s", c.name, markedColumns[i].name, c.name))
	}
	return `WITH input AS MATERIALIZED (SELECT ` + casted("u.", sendColumns[:]) + `, ` + names("u.", both, markedColumns) + `, u.ord FROM ` + unnest(sendInput) + `),
held AS MATERIALIZED (SELECT i.ord, i.created_at, t.user_id, t.id FROM input AS i CROSS JOIN LATERAL (
  SELECT user_id, id FROM tasks WHERE user_id = i.user_id AND id = i.task_id AND version = i.version
    AND reminder_at = i.reminder_at AND NOT reminder_sent AND NOT completed FOR UPDATE SKIP LOCKED) AS t),
marked AS (UPDATE tasks AS t SET reminder_sent = true, version = t.version + 1, updated_at = greatest(t.updated_at, h.created_at)
  FROM held AS h WHERE t.user_id = h.user_id AND t.id = h.id RETURNING t.user_id, t.id),
new AS (INSERT INTO notifications (user_id, id, task_id, type, message, reminder_at, read, created_at)
  SELECT i.user_id, i.note_id, i.task_id, i.type, i.message, i.reminder_at, false, i.created_at
  FROM input AS i JOIN held AS h ON h.ord = i.ord JOIN marked AS m ON m.user_id = i.user_id AND m.id = i.task_id ORDER BY i.user_id, i.ord
  ON CONFLICT (user_id, task_id, reminder_at) DO NOTHING RETURNING user_id, id),
done AS (SELECT DISTINCT ON (h.user_id, h.id) h.ord, h.user_id, new.id IS NOT NULL AS fresh
  FROM held AS h JOIN marked AS m ON m.user_id = h.user_id AND m.id = h.id JOIN input AS i ON i.ord = h.ord
  LEFT JOIN new ON new.user_id = i.user_id AND new.id = i.note_id ORDER BY h.user_id, h.id, new.id IS NULL, h.ord),
counts AS (SELECT user_id, count(*) AS n FROM done GROUP BY user_id),
streams AS (INSERT INTO user_streams AS s (user_id, position) SELECT user_id, n FROM counts ORDER BY user_id
  ON CONFLICT (user_id) DO UPDATE SET position = s.position + excluded.position RETURNING s.user_id, s.position),
placed AS (SELECT i.user_id, s.position - count(*) OVER (PARTITION BY i.user_id) + row_number() OVER (PARTITION BY i.user_id ORDER BY i.ord) AS position,
  ` + strings.Join(either, ", ") + `, d.fresh, i.ord
  FROM input AS i JOIN done AS d ON d.ord = i.ord JOIN streams AS s ON s.user_id = i.user_id),
ev AS (INSERT INTO events (user_id, position, ` + names("", event) + `) SELECT user_id, position, ` + casted("", event) + ` FROM placed),
ob AS (INSERT INTO outbox (user_id, position, ` + names("", outbox) + `) SELECT user_id, position, ` + names("", outbox) + ` FROM placed)
SELECT h.ord, coalesce(p.position, 0) FROM held AS h LEFT JOIN placed AS p ON p.ord = h.ord AND p.fresh`
}()

var sendInput = slices.Concat(sendColumns[:], eventColumns[:], outboxColumns[:], markedColumns)

func (s *Reminders) sendMany(ctx context.Context, batch []sending) []coalesce.Result[int64] {
	out := make([]coalesce.Result[int64], len(batch))
	err := s.sendBatch(ctx, batch, out)
	if err == nil {
		return out
	}
	alone := len(batch) > 1 && kindOf(err) != domain.KindUnavailable
	for i := range batch { // none pays for another's error
		if alone {
			err = s.sendBatch(ctx, batch[i:i+1], out[i:i+1])
		}
		if err != nil {
			out[i].Err = mapErr(ctx, err)
		}
	}
	return out
}

func (s *Reminders) sendBatch(ctx context.Context, batch []sending, out []coalesce.Result[int64]) error {
	rows := newTable(sendInput)
	for i := range batch {
		q := &batch[i]
		rows.add(slices.Concat(q.args(), eventArgs(q.event), outboxArgs(q.event), eventArgs(q.marked), outboxArgs(q.marked)))
	}
	return retry(ctx, func() error {
		for i := range out {
			out[i] = coalesce.Result[int64]{Err: errNotDue}
		}
		got, err := s.db.anew().QueryContext(ctx, sendPostgres, rows.args()...)
		if err != nil {
			return err
		}
		defer got.Close()
		for got.Next() {
			var ord, position int64
			if err := got.Scan(&ord, &position); err != nil {
				return err
			}
			out[ord-1] = coalesce.Result[int64]{Value: position}
			if position == 0 {
				out[ord-1].Err = errWasSent
			}
		}
		return got.Err()
	})
}

const (
	markLite = `UPDATE tasks SET reminder_sent = 1, version = version + 1, updated_at = max(updated_at, ?5)
WHERE user_id = ?1 AND id = ?2 AND version = ?3 AND reminder_at = ?4 AND NOT reminder_sent AND NOT completed`
	notifyLite = `INSERT INTO notifications (user_id, id, task_id, type, message, reminder_at, read, created_at)
VALUES (?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT (user_id, task_id, reminder_at) DO NOTHING`
)

func (s *Reminders) sendLite(ctx context.Context, q sending) (int64, error) {
	var position int64
	var before bool
	err := s.db.sqlite.do(ctx, func(ctx context.Context, tx conn) error {
		before = false
		a := q.args()
		n, err := affected(tx.ExecContext(ctx, markLite, a[0], a[1], a[2], a[3], a[7]))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNotDue
		}
		n, err = affected(tx.ExecContext(ctx, notifyLite, a[0], a[4], a[1], a[5], a[6], a[3], a[7]))
		if err != nil {
			return err
		}
		event := q.event
		if before = n == 0; before { // it was sent before: the mark stays
			event = q.marked
		}
		position, err = s.tasks.appendLite(ctx, tx, event)
		return err
	})
	if err == nil && before {
		return 0, errWasSent
	}
	return position, err
}
