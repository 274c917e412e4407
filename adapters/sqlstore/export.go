package sqlstore

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.UserExporter = (*Users)(nil)

// Export reads everything of user in one transaction that sees one moment; see
// ports.UserExporter. Rows go to into as the database sends them.
func (u *Users) Export(ctx context.Context, user string, into domain.UserData) error {
	if err := storable(user); err != nil {
		return err
	}
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	if !u.db.postgres() {
		options = nil // a transaction of a reader sees one moment there, and the driver knows no levels
	}
	tx, err := u.db.pool().BeginTx(ctx, options)
	if err != nil {
		return mapErr(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return u.export(ctx, tx, user, into)
}

func (u *Users) export(ctx context.Context, c conn, user string, into domain.UserData) error {
	x := exporting{db: u.db, ctx: ctx, conn: c, user: user}
	each(&x, `SELECT e.epoch, coalesce(s.position, 0) AS head, coalesce(p.time_zone, '') AS time_zone, coalesce(p.theme, '') AS theme, p.updated_at
FROM stream_epoch AS e LEFT JOIN user_streams AS s ON s.user_id = $1 LEFT JOIN preferences AS p ON p.user_id = $1`,
		always((*accountRow).preferences), func(a *account) error { return into.Account(a.at, &a.chosen) })
	each(&x, "SELECT id, email, name, image, scope, created_at, updated_at FROM accounts WHERE id = $1", always((*credentialRow).account), into.Credential)
	each(&x, "SELECT id, remembered, address, user_agent, created_at, updated_at, expires_at FROM sessions WHERE account_id = $1 ORDER BY created_at, id",
		always((*sessionRow).session), into.Session)
	each(&x, "SELECT "+names("", taskColumns[:])+" FROM tasks WHERE user_id = $1 ORDER BY created_at, id", (*taskRow).task, into.Task)
	each(&x, "SELECT "+eventNames("")+" FROM events WHERE user_id = $1 ORDER BY position", always((*eventRow).event), into.Event)
	each(&x, "SELECT "+names("", auditColumns[:])+" FROM audit_logs WHERE user_id = $1 ORDER BY position DESC, id DESC", always((*auditRow).entry), into.AuditEntry)
	each(&x, "SELECT user_id, id, task_id, type, message, reminder_at, read, created_at FROM notifications WHERE user_id = $1 ORDER BY created_at DESC, id DESC",
		always((*notificationRow).notification), into.Notification)
	each(&x, "SELECT key, fingerprint, response, created_at FROM idempotency_keys WHERE user_id = $1 ORDER BY created_at, key", always((*keptRow).answer), into.KeptAnswer)
	each(&x, "SELECT "+names("", letterColumns[:])+", redrive_at FROM dead_letters WHERE user_id = $1 ORDER BY last_failed DESC, id", always((*letterRow).letter), into.DeadLetter)
	return x.err
}

// exporting runs statements until one fails.
type exporting struct {
	db   *DB
	ctx  context.Context
	conn conn
	user string
	err  error
}

// each gives what the rows of query are to yield.
func each[R, T any](x *exporting, query string, read func(*R) (T, error), yield func(*T) error) {
	if x.err != nil {
		return
	}
	rows, err := x.conn.QueryContext(x.ctx, numberedFor(x.db, query), x.user)
	if err != nil {
		x.err = mapErr(x.ctx, err)
		return
	}
	defer rows.Close()
	for x.err == nil && rows.Next() {
		var row R
		if err := x.db.bun.ScanRow(x.ctx, rows, &row); err != nil {
			x.err = mapErr(x.ctx, err)
			return
		}
		v, err := read(&row)
		if err == nil {
			err = yield(&v)
		}
		x.err = err
	}
	if x.err == nil {
		x.err = mapErr(x.ctx, rows.Err())
	}
}

// always is for rows that can always be read.
func always[R, T any](read func(*R) T) func(*R) (T, error) {
	return func(r *R) (T, error) { return read(r), nil }
}

type accountRow struct {
	Epoch           uuid.UUID
	Head            int64
	TimeZone, Theme string
	UpdatedAt       *stamp
}

type account struct {
	at     domain.Position
	chosen domain.Preferences
}

func (r *accountRow) preferences() account {
	a := account{at: domain.Position{Epoch: r.Epoch, Value: r.Head}, chosen: domain.DefaultPreferences()}
	if r.UpdatedAt != nil {
		a.chosen = domain.Preferences{TimeZone: r.TimeZone, Theme: domain.Theme(r.Theme), UpdatedAt: r.UpdatedAt.ptr()}
	}
	return a
}

type keptRow struct {
	Key, Fingerprint, Response string
	CreatedAt                  stamp
}

func (r *keptRow) answer() domain.KeptAnswer {
	return domain.KeptAnswer{Key: r.Key, Fingerprint: r.Fingerprint, Response: []byte(r.Response), CreatedAt: *(&r.CreatedAt).ptr()}
}

// credentialRow and sessionRow leave out every hash.
type credentialRow struct {
	ID, Email, Name, Scope string
	Image                  *string
	CreatedAt, UpdatedAt   stamp
}

func (r *credentialRow) account() domain.Account {
	return domain.Account{
		ID: r.ID, Email: r.Email, Name: r.Name, Image: r.Image, Scope: r.Scope, CreatedAt: *(&r.CreatedAt).ptr(), UpdatedAt: *(&r.UpdatedAt).ptr(),
	}
}

type sessionRow struct {
	ID                              string
	Remembered                      bool
	Address, UserAgent              string
	CreatedAt, UpdatedAt, ExpiresAt stamp
}

func (r *sessionRow) session() domain.AccountSession {
	return domain.AccountSession{
		ID: r.ID, Remembered: r.Remembered, Address: r.Address, UserAgent: r.UserAgent,
		CreatedAt: *(&r.CreatedAt).ptr(), UpdatedAt: *(&r.UpdatedAt).ptr(), ExpiresAt: *(&r.ExpiresAt).ptr(),
	}
}
