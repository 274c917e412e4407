package sqlstore

import (
	"context"
	"time"
)

// DeleteEventsBefore deletes up to limit events of all users that are older
// than before and published, the oldest first, and returns how many: call it until
// it returns 0.
func (s *Streams) DeleteEventsBefore(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.db.deleted(ctx, `DELETE FROM events WHERE (user_id, position) IN (
SELECT e.user_id, e.position FROM events AS e
WHERE e.time < `+s.db.pick("$1::timestamptz", "?1")+` AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.user_id = e.user_id AND o.position = e.position)
ORDER BY e.time LIMIT `+s.db.pick("$2", "?2")+`)`, stamp(before).String(), int64(limit))
}

// DeleteKeysBefore deletes up to limit kept answers of all users that are older than
// before, and returns how many.
func (t *Tasks) DeleteKeysBefore(ctx context.Context, before time.Time, limit int) (int64, error) {
	return t.db.deleted(ctx, `DELETE FROM idempotency_keys WHERE (user_id, key) IN (
SELECT user_id, key FROM idempotency_keys WHERE created_at < `+t.db.pick("$1::timestamptz", "?1")+` ORDER BY created_at LIMIT `+t.db.pick("$2", "?2")+`)`,
		stamp(before).String(), int64(limit))
}

// DeleteBefore deletes up to limit notifications of all users that are older than
// before, read or not, and returns how many. A task that is not reminded again does
// not care: it has its own mark.
func (s *Notifications) DeleteBefore(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.db.deleted(ctx, `DELETE FROM notifications WHERE (user_id, id) IN (
SELECT user_id, id FROM notifications WHERE created_at < `+s.db.pick("$1::timestamptz", "?1")+` ORDER BY created_at LIMIT `+s.db.pick("$2", "?2")+`)`,
		stamp(before).String(), int64(limit))
}

// DeleteExpired deletes up to limit expired entries that were written for the first
// time before before, and returns how many. Expired entries count as absent before
// that. The first time is in an index, when an entry expires is not, since each put
// changes it: nothing that lives for a span can have expired before that is over.
func (s *State) DeleteExpired(ctx context.Context, before time.Time, limit int) (int64, error) {
	if s.db.postgres() {
		return s.db.deleted(ctx, `DELETE FROM dapr_state WHERE key IN (
SELECT key FROM dapr_state WHERE insertdate < $1::timestamptz AND expiredate < CURRENT_TIMESTAMP ORDER BY insertdate LIMIT $2) AND expiredate < CURRENT_TIMESTAMP`,
			stamp(before).String(), int64(limit))
	}
	return s.db.deleted(ctx, `DELETE FROM dapr_state WHERE key IN (SELECT key FROM dapr_state WHERE insertdate < ?1 AND expiredate < ?2 ORDER BY insertdate LIMIT ?3)`,
		stamp(before).String(), stamp(time.Now()).String(), int64(limit))
}

func (db *DB) deleted(ctx context.Context, query string, args ...any) (int64, error) {
	var n int64
	err := db.write(ctx, func(ctx context.Context, c conn) (err error) {
		n, err = affected(c.ExecContext(ctx, query, args...))
		return err
	})
	if err != nil {
		return 0, mapErr(ctx, err)
	}
	return n, nil
}
