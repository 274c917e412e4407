package sqlstore

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/ports"
)

const (
	stateLiteUpsert = `INSERT INTO dapr_state (key, value, isbinary, etag, insertdate, expiredate) VALUES (?1, ?2, 0, ?3, ?4, ?5)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, isbinary = 0, etag = excluded.etag, updatedate = ?4, expiredate = excluded.expiredate`
	stateLiteIfAbsent = stateLiteUpsert + ` WHERE expiredate < ?4`
	stateLiteIfMatch  = `UPDATE dapr_state SET value = ?2, isbinary = 0, etag = ?3, updatedate = ?4, expiredate = ?5
WHERE key = ?1 AND etag = ?6 AND (expiredate IS NULL OR expiredate > ?4)`
)

func (s *State) getLite(ctx context.Context, keys []string) ([]ports.Entry, error) {
	args := []any{stamp(time.Now()).String()}
	for _, k := range keys {
		args = append(args, k)
	}
	rows, err := s.db.pool().QueryContext(ctx, `SELECT key, value, isbinary, etag FROM dapr_state
WHERE (expiredate IS NULL OR expiredate >= ?) AND key IN (`+marks(len(keys))+`)`, args...)
	if err != nil {
		return nil, mapErr(ctx, err)
	}
	defer rows.Close()
	var out []ports.Entry
	for rows.Next() {
		var e ports.Entry
		var binary bool
		if err := rows.Scan(&e.Key, &e.Value, &binary, &e.ETag); err != nil {
			return nil, mapErr(ctx, err)
		}
		if e.Value, err = plain(e.Value, binary); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, mapErr(ctx, rows.Err())
}

func (s *State) putLite(ctx context.Context, item ports.Item) error {
	return s.db.sqlite.do(ctx, func(ctx context.Context, c conn) error {
		now := time.Now()
		var until *string
		if item.TTL > 0 {
			until = (*stamp)(new(now.Add(item.TTL))).text()
		}
		query := stateLiteUpsert
		args := []any{item.Key, string(item.Value), strings.ReplaceAll(uuid.NewString(), "-", ""), stamp(now).String(), until}
		switch item.Mode {
		case ports.IfAbsent:
			query = stateLiteIfAbsent
		case ports.IfMatch:
			query, args = stateLiteIfMatch, append(args, item.ETag)
		}
		n, err := affected(c.ExecContext(ctx, query, args...))
		if err == nil && n == 0 {
			err = errCondition
		}
		return err
	})
}
