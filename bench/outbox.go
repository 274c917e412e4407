package main

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/outbox"
)

// drain publishes a backlog of ten events of each user. The reference does the same in three steps, each as large as it
// likes and without the order that one event in flight for each user keeps: read, produce, delete.
func drain(ctx context.Context, e *env) (result, error) {
	db, pool, err := e.database(ctx)
	if err != nil {
		return result{}, err
	}
	defer pool.Close()
	defer func() { _ = db.Close() }()
	if _, err := e.topic(ctx, domain.TaskCreated); err != nil {
		return result{}, err
	}
	cfg, err := e.kafkaConfig()
	if err != nil {
		return result{}, err
	}
	p := kafka.NewPublisher(cfg, e.log)
	if err := p.Start(ctx); err != nil {
		return result{}, err
	}
	defer func() { _ = p.Stop(ctx) }()
	events := created(e.n(50_000), e.n(5_000))
	records := make([]record, len(events))
	for i, ev := range events {
		body, err := domain.EncodeEvent(ev)
		if err != nil {
			return result{}, err
		}
		records[i] = record{ev.UserID, body}
	}
	r, err := e.pairs(ctx, func(ctx context.Context) (outcome, error) {
		if err := backlog(ctx, pool, events); err != nil {
			return outcome{}, err
		}
		e.prepared()
		relay := outbox.NewRelay(domain.BackendAPI, sqlstore.NewOutbox(db, domain.BackendAPI), p, memory.Clock{}, e.log, outbox.Options{})
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		began := time.Now()
		go func() { defer close(ended); relay.Run(ctx) }()
		defer func() { cancel(); <-ended }()
		err := drained(ctx, pool, relay, int64(len(events)))
		return done(len(events), began), err
	}, func(ctx context.Context) (outcome, error) {
		if err := backlog(ctx, pool, events); err != nil {
			return outcome{}, err
		}
		e.prepared()
		began := time.Now()
		keys, err := readOutbox(ctx, pool)
		if err != nil {
			return outcome{}, err
		}
		if len(keys.users) != len(events) {
			return outcome{}, errors.New("the raw read did not find every event")
		}
		if err := produce(cfg.Brokers, domain.TaskCreated, records); err != nil {
			return outcome{}, err
		}
		err = keys.remove(ctx, pool)
		return done(len(events), began), err
	})
	r.goal = "≥ 80%"
	return r, err
}

func drained(ctx context.Context, pool *pgxpool.Pool, relay *outbox.Relay, n int64) error {
	for {
		if relay.Stats().Published >= n {
			var left bool
			if err := pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM outbox)").Scan(&left); err != nil || !left {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// backlog stores events as published by nobody yet.
func backlog(ctx context.Context, pool *pgxpool.Pool, events []domain.Event) error {
	if err := execute(ctx, pool, "TRUNCATE events, outbox, relay_leases, relay_members"); err != nil {
		return err
	}
	if err := pending(ctx, pool, "outbox", domain.TaskCreated, events); err != nil {
		return err
	}
	return execute(ctx, pool, "VACUUM ANALYZE events", "VACUUM ANALYZE outbox", "CHECKPOINT")
}

// pending stores events, and in table that they are to be published to topic.
func pending(ctx context.Context, pool *pgxpool.Pool, table string, topic domain.Topic, events []domain.Event) error {
	const most = 5000
	for from := 0; from < len(events); from += most {
		some := events[from:min(from+most, len(events))]
		users, positions, ids := make([]string, len(some)), make([]int64, len(some)), make([]uuid.UUID, len(some))
		shards, data := make([]int16, len(some)), make([]string, len(some))
		for i, ev := range some {
			users[i], positions[i], ids[i] = ev.UserID, ev.Position, ev.ID
			shards[i], data[i] = int16(domain.ShardOf(ev.UserID)), string(ev.Data)
		}
		ev := some[0]
		if _, err := pool.Exec(ctx, `INSERT INTO events (user_id, position, event_id, time, event_type, correlation_id, source, subject, traceparent, data)
SELECT u, p, i, $5, $6, i::text, $7, i::text, $8, d::json FROM unnest($1::text[], $2::bigint[], $3::uuid[], $4::text[]) AS x(u, p, i, d)`,
			users, positions, ids, data, ev.Time, string(ev.Type), string(ev.Source), ev.TraceParent); err != nil {
			return err
		}
		if _, err := pool.Exec(ctx, `INSERT INTO `+table+` (user_id, position, publisher, shard, topic)
SELECT u, p, $4, s, $5 FROM unnest($1::text[], $2::bigint[], $3::smallint[]) AS x(u, p, s)`,
			users, positions, shards, string(domain.BackendAPI), string(topic)); err != nil {
			return err
		}
	}
	return nil
}

const rawBatch = 2000

type outboxKeys struct {
	users     []string
	positions []int64
}

// readOutbox reads everything that is pending with its events, a batch at a time, in the order of the index.
func readOutbox(ctx context.Context, pool *pgxpool.Pool) (outboxKeys, error) {
	var all outboxKeys
	shard, user, position := int16(-1), "", int64(0)
	for {
		rows, err := pool.Query(ctx, `SELECT o.shard, o.topic, e.user_id, e.position, e.event_id, e.time, e.event_type, e.correlation_id, e.source, e.subject, e.traceparent, e.data
FROM (SELECT * FROM outbox WHERE publisher = $1 AND (shard, user_id, position) > ($2, $3, $4) ORDER BY shard, user_id, position LIMIT $5) AS o
JOIN events AS e USING (user_id, position) ORDER BY o.shard, o.user_id, o.position`,
			string(domain.BackendAPI), shard, user, position, rawBatch)
		if err != nil {
			return all, err
		}
		n := 0
		for rows.Next() {
			var topic, kind, correlation, source, subject, trace string
			var id uuid.UUID
			var at time.Time
			var data []byte
			if err := rows.Scan(&shard, &topic, &user, &position, &id, &at, &kind, &correlation, &source, &subject, &trace, &data); err != nil {
				return all, err
			}
			all.users, all.positions = append(all.users, user), append(all.positions, position)
			n++
		}
		if err := rows.Err(); err != nil || n < rawBatch {
			return all, err
		}
	}
}

func (k outboxKeys) remove(ctx context.Context, pool *pgxpool.Pool) error {
	for from := 0; from < len(k.users); from += rawBatch {
		to := min(from+rawBatch, len(k.users))
		if _, err := pool.Exec(ctx, `DELETE FROM outbox AS o USING unnest($1::text[], $2::bigint[]) AS p(user_id, position)
WHERE o.user_id = p.user_id AND o.position = p.position`, k.users[from:to], k.positions[from:to]); err != nil {
			return err
		}
	}
	return nil
}
