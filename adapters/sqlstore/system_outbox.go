package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/coalesce"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.Outbox = (*Outbox)(nil)

// Outbox is what is stored and not yet published, of all users. It has a Wake
// channel of its own: make one for each relay.
type Outbox struct {
	db      *DB
	wake    chan struct{}
	settles *coalesce.Group[[]domain.Pending, struct{}]
	lite    liteHeads

	mu      sync.Mutex
	cursors map[domain.Service]place // where the next read of heads begins
	dense   int                      // see page; negative: so many calls until it is tried again
}

// place is a place in the walk over pending users: behind user of shard.
type place struct {
	shard int
	user  string
}

// NewOutbox returns the outbox of db. Its Wake is for events of publishers; of
// all when none is given.
func NewOutbox(db *DB, publishers ...domain.Service) *Outbox {
	o := &Outbox{db: db, wake: db.signals.relay(publishers), cursors: map[domain.Service]place{}}
	o.settles = coalesce.New(o.settleMany, coalesce.Options{MaxBatch: 2048, Watch: db.watch("DELETE", "outbox")})
	return o
}

// Wake gets a value soon after a commit.
func (o *Outbox) Wake() <-chan struct{} { return o.wake }

// Heads returns the oldest pending event of each user of the lease's shards;
// see ports.Outbox. It descends the index once for each user, whatever the
// length of their backlogs, and begins where the call before ended.
func (o *Outbox) Heads(ctx context.Context, l domain.Lease, limit int) ([]domain.Pending, error) {
	if limit <= 0 || len(l.Shards) == 0 {
		return nil, nil
	}
	o.mu.Lock()
	from := o.cursors[l.Publisher]
	o.mu.Unlock()
	walk := walk{publisher: l.Publisher, owner: l.Owner, shards: l.Shards, from: from, limit: limit}
	out, ended, err := o.page(ctx, walk)
	if err != nil {
		return nil, mapErr(ctx, err)
	}
	next := place{}
	if !ended { // then there are limit heads
		next = placeOf(out[len(out)-1])
	} else if from != (place{}) { // the end was reached: go round, up to where this call began
		walk.from, walk.to, walk.limit = place{}, &from, limit-len(out)
		rest, ended, err := o.page(ctx, walk)
		if err != nil {
			return nil, mapErr(ctx, err)
		}
		if !ended {
			next = placeOf(rest[len(rest)-1])
		}
		out = append(out, rest...)
	}
	o.mu.Lock()
	o.cursors[l.Publisher] = next
	o.mu.Unlock()
	return out, nil
}

// windowRows is how many rows of outbox_walk are swept for a head at most, and
// denseFrom how many heads make a backlog.
const (
	windowRows = 4
	denseFrom  = 256
	sparseFor  = 16
)

// page is a walk of w, or as much of it as w.limit allows. A backlog of many
// users with a few events each is swept: its rows are read one after the other,
// which is several times faster than a descent for each user. What a sweep finds
// few users in is walked: they have long backlogs, or are others'.
func (o *Outbox) page(ctx context.Context, w walk) (out []domain.Pending, ended bool, err error) {
	for window := windowRows * w.limit; o.sweeps(window); {
		some, ended, err := o.sweep(ctx, w, window)
		if err != nil {
			return nil, false, err
		}
		out = append(out, some...)
		if ended || len(some) == w.limit {
			return out, ended, nil
		}
		if n := len(some); n > 0 {
			w.from, w.limit = placeOf(some[n-1]), w.limit-n
		}
		if len(some) < window/windowRows/8 {
			o.setDense(-sparseFor)
		}
	}
	rest, err := o.walk(ctx, w)
	if err != nil {
		return nil, false, err
	}
	if len(rest) >= denseFrom {
		o.setDense(1)
	}
	return append(out, rest...), len(rest) < w.limit, nil
}

func (o *Outbox) sweeps(window int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.db.postgres() && window >= windowRows*denseFrom && o.dense > 0
}

// setDense remembers what the last read found; a negative value counts up by
// each call that finds a backlog.
func (o *Outbox) setDense(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n > 0 && o.dense < 0 {
		n += o.dense
	}
	o.dense = n
}

func (p place) before(other place) bool {
	return p.shard < other.shard || p.shard == other.shard && p.user < other.user
}

func placeOf(p domain.Pending) place { return place{domain.ShardOf(p.Event.UserID), p.Event.UserID} }

// walk is one pass over the pending users of some shards, in the order of
// (shard, user), behind from and not behind to.
type walk struct {
	publisher domain.Service
	owner     string
	shards    []int
	from      place
	to        *place
	limit     int
}

// eventAt is the event of row's user at row's position or the next that there is. Its
// order is what makes the planner take the index of positions: with a mere
// position = row's, that of event ids looks as good while events is empty, and
// reads all events of the user once it isn't.
func eventAt(row string) string {
	return `SELECT * FROM events WHERE user_id = ` + row + `.user_id AND position >= ` + row + `.position ORDER BY position LIMIT 1`
}

