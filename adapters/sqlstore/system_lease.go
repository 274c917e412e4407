package sqlstore

import (
	"context"
	"math/bits"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/tasktide/tasktide/core/domain"
)

type leaseRow struct {
	bun.BaseModel `bun:"table:relay_leases,alias:l"`

	Publisher string
	Shard     int
	Owner     string
	Until     stamp
	Leaving   bool
}

type memberRow struct {
	bun.BaseModel `bun:"table:relay_members,alias:m"`

	Publisher string
	Owner     string
	Want      int
	Until     stamp
}

// Lease takes, renews and gives up shards; see ports.Outbox. Times in the table
// are of the database's clock. Lease.Until is of this process's clock and lies
// before the time in the table, whatever the difference of the clocks.
func (o *Outbox) Lease(ctx context.Context, publisher domain.Service, owner string, want int, ttl time.Duration, keep []int) (domain.Lease, error) {
	if err := storable(string(publisher), owner); err != nil {
		return domain.Lease{}, err
	}
	asked := time.Now()
	var shards []int
	err := o.db.write(ctx, func(ctx context.Context, c conn) (err error) {
		shards, err = o.lease(ctx, c, memberRow{Publisher: string(publisher), Owner: owner, Want: max(0, min(want, domain.Shards))}, ttl, keep)
		return err
	})
	if err != nil {
		return domain.Lease{}, mapErr(ctx, err)
	}
	l := domain.Lease{Publisher: publisher, Owner: owner, Shards: shards, Until: asked.Add(ttl)}
	o.db.signals.holds(l)
	return l, nil
}

func (o *Outbox) lease(ctx context.Context, c conn, me memberRow, ttl time.Duration, keep []int) ([]int, error) {
	if o.db.postgres() { // one at a time for a publisher; SQLite has one writer anyhow
		if _, err := c.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 20))", "tasktide relay "+me.Publisher); err != nil {
			return nil, err
		}
	}
	now, err := o.db.now(ctx, c)
	if err != nil {
		return nil, err
	}
	me.Until = stamp(now.Add(ttl))
	share, err := o.share(ctx, c, me, now)
	if err != nil {
		return nil, err
	}
	var leases []leaseRow
	if err := o.db.bun.NewSelect().Conn(c).Model(&leases).Where("l.publisher = ?", me.Publisher).Scan(ctx); err != nil {
		return nil, err
	}
	next := choose(leases, me.Owner, now, share, keep)
	return shardsOf(next.mine), o.store(ctx, c, me, next)
}

// share notes me as alive, or gone when it wants nothing, and returns its fair
// share among the live: everyone gets what it wants up to the same level.
func (o *Outbox) share(ctx context.Context, c conn, me memberRow, now time.Time) (int, error) {
	if _, err := o.db.bun.NewDelete().Conn(c).Model((*memberRow)(nil)).Where("publisher = ?", me.Publisher).
		Where("owner = ? OR until <= ?", me.Owner, stamp(now)).Exec(ctx); err != nil || me.Want == 0 {
		return 0, err
	}
	if _, err := o.db.bun.NewInsert().Conn(c).Model(&me).Exec(ctx); err != nil {
		return 0, err
	}
	var members []memberRow
	if err := o.db.bun.NewSelect().Conn(c).Model(&members).Where("m.publisher = ?", me.Publisher).OrderExpr("m.want, m.owner").Scan(ctx); err != nil {
		return 0, err
	}
	left := domain.Shards
	for i, m := range members {
		part := min(m.Want, left/(len(members)-i))
		if m.Owner == me.Owner {
			return part, nil
		}
		left -= part
	}
	return 0, nil
}

// holding is what an owner has, as sets of shards.
type holding struct {
	mine    uint64 // may be relayed
	leaving uint64 // still held, but nothing new may be started
	lost    uint64 // free for others
}

// choose decides what owner has from now on: up to its share of what it has,
// what it is about to leave and what is free, in this order. What is beyond
// leaves in two steps: it is not in the answer of this call, but held until a
// later call that does not keep it. So an event that was started while this
// call was under way is never in the hands of two.
func choose(leases []leaseRow, owner string, now time.Time, share int, keep []int) holding {
	var taken, held, left, busy uint64
	for _, l := range leases {
		switch {
		case l.Owner == owner && l.Leaving:
			left |= 1 << l.Shard
		case l.Owner == owner:
			held |= 1 << l.Shard
		case time.Time(l.Until).After(now):
			taken |= 1 << l.Shard
		}
	}
	for _, s := range keep {
		busy |= 1 << s
	}
	var h holding
	for _, from := range []uint64{held & busy, held &^ busy, left, ^(taken | held | left)} {
		for s := 0; s < domain.Shards && bits.OnesCount64(h.mine) < share; s++ {
			h.mine |= from & (1 << s)
		}
	}
	if share > 0 {
		h.leaving = (held | left&busy) &^ h.mine
	}
	h.lost = (held | left) &^ h.mine &^ h.leaving
	return h
}

func shardsOf(mask uint64) []int {
	out := []int{}
	for s := range domain.Shards {
		if mask&(1<<s) != 0 {
			out = append(out, s)
		}
	}
	return slices.Clip(out)
}

func (o *Outbox) store(ctx context.Context, c conn, me memberRow, h holding) error {
	if h.lost != 0 {
		if _, err := o.db.bun.NewDelete().Conn(c).Model((*leaseRow)(nil)).Where("publisher = ?", me.Publisher).
			Where("owner = ?", me.Owner).Where("shard IN (?)", bun.List(shardsOf(h.lost))).Exec(ctx); err != nil {
			return err
		}
	}
	var rows []leaseRow
	for _, s := range shardsOf(h.mine | h.leaving) {
		rows = append(rows, leaseRow{Publisher: me.Publisher, Shard: s, Owner: me.Owner, Until: me.Until, Leaving: h.leaving&(1<<s) != 0})
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := o.db.bun.NewInsert().Conn(c).Model(&rows).On("CONFLICT (publisher, shard) DO UPDATE").
		Set("owner = excluded.owner").Set("until = excluded.until").Set("leaving = excluded.leaving").Exec(ctx)
	return err
}
