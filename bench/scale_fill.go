package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// scaleUser is userName in SQL.
const scaleUser = `CREATE FUNCTION scale_user(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT 'user-' || lpad(i::text, greatest(5, length(i::text)), '0') || '-6f1c2b7de9' $$`

// scaleTasks is how many tasks a user has: half of the users have up to 3, one in a hundred has 50 and more, one in ten
// thousand has a thousand.
const scaleTasks = `CREATE FUNCTION scale_tasks(i bigint) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT least(2000, floor(2 * power(1 - (hashint8(i)::bigint & 2147483647) / 2147483648.0, -0.7)))::int $$`

// fillUsers adds the users from the first to the last with their tasks. One task in sixty waits for its reminder, within
// a year.
func fillUsers(ctx context.Context, pool *pgxpool.Pool, first, last int) error {
	return unindexed(ctx, pool, []string{"tasks", "user_streams"}, func() error {
		if _, err := pool.Exec(ctx, `INSERT INTO tasks (user_id, id, title, priority, category, completed, due_date, reminder_at, reminder_sent, tags, time_zone, version, created_at, updated_at, search_text)
SELECT scale_user(u), gen_random_uuid(), t.title, (ARRAY['low', 'medium', 'high'])[(1 + (u + k) % 3)::int], (ARRAY['home', 'work', 'personal'])[1 + k % 3], k % 3 > 0,
  CASE WHEN k % 2 = 0 THEN now() + (u * 31 + k) % 8760 * interval '1 hour' END,
  CASE WHEN k % 3 = 0 AND (u * 31 + k) % 20 = 0 THEN now() + interval '1 hour' + (u * 7919 + k) % 31536000 * interval '1 second' END,
  false, '[]', 'UTC', 1, at, at, lower(t.title)
FROM generate_series($1::bigint, $2::bigint) AS u CROSS JOIN LATERAL generate_series(1, scale_tasks(u)) AS k
CROSS JOIN LATERAL (SELECT 'Water the plants and the garden, part ' || k AS title, now() - k * interval '1 day' - u % 86400 * interval '1 second' AS at) AS t`, first, last); err != nil {
			return err
		}
		_, err := pool.Exec(ctx, `INSERT INTO user_streams (user_id, position) SELECT scale_user(u), scale_tasks(u) FROM generate_series($1::bigint, $2::bigint) AS u`, first, last)
		return err
	})
}

// streamUsers is whose events they are. The first of them has one in a hundred.
const streamUsers = 1000

// scaleEvents is the $1-th to the $2-th event of $3: whose, where, of which task and when. Twenty of a user, one after the
// other, are of one task; all are of the last 29 days.
const scaleEvents = `SELECT n, scale_user(u) AS user_id, p AS position, md5('event' || n)::uuid AS id, md5(u || '-' || (p - 1) / 20)::uuid::text AS task,
  now() - ($3::bigint - n) * (interval '29 days' / $3::bigint) AS at
FROM generate_series($1::bigint, $2::bigint) AS n CROSS JOIN LATERAL (SELECT CASE WHEN n % 100 = 0 THEN 0 ELSE 1 + (n - n / 100 - 1) % 999 END AS u,
  CASE WHEN n % 100 = 0 THEN n / 100 ELSE 1 + (n - n / 100 - 1) / 999 END AS p) AS x`

// fillEvents adds the events from the first to the last, of most that there will be.
func fillEvents(ctx context.Context, pool *pgxpool.Pool, first, last, most int) error {
	err := unindexed(ctx, pool, []string{"events", "audit_logs", "dapr_state"}, func() error {
		for _, s := range []string{
			`INSERT INTO events (user_id, position, event_id, time, event_type, correlation_id, source, subject, traceparent, data)
SELECT user_id, position, id, at, 'task.updated.v1', id, 'backend-api', task, '', ('{"task_id":"' || task || '","title":"Water the plants","changes":{"completed":{"old":false,"new":true}}}')::json FROM (` + scaleEvents + `) AS e`,
			`INSERT INTO audit_logs (user_id, id, position, event_type, entity_type, entity_id, data, created_at)
SELECT user_id, id, position, 'updated', 'task', task, '{"title":"Water the plants","changes":{"completed":{"old":false,"new":true}}}', at FROM (` + scaleEvents + `) AS e`,
			`INSERT INTO dapr_state (key, value, isbinary, insertdate, expiredate)
SELECT 'processed-' || id || '-audit-service', '{"state":"done","processed_at":"2026-02-04T10:00:00.000000Z"}', false, now() - (now() - at) * 0.47, now() - (now() - at) * 0.47 + interval '14 days' FROM (` + scaleEvents + `) AS e`,
		} {
			if _, err := pool.Exec(ctx, s, first, last, most); err != nil {
				return fmt.Errorf("%.40s: %w", s, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = pool.Exec(ctx, `INSERT INTO user_streams (user_id, position)
SELECT scale_user(u), CASE WHEN u = 0 THEN $1::bigint / 100 ELSE ($1::bigint - $1::bigint / 100 - u + 999) / 999 END FROM generate_series(0, 999) AS u
ON CONFLICT (user_id) DO UPDATE SET position = excluded.position`, last)
	return err
}

// unindexed runs fill while tables have no index, and makes them again: sorted, which takes a fraction of the time.
func unindexed(ctx context.Context, pool *pgxpool.Pool, tables []string, fill func() error) error {
	rows, err := pool.Query(ctx, `SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname),
  'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE contype IN ('p', 'u') AND conrelid = ANY($1::text[]::regclass[])
UNION ALL SELECT 'DROP INDEX ' || indexrelid::regclass, pg_get_indexdef(indexrelid)
FROM pg_index WHERE indrelid = ANY($1::text[]::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`, tables)
	if err != nil {
		return err
	}
	type index struct{ Drop, Create string }
	indexes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[index])
	if err != nil {
		return err
	}
	for _, i := range indexes {
		if err := execute(ctx, pool, i.Drop); err != nil {
			return err
		}
	}
	if err := fill(); err != nil {
		return err
	}
	for _, i := range indexes {
		if err := execute(ctx, pool, i.Create); err != nil {
			return err
		}
	}
	for _, t := range tables {
		if err := execute(ctx, pool, "VACUUM ANALYZE "+t); err != nil {
			return err
		}
	}
	return execute(ctx, pool, "CHECKPOINT")
}
