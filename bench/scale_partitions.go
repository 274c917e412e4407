package main

import (
	"context"
	"fmt"
	"time"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/audit"
	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// sweepPartitions gives each number of partitions a new broker, since topics only grow.
func sweepPartitions(ctx context.Context, e *env, report report) error {
	db, pool, err := e.database(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	defer func() { _ = db.Close() }()
	raw, err := insertOne(ctx, pool)
	if err != nil {
		return err
	}
	before := e.kafka
	defer func() { e.kafka = before }()
	for _, n := range []int{1, 4, 16, 64} {
		if err := execute(ctx, pool, "TRUNCATE tasks, user_streams, events, outbox, relay_leases, relay_members, audit_logs, dapr_state", "CHECKPOINT"); err != nil {
			return err
		}
		e.kafka = e.newKafka(ctx, fmt.Sprintf("kafka-%d", n))
		if err := partitioned(ctx, e, db, n, raw, report); err != nil {
			return fmt.Errorf("%d partitions: %w", n, err)
		}
		k, err := e.kafka()
		if err != nil {
			return err
		}
		if err := k.Stop(); err != nil {
			return err
		}
	}
	return nil
}

func partitioned(ctx context.Context, e *env, db *sqlstore.DB, n int, raw reference, report report) error {
	if err := e.topics(ctx, n, domain.TaskCreated, domain.TaskUpdates); err != nil {
		return err
	}
	f, err := auditBacklog(ctx, e, db, raw)
	if err != nil {
		return err
	}
	report(n, f)
	cfg, err := e.kafkaConfig()
	if err != nil {
		return err
	}
	p := kafka.NewPublisher(cfg, e.log)
	if err := p.Start(ctx); err != nil {
		return err
	}
	defer func() { _ = p.Stop(context.WithoutCancel(ctx)) }()
	if f, err = follow(ctx, e, db, p, func(i int) string { return userName(i * 7919 % 5000) }, raw); err != nil {
		return err
	}
	report(n, f)
	return nil
}

// auditBacklog has a backlog audited by one member of the group. The reference is of the database: a bare consumer, which is
// in the note, is itself faster with more partitions.
func auditBacklog(ctx context.Context, e *env, db *sqlstore.DB, raw reference) (figure, error) {
	f := figure{what: "a backlog is audited", beside: raw.name}
	cfg, err := e.kafkaConfig()
	if err != nil {
		return f, err
	}
	records, err := encoded(e.n(60_000), 5000)
	if err != nil {
		return f, err
	}
	if err := produce(cfg.Brokers, domain.TaskUpdates, records); err != nil {
		return f, err
	}
	bare := newMeter(len(records))
	if err := rawConsume(ctx, cfg.Brokers, domain.TaskUpdates, bare); err != nil {
		return f, err
	}
	c := delivery.NewConsumer(string(domain.AuditService), audit.NewRecorder(sqlstore.NewAudit(db)).Handle, delivery.Deps{
		State: sqlstore.NewState(db), Letters: sqlstore.NewDeadLetters(db), Clock: memory.Clock{}, Probe: db.Ping, Log: e.log,
	}, delivery.Options{})
	m := newMeter(len(records))
	joining := time.Now()
	err = subscribed(ctx, kafka.NewSubscriber(cfg, e.log), domain.TaskUpdates, func(ctx context.Context, msg ports.Message) ports.Answer {
		a := c.Handle(ctx, msg)
		if !a.Again {
			m.one()
		}
		return a
	}, m.all)
	if s := c.Stats(); err == nil && s.Handled != int64(len(records)) {
		return f, fmt.Errorf("not every event was handled once: %+v", s)
	}
	if err != nil {
		return f, err
	}
	f.n, f.within = len(records), m.end.Sub(m.begin)
	f.note = fmt.Sprintf("; the first %.1f s after the start of the group; a bare consumer %.0f/s", m.begin.Sub(joining).Seconds(), bare.outcome().rate)
	f.raw, err = raw.takes(ctx, e)
	return f, err
}
