package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/outbox"
)

// sweepRelays drains a backlog by relays that have shared the shards, and follows single creates from their commit to
// their handler.
func sweepRelays(ctx context.Context, e *env, report report) error {
	db, pool, err := e.database(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	defer func() { _ = db.Close() }()
	if err := e.topics(ctx, partitions, domain.TaskCreated, domain.TaskUpdates); err != nil {
		return err
	}
	raw, err := insertOne(ctx, pool)
	if err != nil {
		return err
	}
	for _, n := range []int{1, 2, 4, 8} {
		if err := relays(ctx, e, pool, n, raw, report); err != nil {
			return fmt.Errorf("%d relays: %w", n, err)
		}
	}
	return nil
}

func relays(ctx context.Context, e *env, pool *pgxpool.Pool, n int, raw reference, report report) error {
	if err := execute(ctx, pool, "TRUNCATE tasks, user_streams, events, outbox, relay_leases, relay_members, dapr_state"); err != nil {
		return err
	}
	fleet := &fleet{}
	defer fleet.end()
	for range n {
		if err := fleet.add(ctx, e); err != nil {
			return err
		}
	}
	if err := fleet.shared(ctx, pool, n); err != nil {
		return err
	}
	drained, err := fleet.drain(ctx, e, pool)
	if err != nil {
		return err
	}
	before, began := e.usage(), time.Now()
	if _, err := closedLoop(ctx, time.Duration(e.n(3000))*time.Millisecond, new(int), pauses); err != nil {
		return err
	}
	idle := e.usage().since(before, time.Since(began).Seconds())
	drained.note += fmt.Sprintf("; with nothing to do %.1f%% of a processor", idle.total/1e4)
	report(n, drained)
	if err := execute(ctx, pool, "TRUNCATE events"); err != nil { // of streams that this database does not know
		return err
	}
	f, err := follow(ctx, e, fleet.dbs[0], nil, func(i int) string { return userName(i * 7919 % 5000) }, raw)
	if err != nil {
		return err
	}
	report(n, f)
	return nil
}

func pauses(ctx context.Context, _, _ int) error {
	return memory.Clock{}.Wait(ctx, 10*time.Millisecond)
}

// fleet is relays as several processes have them: each with its own connections and its own producer.
type fleet struct {
	relays []*outbox.Relay
	dbs    []*sqlstore.DB
	stops  []func()
}

func (f *fleet) add(ctx context.Context, e *env) error {
	server, err := e.postgres()
	if err != nil {
		return err
	}
	db, err := sqlstore.OpenPostgres(server.URL(e.name))
	if err != nil {
		return err
	}
	cfg, err := e.kafkaConfig()
	if err != nil {
		return err
	}
	p := kafka.NewPublisher(cfg, e.log)
	if err := p.Start(ctx); err != nil {
		return err
	}
	r := outbox.NewRelay(domain.BackendAPI, sqlstore.NewOutbox(db, domain.BackendAPI), p, memory.Clock{}, e.log, outbox.Options{})
	running, cancel := context.WithCancel(ctx)
	ended, listened := make(chan struct{}), make(chan struct{})
	go func() { defer close(ended); r.Run(running) }()
	go func() { defer close(listened); _ = db.Run(running) }()
	f.relays, f.dbs = append(f.relays, r), append(f.dbs, db)
	f.stops = append(f.stops, func() {
		cancel()
		<-ended
		<-listened
		_ = p.Stop(context.WithoutCancel(ctx))
		_ = db.Close()
	})
	return nil
}

func (f *fleet) end() {
	for _, stop := range f.stops {
		stop()
	}
}

// shared waits until all relays have their share of the shards.
func (f *fleet) shared(ctx context.Context, pool *pgxpool.Pool, n int) error {
	return until(ctx, func() (bool, error) {
		var least int
		err := pool.QueryRow(ctx, `SELECT coalesce(min(n), 0) FROM (SELECT count(*) AS n, count(*) OVER () AS owners FROM relay_leases WHERE NOT leaving GROUP BY owner) AS o
WHERE owners = $1`, n).Scan(&least)
		return least == domain.Shards/n, err
	})
}

func until(ctx context.Context, ready func() (bool, error)) error {
	for {
		if ok, err := ready(); ok || err != nil {
			return err
		}
		if err := (memory.Clock{}).Wait(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

// drain measures, in three rounds, a backlog that appears at once, beside a bare producer of the same records. They go to
// a topic that nobody reads.
func (f *fleet) drain(ctx context.Context, e *env, pool *pgxpool.Pool) (figure, error) {
	events := created(e.n(60_000), e.n(5_000))
	records := make([]record, len(events))
	for i, ev := range events {
		body, err := domain.EncodeEvent(ev)
		if err != nil {
			return figure{}, err
		}
		records[i] = record{ev.UserID, body}
	}
	cfg, err := e.kafkaConfig()
	if err != nil {
		return figure{}, err
	}
	var rounds, raw []time.Duration
	var costs []cost
	for range 3 {
		began := time.Now()
		if err := produce(cfg.Brokers, domain.TaskUpdates, records); err != nil {
			return figure{}, err
		}
		raw = append(raw, time.Since(began)/time.Duration(len(records)))
		before := e.usage()
		took, err := f.round(ctx, e, pool, events)
		if err != nil {
			return figure{}, err
		}
		costs = append(costs, e.usage().since(before, float64(len(events))))
		rounds = append(rounds, took)
	}
	slices.Sort(rounds)
	slices.Sort(raw)
	return figure{
		what: "a backlog is drained", n: len(events), within: rounds[1], raw: raw[1], beside: "a bare producer",
		note: "processor time each " + middle(costs).text,
	}, nil
}

// round lets events appear, by one commit, and returns how long they took to be published and forgotten.
func (f *fleet) round(ctx context.Context, e *env, pool *pgxpool.Pool, events []domain.Event) (time.Duration, error) {
	if err := execute(ctx, pool, "DROP TABLE IF EXISTS hidden", "CREATE TABLE hidden (LIKE outbox)", "TRUNCATE events"); err != nil {
		return 0, err
	}
	if err := pending(ctx, pool, "hidden", domain.TaskUpdates, events); err != nil {
		return 0, err
	}
	if err := execute(ctx, pool, "VACUUM ANALYZE events", "VACUUM ANALYZE outbox", "CHECKPOINT"); err != nil {
		return 0, err
	}
	before := f.published()
	e.prepared()
	if err := execute(ctx, pool, "WITH n AS (INSERT INTO outbox SELECT * FROM hidden) SELECT pg_notify('tasktide_outbox', 'backend-api')"); err != nil {
		return 0, err
	}
	began := time.Now()
	err := until(ctx, func() (bool, error) {
		if f.published()-before < int64(len(events)) {
			return false, nil
		}
		var left bool
		err := pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM outbox)").Scan(&left)
		return !left, err
	})
	return time.Since(began), err
}

func (f *fleet) published() (n int64) {
	for _, r := range f.relays {
		n += r.Stats().Published
	}
	return n
}
