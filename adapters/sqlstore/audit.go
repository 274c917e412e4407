package sqlstore

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/tasktide/tasktide/core/coalesce"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.AuditStore = (*Audit)(nil)

// Audit keeps the audit trail.
type Audit struct {
	db      *DB
	insert  string
	appends *coalesce.Group[[]any, struct{}]
}

var auditColumns = [...]column{
	{"user_id", "text"}, {"id", "uuid"}, {"position", "bigint"}, {"event_type", "text"},
	{"entity_type", "text"}, {"entity_id", "text"}, {"data", "jsonb"}, {"created_at", "timestamptz"},
}

type auditRow struct {
	bun.BaseModel `bun:"table:audit_logs,alias:a"`

	UserID     string
	ID         uuid.UUID
	Position   int64
	EventType  string
	EntityType string
	EntityID   string
	Data       string
	CreatedAt  stamp
}

// NewAudit returns the audit trail of db.
func NewAudit(db *DB) *Audit {
	all := auditColumns[:]
	a := &Audit{db: db, insert: "INSERT INTO audit_logs (" + names("", all) + ") SELECT " + casted("u.", all) +
		" FROM " + unnest(all) + " WHERE " + notErased("u.user_id", "u.position") + " ORDER BY u.user_id, u.id ON CONFLICT DO NOTHING"}
	if !db.postgres() {
		a.insert = "INSERT INTO audit_logs (" + names("", all) + ") SELECT " + marks(len(all)) + " WHERE " + notErased("?1", "?3") + " ON CONFLICT DO NOTHING"
	}
	a.appends = coalesce.New(a.appendMany, coalesce.Options{MaxBatch: 1024, Watch: db.watch("INSERT", "audit_logs")})
	return a
}

// Append stores e once; see ports.AuditStore.
func (a *Audit) Append(ctx context.Context, e domain.AuditEntry) error {
	if err := storable(e.UserID, e.EventType, e.EntityType, e.EntityID, string(e.Data)); err != nil {
		return err
	}
	if err := datable(e.Time); err != nil {
		return err
	}
	if !domain.ValidJSON(e.Data) {
		return &domain.Error{Kind: domain.KindInvalid, Detail: "the data of an audit entry must be JSON"}
	}
	row := []any{
		e.UserID, e.ID.String(), e.Position, e.EventType,
		e.EntityType, e.EntityID, string(e.Data), stamp(e.Time).String(),
	}
	if a.db.postgres() {
		_, err := a.appends.Do(ctx, row)
		return mapErr(ctx, err)
	}
	return mapErr(ctx, a.db.sqlite.do(ctx, func(ctx context.Context, c conn) error {
		_, err := c.ExecContext(ctx, a.insert, row...)
		return err
	}))
}

func (a *Audit) appendMany(ctx context.Context, batch [][]any) []coalesce.Result[struct{}] {
	return together(ctx, batch, func(some [][]any) error {
		rows := newTable(auditColumns[:])
		for _, r := range some {
			rows.add(r)
		}
		return retry(ctx, func() error {
			_, err := a.db.pool().ExecContext(ctx, a.insert, rows.args()...)
			return err
		})
	})
}

// together runs do for the whole batch or, when that fails by one item's
// fault, for each item alone.
func together[Q any](ctx context.Context, batch []Q, do func([]Q) error) []coalesce.Result[struct{}] {
	out := make([]coalesce.Result[struct{}], len(batch))
	err := do(batch)
	if err == nil {
		return out
	}
	alone := len(batch) > 1 && kindOf(err) != domain.KindUnavailable
	for i := range batch {
		if alone {
			err = do(batch[i : i+1])
		}
		out[i].Err = mapErr(ctx, err)
	}
	return out
}

// List returns a part of user's trail, highest position first.
func (a *Audit) List(ctx context.Context, user string, q domain.AuditQuery) ([]domain.AuditEntry, error) {
	if err := storable(user, q.EventType, q.EntityType, q.EntityID); err != nil {
		return nil, err
	}
	var rows []auditRow
	query := a.db.bun.NewSelect().Model(&rows).Where("a.user_id = ?", user)
	for _, f := range [][2]string{{"event_type", q.EventType}, {"entity_type", q.EntityType}, {"entity_id", q.EntityID}} {
		if f[1] != "" {
			query.Where("a.? = ?", bun.Ident(f[0]), f[1])
		}
	}
	query.OrderExpr("a.position DESC, a.id DESC").Limit(int64(max(q.Limit, 0))).Offset(int64(max(q.Offset, 0)))
	if err := query.Scan(ctx); err != nil {
		return nil, mapErr(ctx, err)
	}
	out := make([]domain.AuditEntry, len(rows))
	for i := range rows {
		out[i] = rows[i].entry()
	}
	return out, nil
}

func (r *auditRow) entry() domain.AuditEntry {
	return domain.AuditEntry{
		ID: r.ID, UserID: r.UserID, Position: r.Position, EventType: r.EventType, EntityType: r.EntityType,
		EntityID: r.EntityID, Time: *(&r.CreatedAt).ptr(), Data: json.RawMessage(r.Data),
	}
}