// headsPostgres: each step of the recursion finds the next user by one descent
// of outbox_walk; a shard that is not ours is left by one step. Shards whose
// lease ended, or never was this owner's, are not ours, whatever the caller thinks.
var headsPostgres = `WITH RECURSIVE ours AS MATERIALIZED (
  SELECT array_agg(shard) AS shards FROM relay_leases
  WHERE publisher = $1 AND owner = $2 AND until > clock_timestamp() AND shard = ANY($3::smallint[])
), walk AS (
  SELECT $4::smallint AS shard, $5::text COLLATE "C" AS user_id, 0::bigint AS position, ''::text AS topic, false AS mine,
    $4::smallint AS next_shard, $5::text COLLATE "C" AS next_user, 0 AS n
  UNION ALL
  SELECT o.shard, o.user_id, o.position, o.topic, m.mine,
    CASE WHEN m.mine THEN o.shard ELSE o.shard + 1::smallint END, CASE WHEN m.mine THEN o.user_id ELSE '' END,
    w.n + CASE WHEN m.mine THEN 1 ELSE 0 END
  FROM walk AS w CROSS JOIN LATERAL (
    SELECT shard, user_id, position, topic FROM outbox
    WHERE publisher = $1 AND (shard, user_id) > (w.next_shard, w.next_user) AND (shard, user_id) <= ($6::smallint, $7::text)
    ORDER BY shard, user_id, position LIMIT 1
  ) AS o CROSS JOIN LATERAL (SELECT o.shard = ANY((SELECT shards FROM ours)::smallint[]) AS mine) AS m
  WHERE w.n < $8
)
SELECT w.topic, ` + eventNames("e.") + ` FROM walk AS w CROSS JOIN LATERAL (` + eventAt("w") + `) AS e
WHERE w.mine AND e.position = w.position`

