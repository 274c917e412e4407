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
	mine, lost := choose(leases, me.Owner, now, share, keep)
	return mine, o.store(ctx, c, me, mine, lost)
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

// choose decides which shards owner has from now on, and which it gives up:
// what it has and what is free, up to its share, and what is in keep in any case.
func choose(leases []leaseRow, owner string, now time.Time, share int, keep []int) (mine, lost []int) {
	var taken, held uint64
	for _, l := range leases {
		switch {
		case l.Owner == owner:
			held |= 1 << l.Shard
		case time.Time(l.Until).After(now):
			taken |= 1 << l.Shard
		}
	}
	var busy uint64
	for _, s := range keep {
		busy |= 1 << s & held
	}
	if share == 0 {
		busy = 0 // wants nothing: gives everything up
	}
	chosen := busy
	free := ^taken &^ held
	for _, from := range []uint64{held &^ busy, free} {
		for s := 0; s < domain.Shards && bits.OnesCount64(chosen) < share; s++ {
			chosen |= from & (1 << s)
		}
	}
	return shardsOf(chosen), shardsOf(held &^ chosen)
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

func (o *Outbox) store(ctx context.Context, c conn, me memberRow, mine, lost []int) error {
	if len(lost) > 0 {
		if _, err := o.db.bun.NewDelete().Conn(c).Model((*leaseRow)(nil)).Where("publisher = ?", me.Publisher).
			Where("owner = ?", me.Owner).Where("shard IN (?)", bun.In(lost)).Exec(ctx); err != nil {
			return err
		}
	}
	if len(mine) == 0 {
		return nil
	}
	rows := make([]leaseRow, len(mine))
	for i, s := range mine {
		rows[i] = leaseRow{Publisher: me.Publisher, Shard: s, Owner: me.Owner, Until: me.Until}
	}
	_, err := o.db.bun.NewInsert().Conn(c).Model(&rows).On("CONFLICT (publisher, shard) DO UPDATE").
		Set("owner = excluded.owner").Set("until = excluded.until").Exec(ctx)
	return err
}
