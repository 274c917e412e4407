package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/audit"
	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func auditConsumer(ctx context.Context, e *env) (result, error) {
	db, pool, err := e.database(ctx)
	if err != nil {
		return result{}, err
	}
	defer pool.Close()
	defer func() { _ = db.Close() }()
	if _, err := e.topic(ctx, "task-updates"); err != nil { // carries every type, and nothing else here uses it
		return result{}, err
	}
	cfg, err := e.kafkaConfig()
	if err != nil {
		return result{}, err
	}
	events := created(e.n(100_000), 5000)
	records := make([]record, len(events))
	entries := make([]domain.AuditEntry, len(events))
	for i, ev := range events {
		body, err := domain.EncodeEvent(ev)
		if err != nil {
			return result{}, err
		}
		records[i] = record{ev.UserID, body}
		if entries[i], err = audit.Entry(ev); err != nil {
			return result{}, err
		}
	}
	if err := produce(cfg.Brokers, domain.TaskUpdates, records); err != nil {
		return result{}, err
	}
	empty := func() error {
		defer e.prepared()
		return execute(ctx, pool, "TRUNCATE audit_logs, dapr_state", "CHECKPOINT")
	}
	r, err := e.pairs(ctx, func(ctx context.Context) (outcome, error) {
		if err := empty(); err != nil {
			return outcome{}, err
		}
		c := delivery.NewConsumer(string(domain.AuditService), audit.NewRecorder(sqlstore.NewAudit(db)).Handle, delivery.Deps{
			State: sqlstore.NewState(db), Letters: sqlstore.NewDeadLetters(db), Clock: memory.Clock{}, Probe: db.Ping, Log: e.log,
		}, delivery.Options{})
		m := newMeter(len(events))
		m.begin = time.Now()
		err := subscribed(ctx, kafka.NewSubscriber(cfg, e.log), domain.TaskUpdates, func(ctx context.Context, msg ports.Message) ports.Answer {
			a := c.Handle(ctx, msg)
			if !a.Again {
				m.one()
			}
			return a
		}, m.all)
		if s := c.Stats(); err == nil && s.Handled != int64(len(events)) {
			return outcome{}, fmt.Errorf("not every event was handled once: %+v", s)
		}
		return m.outcome(), err
	}, func(ctx context.Context) (outcome, error) {
		if err := empty(); err != nil {
			return outcome{}, err
		}
		began := time.Now()
		err := rawAudit(ctx, pool, entries)
		return done(len(entries), began), err
	})
	r.goal = "≥ 30,000/s; the reference writes 500 rows a statement and has no Kafka"
	return r, err
}

// rawAudit does the three writes for all entries, in batches, on as many connections as keep the server busy.
func rawAudit(ctx context.Context, pool *pgxpool.Pool, entries []domain.AuditEntry) error {
	const batch, connections = 500, 3
	work := make(chan []domain.AuditEntry)
	errs := make(chan error, connections)
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for some := range work {
				if err := rawWrites(ctx, pool, some); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	for from := 0; from < len(entries); from += batch {
		select {
		case work <- entries[from:min(from+batch, len(entries))]:
		case err := <-errs:
			return err
		}
	}
	close(work)
	all.Wait()
	close(errs)
	return <-errs
}

const rawState = `INSERT INTO dapr_state AS t (key, value, isbinary, expiredate)
SELECT key, value::jsonb, false, now() + interval '14 days' FROM unnest($1::text[], $2::text[]) AS u(key, value)
ON CONFLICT (key) DO `

func rawWrites(ctx context.Context, pool *pgxpool.Pool, entries []domain.AuditEntry) error {
	n := len(entries)
	keys, started, done := make([]string, n), make([]string, n), make([]string, n)
	users, ids, positions := make([]string, n), make([]uuid.UUID, n), make([]int64, n)
	tasks, data, times := make([]string, n), make([]string, n), make([]time.Time, n)
	for i, a := range entries {
		now := domain.FormatTime(time.Now())
		keys[i] = domain.ProcessedKey(a.ID, string(domain.AuditService))
		started[i] = `{"state":"started","attempts":1,"by":"1f2e3d4c-` + fmt.Sprint(i) + `","at":"` + now + `"}`
		done[i] = `{"state":"done","processed_at":"` + now + `"}`
		users[i], ids[i], positions[i], tasks[i], data[i], times[i] = a.UserID, a.ID, a.Position, a.EntityID, string(a.Data), a.Time
	}
	if _, err := pool.Exec(ctx, rawState+"NOTHING", keys, started); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, `INSERT INTO audit_logs (user_id, id, position, event_type, entity_type, entity_id, data, created_at)
SELECT u, i, p, 'created', 'task', t, d::jsonb, at FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[]) AS x(u, i, p, t, d, at)
ON CONFLICT DO NOTHING`, users, ids, positions, tasks, data, times); err != nil {
		return err
	}
	_, err := pool.Exec(ctx, rawState+"UPDATE SET value = excluded.value, updatedate = now(), expiredate = excluded.expiredate", keys, done)
	return err
}