func (o *Outbox) walk(ctx context.Context, w walk) ([]domain.Pending, error) {
	to := place{shard: domain.Shards} // behind every shard
	if w.to != nil {
		to = *w.to
	}
	if !o.db.postgres() {
		return o.walkLite(ctx, w, to)
	}
	shards := make([]int64, len(w.shards))
	for i, s := range w.shards {
		shards[i] = int64(s)
	}
	rows, err := o.db.hot().QueryContext(ctx, headsPostgres, string(w.publisher), w.owner, shards,
		int64(w.from.shard), w.from.user, int64(to.shard), to.user, int64(w.limit))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []domain.Pending
	for rows.Next() {
		p, err := scanPending(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// sweepPostgres reads the next rows of outbox_walk, whoever's they are, and takes
// the first of each user. n is how many rows there were.
var sweepPostgres = `WITH ours AS MATERIALIZED (
  SELECT array_agg(shard) AS shards FROM relay_leases
  WHERE publisher = $1 AND owner = $2 AND until > clock_timestamp() AND shard = ANY($3::smallint[])
), seen AS (
  SELECT shard, user_id, position, topic, count(*) OVER () AS n, lag(user_id) OVER w AS before, lag(shard) OVER w AS shard_before
  FROM (
    SELECT shard, user_id, position, topic FROM outbox
    WHERE publisher = $1 AND (shard, user_id) > ($4::smallint, $5::text) AND (shard, user_id) <= ($6::smallint, $7::text)
    ORDER BY shard, user_id, position LIMIT $9
  ) AS o WINDOW w AS (ORDER BY shard, user_id, position)
)
SELECT s.n, s.topic, ` + eventNames("e.") + ` FROM (
  SELECT * FROM seen WHERE (before, shard_before) IS DISTINCT FROM (user_id, shard) AND shard = ANY((SELECT shards FROM ours)::smallint[])
  ORDER BY shard, user_id, position LIMIT $8
) AS s CROSS JOIN LATERAL (` + eventAt("s") + `) AS e
WHERE e.position = s.position`

func (o *Outbox) sweep(ctx context.Context, w walk, window int) (out []domain.Pending, ended bool, err error) {
	to := place{shard: domain.Shards}
	if w.to != nil {
		to = *w.to
	}
	shards := make([]int64, len(w.shards))
	for i, s := range w.shards {
		shards[i] = int64(s)
	}
	rows, err := o.db.hot().QueryContext(ctx, sweepPostgres, string(w.publisher), w.owner, shards,
		int64(w.from.shard), w.from.user, int64(to.shard), to.user, int64(w.limit), int64(window))
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	n := int64(window)
	for rows.Next() {
		p, err := scanPending(rows, &n)
		if err != nil {
			return nil, false, err
		}
		out = append(out, p)
	}
	return out, n < int64(window) && len(out) < w.limit, rows.Err()
}

func scanPending(rows *sql.Rows, before ...any) (domain.Pending, error) {
	var topic string
	var e eventRow
	err := rows.Scan(append(before, &topic, &e.UserID, &e.Position, &e.EventID, &e.Time, &e.EventType, &e.CorrelationID,
		&e.Source, &e.Subject, &e.Traceparent, &e.Data)...)
	return domain.Pending{Topic: domain.Topic(topic), Event: e.event()}, err
}

// walkLite is the same walk by one small query for each user, in one snapshot. A
// shard that nobody waits in costs nothing.
func (o *Outbox) walkLite(ctx context.Context, w walk, to place) ([]domain.Pending, error) {
	if err := o.lite.prepare(ctx, o.db.pool()); err != nil {
		return nil, err
	}
	tx, err := o.db.pool().BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	shards, err := o.leasedLite(ctx, tx, w)
	if err != nil || len(shards) == 0 {
		return nil, err
	}
	next := tx.StmtContext(ctx, o.lite.next)
	defer next.Close()
	var out []domain.Pending
	for at := w.from; len(out) < w.limit; {
		p, ok, err := o.nextLite(ctx, next, w.publisher, at)
		if err != nil {
			return nil, err
		}
		at = placeOf(p)
		switch {
		case !ok, to.before(at):
			return out, nil
		case !slices.Contains(shards, at.shard):
			at = place{shard: at.shard + 1}
		default:
			out = append(out, p)
		}
	}
	return out, nil
}

func (o *Outbox) nextLite(ctx context.Context, next *sql.Stmt, publisher domain.Service, at place) (domain.Pending, bool, error) {
	rows, err := next.QueryContext(ctx, string(publisher), int64(at.shard), at.user)
	if err != nil {
		return domain.Pending{}, false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return domain.Pending{}, false, rows.Err()
	}
	p, err := scanPending(rows)
	return p, err == nil, err
}

// liteHeads are SQLite's statements of a read of heads, prepared once for each connection.
type liteHeads struct {
	mu           sync.Mutex
	leased, next *sql.Stmt
}

func (l *liteHeads) prepare(ctx context.Context, db *sql.DB) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leased == nil {
		l.leased, err = db.PrepareContext(ctx, "SELECT shard FROM relay_leases WHERE publisher = ? AND owner = ? AND until > ? ORDER BY shard")
	}
	if err == nil && l.next == nil {
		l.next, err = db.PrepareContext(ctx, `SELECT o.topic, `+eventNames("e.")+` FROM outbox AS o JOIN events AS e ON e.user_id = o.user_id AND e.position = o.position
WHERE o.publisher = ?1 AND (o.shard, o.user_id) > (?2, ?3) ORDER BY o.shard, o.user_id, o.position LIMIT 1`)
	}
	return err
}

// leasedLite is which of w's shards are its owner's now, in order.
func (o *Outbox) leasedLite(ctx context.Context, tx *sql.Tx, w walk) ([]int, error) {
	leased := tx.StmtContext(ctx, o.lite.leased)
	defer leased.Close()
	rows, err := leased.QueryContext(ctx, string(w.publisher), w.owner, stamp(time.Now()).String())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int
	for rows.Next() {
		var shard int
		if err := rows.Scan(&shard); err != nil {
			return nil, err
		}
		if slices.Contains(w.shards, shard) {
			out = append(out, shard)
		}
	}
	return out, rows.Err()
}

// Settle removes what was published; calls in flight together are one statement.
func (o *Outbox) Settle(ctx context.Context, _ domain.Lease, published ...domain.Pending) error {
	if len(published) == 0 {
		return nil
	}
	if o.db.postgres() {
		_, err := o.settles.Do(ctx, published)
		return mapErr(ctx, err)
	}
	return mapErr(ctx, o.db.sqlite.do(ctx, func(ctx context.Context, c conn) error {
		for _, p := range published {
			if _, err := c.ExecContext(ctx, "DELETE FROM outbox WHERE user_id = ? AND position = ?", p.Event.UserID, p.Event.Position); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (o *Outbox) settleMany(ctx context.Context, batch [][]domain.Pending) []coalesce.Result[struct{}] {
	all := slices.Concat(batch...)
	slices.SortFunc(all, func(a, b domain.Pending) int {
		if a.Event.UserID == b.Event.UserID {
			return int(a.Event.Position - b.Event.Position)
		}
		return strings.Compare(a.Event.UserID, b.Event.UserID)
	})
	users, positions := make([]string, len(all)), make([]int64, len(all))
	for i, p := range all {
		users[i], positions[i] = p.Event.UserID, p.Event.Position
	}
	err := retry(ctx, func() error {
		_, err := o.db.hot().ExecContext(ctx, `DELETE FROM outbox AS o USING unnest($1::text[], $2::bigint[]) AS p(user_id, position)
WHERE o.user_id = p.user_id AND o.position = p.position`, users, positions)
		return err
	})
	out := make([]coalesce.Result[struct{}], len(batch))
	for i := range out {
		out[i].Err = mapErr(ctx, err)
	}
	return out
}
