package sqlstore

import (
	"context"

	"github.com/tasktide/tasktide/core/coalesce"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const (
	stateGet = `SELECT key, value, isbinary, xmin::text FROM dapr_state
WHERE key = ANY($1::text[]) AND (expiredate IS NULL OR expiredate >= CURRENT_TIMESTAMP)`

	stateInput = `unnest($1::text[], $2::text[], $3::bigint[]) AS u(key, value, ttl)`
	stateUntil = `CASE WHEN u.ttl > 0 THEN CURRENT_TIMESTAMP + u.ttl * interval '1 microsecond' END`

	stateUpsert = `INSERT INTO dapr_state AS t (key, value, isbinary, expiredate)
SELECT u.key, u.value::jsonb, false, ` + stateUntil + ` FROM ` + stateInput + ` ORDER BY u.key
ON CONFLICT (key) DO UPDATE SET value = excluded.value, isbinary = false, updatedate = CURRENT_TIMESTAMP, expiredate = excluded.expiredate`

	stateAny      = stateUpsert // writes every row: there is nothing to ask for
	stateIfAbsent = stateUpsert + ` WHERE t.expiredate IS NOT NULL AND t.expiredate < CURRENT_TIMESTAMP RETURNING t.key`

	stateIfMatch = `UPDATE dapr_state AS t SET value = u.value::jsonb, isbinary = false, updatedate = CURRENT_TIMESTAMP, expiredate = ` + stateUntil + `
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS u(key, value, ttl, etag)
WHERE t.key = u.key AND t.xmin = u.etag::xid AND (t.expiredate IS NULL OR t.expiredate > CURRENT_TIMESTAMP) RETURNING t.key`
)

func (s *State) getMany(ctx context.Context, batch [][]string) []coalesce.Result[map[string]ports.Entry] {
	var keys []string
	for _, k := range batch {
		keys = append(keys, k...)
	}
	found, err := s.read(ctx, keys)
	out := make([]coalesce.Result[map[string]ports.Entry], len(batch))
	for i := range out {
		out[i] = coalesce.Result[map[string]ports.Entry]{Value: found, Err: mapErr(ctx, err)}
	}
	return out
}

func (s *State) read(ctx context.Context, keys []string) (map[string]ports.Entry, error) {
	rows, err := s.db.hot().QueryContext(ctx, stateGet, keys)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[string]ports.Entry, len(keys))
	for rows.Next() {
		var e ports.Entry
		var binary bool
		if err := rows.Scan(&e.Key, &e.Value, &binary, &e.ETag); err != nil {
			return nil, err
		}
		if e.Value, err = plain(e.Value, binary); err != nil {
			return nil, err
		}
		found[e.Key] = e
	}
	return found, rows.Err()
}

// flush writes items of one mode by one statement, each with its own outcome.
func (s *State) flush(mode ports.WriteMode) coalesce.Flush[ports.Item, struct{}] {
	return func(ctx context.Context, batch []ports.Item) []coalesce.Result[struct{}] {
		out := make([]coalesce.Result[struct{}], len(batch))
		doers := leaders(mode, batch, out)
		err := s.putBatch(ctx, mode, batch, doers, out)
		switch {
		case err != nil && len(doers) > 1 && kindOf(err) != domain.KindUnavailable:
			for _, i := range doers {
				if err := s.putBatch(ctx, mode, batch, []int{i}, out); err != nil {
					out[i].Err = mapErr(ctx, err)
				}
			}
		case err != nil:
			for _, i := range doers {
				out[i].Err = mapErr(ctx, err)
			}
		}
		follow(mode, batch, doers, out)
		return out
	}
}

// leaders picks the items that go to the database: one statement can write a
// key once. For Any that is the last of a key, which overwrites the others; for
// the conditions the first of a key (and ETag), which makes the others fail.
func leaders(mode ports.WriteMode, batch []ports.Item, out []coalesce.Result[struct{}]) []int {
	at := make(map[[2]string]int, len(batch))
	for i, item := range batch {
		k := [2]string{item.Key, ""}
		if mode == ports.IfMatch {
			etag, ok := xmin(item.ETag)
			if !ok {
				out[i].Err = errCondition
				continue
			}
			k[1] = etag
		}
		if _, taken := at[k]; !taken || mode == ports.Any {
			at[k] = i
		}
	}
	doers := make([]int, 0, len(at))
	for _, i := range at {
		doers = append(doers, i)
	}
	return doers
}

// follow gives the items that did not go to the database their outcome: the
// leader's error when it has one that is no conflict, a conflict for conditions.
func follow(mode ports.WriteMode, batch []ports.Item, doers []int, out []coalesce.Result[struct{}]) {
	if len(doers) == len(batch) {
		return
	}
	led := make(map[int]bool, len(doers))
	failed := map[string]error{}
	for _, i := range doers {
		led[i] = true
		if err := out[i].Err; err != nil && domain.KindOf(err) != domain.KindConflict {
			failed[batch[i].Key] = err
		}
	}
	for i, item := range batch {
		switch {
		case led[i] || out[i].Err != nil:
		case failed[item.Key] != nil:
			out[i].Err = failed[item.Key]
		case mode != ports.Any:
			out[i].Err = errCondition
		}
	}
}

func (s *State) putBatch(ctx context.Context, mode ports.WriteMode, batch []ports.Item, which []int, out []coalesce.Result[struct{}]) error {
	if len(which) == 0 {
		return nil
	}
	var keys, values, etags []string
	var ttls []int64
	for _, i := range which {
		etag, _ := xmin(batch[i].ETag)
		keys, values = append(keys, batch[i].Key), append(values, string(batch[i].Value))
		ttls, etags = append(ttls, batch[i].TTL.Microseconds()), append(etags, etag)
	}
	query, args := stateAny, []any{keys, values, ttls}
	switch mode {
	case ports.IfAbsent:
		query = stateIfAbsent
	case ports.IfMatch:
		query, args = stateIfMatch+", u.etag", append(args, etags)
	}
	return retry(ctx, func() error { return s.written(ctx, query, args, batch, which, out) })
}

// written runs query, which returns the keys (and ETags) that it wrote.
func (s *State) written(ctx context.Context, query string, args []any, batch []ports.Item, which []int, out []coalesce.Result[struct{}]) error {
	if query == stateAny {
		_, err := s.db.hot().ExecContext(ctx, query, args...)
		for i := 0; err == nil && i < len(which); i++ {
			out[which[i]].Err = nil
		}
		return err
	}
	rows, err := s.db.hot().QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	done := make(map[[2]string]bool, len(which))
	for rows.Next() {
		var k [2]string
		into := []any{&k[0], &k[1]}
		if len(args) == 3 {
			into = into[:1]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		done[k] = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, i := range which {
		k := [2]string{batch[i].Key, ""}
		if len(args) == 4 {
			k[1], _ = xmin(batch[i].ETag)
		}
		out[i].Err = nil
		if !done[k] {
			out[i].Err = errCondition
		}
	}
	return nil
}
