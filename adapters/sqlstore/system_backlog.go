package sqlstore

import (
	"context"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var (
	_ ports.OutboxMonitor = (*Outbox)(nil)
	_ ports.LagReader     = (*Outbox)(nil)
)

// Backlog counts what is pending of all users; see ports.OutboxMonitor.
func (o *Outbox) Backlog(ctx context.Context) ([]domain.Backlog, error) {
	now, err := o.db.now(ctx, o.db.bun)
	if err != nil {
		return nil, mapErr(ctx, err)
	}
	rows, err := o.db.pool().QueryContext(ctx, numberedFor(o.db, `SELECT o.publisher, o.shard, count(*), min(e.time), coalesce(max(l.owner), '')
FROM outbox AS o JOIN events AS e ON e.user_id = o.user_id AND e.position = o.position
LEFT JOIN relay_leases AS l ON l.publisher = o.publisher AND l.shard = o.shard AND l.until > `+o.db.pick("$1::timestamptz", "?1")+`
GROUP BY o.publisher, o.shard ORDER BY o.publisher, o.shard`), stamp(now).String())
	if err != nil {
		return nil, mapErr(ctx, err)
	}
	defer rows.Close()
	out := []domain.Backlog{}
	for rows.Next() {
		var b domain.Backlog
		var oldest stamp
		if err := rows.Scan(&b.Publisher, &b.Shard, &b.Pending, &oldest, &b.Owner); err != nil {
			return nil, mapErr(ctx, err)
		}
		b.Oldest = *(&oldest).ptr()
		b.Age = max(0, now.Sub(b.Oldest))
		out = append(out, b)
	}
	return out, mapErr(ctx, rows.Err())
}

// Lag is for the in-memory bus: an event is pending until every group has settled
// it, so a group is behind by what is pending at most.
func (o *Outbox) Lag(ctx context.Context) ([]domain.Lag, error) {
	rows, err := o.db.pool().QueryContext(ctx, "SELECT topic, count(*) FROM outbox GROUP BY topic")
	if err != nil {
		return nil, mapErr(ctx, err)
	}
	defer rows.Close()
	pending := map[domain.Topic]int64{}
	for rows.Next() {
		var topic domain.Topic
		var n int64
		if err := rows.Scan(&topic, &n); err != nil {
			return nil, mapErr(ctx, err)
		}
		pending[topic] = n
	}
	var out []domain.Lag
	for _, group := range domain.DurableGroups() {
		for _, topic := range domain.ConsumedBy(group, false) {
			out = append(out, domain.Lag{Group: group, Topic: topic, Behind: pending[topic], Members: -1})
		}
	}
	return out, mapErr(ctx, rows.Err())
}
