package sqlstore

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/tasktide/tasktide/core/domain"
)

// Marked returns letters of group, of all users, whose redrive is asked for.
func (d *DeadLetters) Marked(ctx context.Context, group string, limit int) ([]domain.DeadLetter, error) {
	var rows []letterRow
	err := d.db.bun.NewSelect().Model(&rows).
		Where("d.group_name = ?", cleaned(group)).Where("d.redrive_at IS NOT NULL").
		OrderExpr("d.redrive_at, d.first_failed, d.user_id, d.id").Limit(int64(max(limit, 0))).Scan(ctx)
	return letters(rows), mapErr(ctx, err)
}

// Find returns the letters that match, of all users, newest failure first.
func (d *DeadLetters) Find(ctx context.Context, q domain.DeadLetterQuery) ([]domain.DeadLetter, error) {
	var rows []letterRow
	err := d.match(d.db.bun.NewSelect().Model(&rows), q).Scan(ctx)
	return letters(rows), mapErr(ctx, err)
}

// Count returns how many letters of all users match.
func (d *DeadLetters) Count(ctx context.Context, q domain.DeadLetterQuery) (int, error) {
	var n int
	some := d.match(d.db.bun.NewSelect().Model((*letterRow)(nil)).Column("id"), q)
	err := d.db.bun.NewSelect().ColumnExpr("count(*)").TableExpr("(?) AS matching", some).Scan(ctx, &n)
	return n, mapErr(ctx, err)
}

func letters(rows []letterRow) []domain.DeadLetter {
	out := make([]domain.DeadLetter, len(rows))
	for i := range rows {
		out[i] = rows[i].letter()
	}
	return out
}

func (d *DeadLetters) match(s *bun.SelectQuery, q domain.DeadLetterQuery) *bun.SelectQuery {
	for _, f := range [][2]string{{"id", q.ID}, {"group_name", q.Group}, {"user_id", q.UserID}, {"topic", string(q.Topic)}} {
		if f[1] != "" {
			s.Where("d.? = ?", bun.Ident(f[0]), cleaned(f[1]))
		}
	}
	if q.ErrorContains != "" {
		s.Where(d.db.pick("strpos(d.error, ?) > 0", "instr(d.error, ?) > 0"), cleaned(q.ErrorContains))
	}
	if q.After != nil {
		s.Where("d.last_failed > ?", stamp(*q.After))
	}
	if q.Before != nil {
		s.Where("d.last_failed < ?", before(*q.Before))
	}
	if m := q.Behind; m != nil {
		s.Where("(d.last_failed < ?0 OR d.last_failed = ?0 AND (d.user_id, d.id) > (?1, ?2))", stamp(m.LastFailed), cleaned(m.UserID), cleaned(m.ID))
	}
	if q.Limit > 0 {
		s.Limit(int64(q.Limit))
	}
	return s.OrderExpr("d.last_failed DESC, d.user_id, d.id")
}

// Redrive marks what matches and clears its attempts, in one transaction, then
// wakes the services, in this process and in others.
func (d *DeadLetters) Redrive(ctx context.Context, q domain.DeadLetterQuery) (int, error) {
	n := 0
	err := d.db.write(ctx, func(ctx context.Context, c conn) error {
		rows, err := d.selected(ctx, c, q)
		if err != nil || len(rows) == 0 {
			n = 0
			return err
		}
		now, err := d.db.now(ctx, c)
		if err != nil {
			return err
		}
		if _, err := d.db.bun.NewUpdate().Conn(c).Model((*letterRow)(nil)).Set("redrive_at = ?", stamp(now)).
			Where("(user_id, id) IN (?)", keysOf(rows)).Exec(ctx); err != nil {
			return err
		}
		if err := d.clearAttempts(ctx, c, rows); err != nil {
			return err
		}
		n = len(rows)
		if d.db.postgres() { // rare, and must not be sent before the mark is there
			_, err = c.ExecContext(ctx, "SELECT pg_notify($1, $2)", channelRedrive, "")
		}
		return err
	})
	if err != nil {
		return 0, mapErr(ctx, err)
	}
	d.db.signals.wakeLetters()
	return n, nil
}

// selected locks what matches.
func (d *DeadLetters) selected(ctx context.Context, c conn, q domain.DeadLetterQuery) ([]letterRow, error) {
	var rows []letterRow
	s := d.match(d.db.bun.NewSelect().Conn(c).Model(&rows).Column("user_id", "id", "event_id", "group_name", "reason"), q)
	if d.db.postgres() {
		s.For("UPDATE")
	}
	return rows, s.Scan(ctx)
}

func keysOf(rows []letterRow) any {
	keys := make([]bun.TupleValues, len(rows))
	for i, r := range rows {
		keys[i] = bun.Tuple([]string{r.UserID, r.ID})
	}
	return bun.List(keys)
}

func (d *DeadLetters) clearAttempts(ctx context.Context, c conn, rows []letterRow) error {
	var keys []string
	for _, r := range rows {
		// The id of a record that could not be read may be another event's.
		if id, err := uuid.Parse(r.EventID); err == nil && r.Reason != domain.ReasonMalformed {
			keys = append(keys, domain.ProcessedKey(id, r.GroupName))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	_, err := d.db.bun.NewDelete().Conn(c).TableExpr("dapr_state").Where("key IN (?)", bun.List(keys)).Exec(ctx)
	return err
}

// Discard removes what matches.
func (d *DeadLetters) Discard(ctx context.Context, q domain.DeadLetterQuery) (int, error) {
	n := 0
	err := d.db.write(ctx, func(ctx context.Context, c conn) error {
		rows, err := d.selected(ctx, c, q)
		n = len(rows)
		if err != nil || n == 0 {
			return err
		}
		_, err = d.db.bun.NewDelete().Conn(c).Model((*letterRow)(nil)).Where("(user_id, id) IN (?)", keysOf(rows)).Exec(ctx)
		return err
	})
	if err != nil {
		return 0, mapErr(ctx, err)
	}
	return n, nil
}

// now is the database's clock, read when it is asked, not when the transaction began.
func (db *DB) now(ctx context.Context, c conn) (time.Time, error) {
	if !db.postgres() {
		return time.Now().UTC().Truncate(time.Microsecond), nil
	}
	var t time.Time
	err := c.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&t)
	return t.UTC(), err
}
