package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
)

// sampled is how many users are asked for, spread over all.
const sampled = 1000

// sweepUsers grows one database from 1,000 users with their tasks to -users.
func sweepUsers(ctx context.Context, e *env, report report) error {
	return grow(ctx, e, 1000, e.users, []string{scaleUser, scaleTasks}, func(ctx context.Context, t *table, from, to int) error {
		if err := fillUsers(ctx, t.pool, from, to-1); err != nil {
			return err
		}
		return t.grew(ctx, to, "tasks")
	}, func(ctx context.Context, t *table, size int) error {
		var sample []string
		for i := range sampled {
			sample = append(sample, userName(i*(size/sampled)))
		}
		return askedByUsers(ctx, e, t, size, sample, report)
	})
}

func askedByUsers(ctx context.Context, e *env, t *table, size int, sample []string, report report) error {
	create, err := posts(t.sign, sample)
	if err != nil {
		return err
	}
	list, err := gets(t.sign, sample, func(int) string { return "/tasks?limit=50" })
	if err != nil {
		return err
	}
	stats, err := gets(t.sign, sample, func(int) string { return "/stats" })
	if err != nil {
		return err
	}
	due := sqlstore.NewReminders(t.db)
	for _, m := range []measure{
		{what: "list, the newest 50", do: t.clients.send(list, " 200 "), beside: t.one},
		{what: "counts", do: t.clients.send(stats, " 200 "), beside: t.one},
		{what: "reminders that are due", do: func(ctx context.Context, _, _ int) error { _, err := due.Due(ctx, 256); return err }, beside: t.one},
		{what: "create, answered", do: t.clients.send(create, " 201 "), beside: t.insert},
	} {
		if err := m.run(ctx, e, size, report); err != nil {
			return err
		}
	}
	return t.follow(ctx, e, size, sample, report)
}

// measure is one thing that is asked for at each size.
type measure struct {
	what   string
	do     call
	beside reference
	grows  string
}

func (m measure) run(ctx context.Context, e *env, size int, report report) error {
	f, err := e.beside(ctx, m.what, m.do, m.beside)
	if err != nil {
		return err
	}
	f.grows = m.grows
	report(size, f)
	return nil
}

// table is a database that grows, served by the API, with the group of audit-service on Kafka.
type table struct {
	pool    *pgxpool.Pool
	db      *sqlstore.DB
	sign    signer
	clients *clientsOf
	relay   *kafka.Publisher
	one     reference
	insert  reference
}

// grow calls fill and then ask for each power of ten from least to most.
func grow(ctx context.Context, e *env, least, most int, prepare []string, fill func(ctx context.Context, t *table, from, to int) error, ask func(ctx context.Context, t *table, size int) error) error {
	db, pool, err := e.database(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	defer func() { _ = db.Close() }()
	if err := execute(ctx, pool, prepare...); err != nil {
		return err
	}
	t := &table{pool: pool, db: db, one: selectOne(pool)}
	if t.insert, err = insertOne(ctx, pool); err != nil {
		return err
	}
	address, sign, stop, err := serveAPI(db)
	if err != nil {
		return err
	}
	defer stop()
	t.sign = sign
	if err := e.topics(ctx, partitions, domain.TaskCreated); err != nil {
		return err
	}
	cfg, err := e.kafkaConfig()
	if err != nil {
		return err
	}
	t.relay = kafka.NewPublisher(cfg, e.log)
	if err := t.relay.Start(ctx); err != nil {
		return err
	}
	defer func() { _ = t.relay.Stop(context.WithoutCancel(ctx)) }()
	from := 0
	for size := least; size <= most; size *= 10 {
		if err := fill(ctx, t, from, size); err != nil {
			return fmt.Errorf("%d: %w", size, err)
		}
		if t.clients, err = dial(address); err != nil { // anew: the API ends what is idle while tables are filled
			return err
		}
		err := ask(ctx, t, size)
		t.clients.close()
		if err != nil {
			return fmt.Errorf("%d: %w", size, err)
		}
		from = size
	}
	return nil
}

// grew prints how large tables are now.
func (t *table) grew(ctx context.Context, size int, tables ...string) error {
	line := fmt.Sprintf("%10d  ", size)
	for _, name := range tables {
		var rows, bytes, indexes int64
		if err := t.pool.QueryRow(ctx, "SELECT reltuples::bigint, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class WHERE oid = $1::text::regclass", name).Scan(&rows, &bytes, &indexes); err != nil {
			return err
		}
		line += fmt.Sprintf("%s: %d rows, %d MB and %d MB of indexes; ", name, rows, bytes>>20, indexes>>20)
	}
	fmt.Println(line)
	return nil
}

// follow forgets what waits to be published, which was measured by itself, and follows creates of some users.
func (t *table) follow(ctx context.Context, e *env, size int, sample []string, report report) error {
	if err := execute(ctx, t.pool, "TRUNCATE outbox"); err != nil {
		return err
	}
	f, err := follow(ctx, e, t.db, t.relay, func(i int) string { return sample[i*7919%len(sample)] }, t.insert)
	if err != nil {
		return err
	}
	report(size, f)
	return nil
}
