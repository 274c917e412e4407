package sqlstore

import (
	"context"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.UserEraser = (*Users)(nil)

// Users removes users.
type Users struct{ db *DB }

// NewUsers returns the users of db.
func NewUsers(db *DB) *Users { return &Users{db} }

// Erase removes everything of user in one transaction; see ports.UserEraser. Nothing
// can slip through:
//
//   - writes of tasks, and reminders, lock the task's row and then the stream's row:
//     so does this, and what it waits for it sees and removes. Tasks that were created
//     between the two are removed under the stream's row (wiper.seal);
//   - a task that an event leads to is only created under the stream's row, with the
//     mark in sight (Tasks.CreateCaused);
//   - audit rows and dead letters are written without a lock on any row: their tables
//     are locked, so that statements that began before have ended and those that come
//     later see the mark. That is the last step, and only those writers wait for it.
func (u *Users) Erase(ctx context.Context, user string) (domain.Erased, error) {
	if err := storable(user); err != nil {
		return domain.Erased{}, err
	}
	var out domain.Erased
	err := u.db.write(ctx, func(ctx context.Context, c conn) (err error) {
		out, err = u.erase(ctx, c, user)
		return err
	})
	if err != nil {
		return domain.Erased{}, mapErr(ctx, err)
	}
	return out, nil
}

func (u *Users) erase(ctx context.Context, c conn, user string) (out domain.Erased, err error) {
	w := wiper{db: u.db, ctx: ctx, conn: c, user: user}
	w.wipe("tasks", &out.Tasks)
	w.seal(&out)
	w.wipe("notifications", &out.Notifications)
	w.wipe("events", &out.Events)
	for _, table := range []string{"outbox", "idempotency_keys", "preferences"} {
		w.wipe(table, new(int64))
	}
	w.delete("accounts", "id", &out.Accounts) // first: a session that begins waits for its row
	w.delete("sessions", "account_id", new(int64))
	w.lock()
	w.wipe("audit_logs", &out.AuditEntries)
	w.wipe("dead_letters", &out.DeadLetters)
	return out, w.err
}

// wiper runs statements until one fails.
type wiper struct {
	db   *DB
	ctx  context.Context
	conn conn
	user string
	err  error
}

func (w *wiper) wipe(table string, count *int64) { w.delete(table, "user_id", count) }

func (w *wiper) delete(table, column string, count *int64) {
	if w.err != nil {
		return
	}
	n, err := affected(w.conn.ExecContext(w.ctx, numberedFor(w.db, "DELETE FROM "+table+" WHERE "+column+" = $1"), w.user))
	*count += n
	w.err = err
}

// maxSeals bounds the rounds of seal: by then a user's writes come without any pause.
const maxSeals = 100

// seal marks the stream and removes the tasks that were created before that. One of
// them may be held by a writer who waits for the stream: to wait for that one too
// would be a deadlock. So the mark is taken back, which lets the writer go on, the
// task is waited for without it, and all is tried again.
func (w *wiper) seal(out *domain.Erased) {
	if !w.db.postgres() { // SQLite's one writer waits for nobody
		w.mark(&out.Position)
		return
	}
	for round := 1; w.err == nil; round++ {
		w.exec("SAVEPOINT seal")
		w.mark(&out.Position)
		if w.err != nil {
			return
		}
		n, err := affected(w.conn.ExecContext(w.ctx, `DELETE FROM tasks WHERE user_id = $1
AND id IN (SELECT id FROM tasks WHERE user_id = $1 FOR UPDATE NOWAIT)`, w.user))
		if err == nil {
			out.Tasks += n
			return
		}
		if w.err = err; round == maxSeals || sqlState(err) != lockNotAvailable {
			return
		}
		w.err = nil
		w.exec("ROLLBACK TO SAVEPOINT seal")
		w.wipe("tasks", &out.Tasks)
	}
}

func (w *wiper) exec(statement string) {
	if w.err == nil {
		_, w.err = w.conn.ExecContext(w.ctx, statement)
	}
}

// mark sets erased to the stream's end, which can't move before the commit.
func (w *wiper) mark(position *int64) {
	if w.err == nil {
		w.err = w.conn.QueryRowContext(w.ctx, numberedFor(w.db, `INSERT INTO user_streams AS s (user_id, position) VALUES ($1, 0)
ON CONFLICT (user_id) DO UPDATE SET erased = s.position RETURNING erased`), w.user).Scan(position)
	}
}

func (w *wiper) lock() {
	if w.err != nil || !w.db.postgres() { // SQLite's one writer needs none
		return
	}
	// A long statement on these tables must not hold up every consumer behind us.
	w.exec("SET LOCAL lock_timeout = '5s'")
	w.exec("LOCK TABLE " + effectTables + " IN SHARE ROW EXCLUSIVE MODE")
}
