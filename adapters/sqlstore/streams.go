package sqlstore

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.EventStream = (*Streams)(nil)

// Streams reads the users' streams.
type Streams struct{ db *DB }

// NewStreams returns the streams of db.
func NewStreams(db *DB) *Streams { return &Streams{db} }

type streamRow struct {
	Epoch uuid.UUID
	Head  int64
	Found bool
	eventRow
}

// After returns user's events behind position and the head of the stream, read
// by one statement.
func (s *Streams) After(ctx context.Context, user string, position int64, limit int) ([]domain.Event, domain.Position, error) {
	if err := storable(user); err != nil {
		return nil, domain.Position{}, err
	}
	query := numberedFor(s.db, `SELECT e.epoch, coalesce(s.position, 0) AS head, coalesce(v.found, 1 = 0) AS found, `+eventNames("v.")+`
FROM stream_epoch AS e LEFT JOIN user_streams AS s ON s.user_id = $1
LEFT JOIN (SELECT *, 1 = 1 AS found FROM events WHERE user_id = $1 AND position > $2 ORDER BY position LIMIT $3) AS v ON 1 = 1
ORDER BY v.position`)
	got, err := s.db.pool().QueryContext(ctx, query, user, position, int64(max(limit, 0)))
	if err != nil {
		return nil, domain.Position{}, mapErr(ctx, err)
	}
	var rows []streamRow
	if err := s.db.bun.ScanRows(ctx, got, &rows); err != nil {
		return nil, domain.Position{}, mapErr(ctx, err)
	}
	var head domain.Position
	var out []domain.Event
	for i := range rows {
		head = domain.Position{Epoch: rows[i].Epoch, Value: rows[i].Head}
		if rows[i].Found {
			out = append(out, rows[i].event())
		}
	}
	return out, head, nil
}

func eventNames(prefix string) string {
	return prefix + "user_id, " + prefix + "position, " + names(prefix, eventColumns[:])
}

// Heads returns where the stream of each of users is that has one.
func (s *Streams) Heads(ctx context.Context, users []string) (map[string]domain.Head, error) {
	out := make(map[string]domain.Head, len(users))
	if len(users) == 0 {
		return out, nil
	}
	if err := storable(users...); err != nil {
		return nil, err
	}
	var rows []struct {
		UserID   string
		Position int64
		Erased   int64
	}
	err := s.db.bun.NewSelect().TableExpr("user_streams").Column("user_id", "position", "erased").
		Where("user_id IN (?)", bun.List(users)).Scan(ctx, &rows)
	for _, r := range rows {
		out[r.UserID] = domain.Head{Position: r.Position, Erased: r.Erased}
	}
	return out, mapErr(ctx, err)
}
