package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/outbox"
	"github.com/tasktide/tasktide/ports"
)

// offered is how many tasks a second are created, whether or not the ones before are through: an open loop. A system
// that can't keep up shows it in its latency, which a closed loop would hide.
const offered = 5000

// deliveredMemory is the one-binary mode: SQLite, the relay, the memory bus, a durable group with its state in SQLite.
func deliveredMemory(ctx context.Context, e *env) (result, error) {
	db, err := sqlstore.OpenSQLite(filepath.Join(e.dir, "delivered.db"))
	if err != nil {
		return result{}, err
	}
	defer func() { _ = db.Close() }()
	if _, err := sqlstore.Migrate(ctx, db, sqlstore.Up); err != nil {
		return result{}, err
	}
	bus := memory.NewBus(memory.Clock{}, 0)
	bus.Declare(auditOf(domain.TaskCreated))
	return delivered(ctx, e, db, bus, bus)
}

// deliveredKafka is the direct mode: PostgreSQL, the relay, Kafka, a durable group with its state in PostgreSQL.
func deliveredKafka(ctx context.Context, e *env) (result, error) {
	db, pool, err := e.database(ctx)
	if err != nil {
		return result{}, err
	}
	pool.Close()
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
	return delivered(ctx, e, db, p, kafka.NewSubscriber(cfg, e.log))
}

func auditOf(t domain.Topic) ports.Subscription {
	return ports.Subscription{Group: string(domain.AuditService), Topics: []domain.Topic{t}, Drain: 5 * time.Second}
}

// trace is when the i-th task was to be created, was committed, and was handled, in nanoseconds of the run.
type trace struct{ due, committed, handled atomic.Int64 }

// stream is an open loop of creates, and how far each of them is.
type stream struct {
	rate   int // a second
	user   func(i int) string
	traces []trace
	began  time.Time
	left   atomic.Int64
	all    chan struct{} // closed when the last was handled
}

func newStream(rate, n int, user func(i int) string) *stream {
	s := &stream{rate: rate, user: user, traces: make([]trace, n), all: make(chan struct{})}
	s.left.Store(int64(n))
	return s
}

// handled notes an event that a group was given.
func (s *stream) handled(ev domain.Event) error {
	i := number(ev.CorrelationID)
	if i < 0 {
		return nil
	}
	if s.traces[i].handled.CompareAndSwap(0, int64(time.Since(s.began))) && s.left.Add(-1) == 0 {
		close(s.all)
	}
	return nil
}

// number is negative for those of a benchmark before, in the same topic, as for the first ones, which bring everything up.
func number(id string) int {
	if i, err := strconv.Atoi(id); err == nil {
		return i
	}
	return -1
}

// end waits until all are handled.
func (s *stream) end(ctx context.Context) error {
	select {
	case <-s.all:
		return nil
	case <-time.After(60 * time.Second):
		return fmt.Errorf("%d of %d events were not delivered within a minute", s.left.Load(), len(s.traces))
	case <-ctx.Done():
		return ctx.Err()
	}
}

// spans are how long each took from its time to its commit, and from there to its handler.
func (s *stream) spans() (commit, delivery []time.Duration) {
	for i := range s.traces {
		t := &s.traces[i]
		commit = append(commit, time.Duration(t.committed.Load()-t.due.Load()))
		delivery = append(delivery, max(0, time.Duration(t.handled.Load()-t.committed.Load())))
	}
	return commit, delivery
}

func delivered(ctx context.Context, e *env, db *sqlstore.DB, p ports.Publisher, s ports.Subscriber) (result, error) {
	seconds := 10
	if e.short {
		seconds = 2
	}
	load := newStream(offered, offered*seconds, func(i int) string { return userName(i * 7919 % 5000) })
	run := newRun(e, db, func(_ context.Context, ev domain.Event) error { return load.handled(ev) })
	stop := run.start(ctx, p, s)
	defer stop()
	if err := run.warm(ctx); err != nil {
		return result{}, err
	}
	before := e.usage()
	late, err := run.offer(ctx, load)
	if err != nil {
		return result{}, err
	}
	if err := load.end(ctx); err != nil {
		return result{}, err
	}
	n := float64(len(load.traces))
	took := time.Since(load.began)
	commit, delivery := load.spans()
	r := result{ours: n / took.Seconds(), raw: offered, goal: "commit → delivered p99 < 10 ms; the reference is what is offered", spread: "1"}
	r.ratio = r.ours / r.raw
	r.notes = []string{
		"commit → delivered " + quantiles(delivery), "due → committed " + quantiles(commit),
		fmt.Sprintf("the generator was late by at most %.1f ms", ms(late)),
		"processor time each: " + e.usage().since(before, n).text,
	}
	return r, nil
}

func quantiles(d []time.Duration) string {
	slices.Sort(d)
	at := func(q int) float64 { return ms(d[min(len(d)*q/1000, len(d)-1)]) }
	return fmt.Sprintf("p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, p99.9 %.1f ms", at(500), at(900), at(990), at(999))
}

// pipeline is a writer, the relay and a consumer that run together.
type pipeline struct {
	tasks    *sqlstore.Tasks
	relay    *outbox.Relay
	consumer *delivery.Consumer
	db       *sqlstore.DB
	log      *slog.Logger
}

func newRun(e *env, db *sqlstore.DB, effect delivery.Handler) *pipeline {
	return &pipeline{
		db: db, log: e.log, tasks: sqlstore.NewTasks(db),
		consumer: delivery.NewConsumer(string(domain.AuditService), effect, delivery.Deps{
			State: sqlstore.NewState(db), Letters: sqlstore.NewDeadLetters(db), Clock: memory.Clock{}, Probe: db.Ping, Log: e.log,
		}, delivery.Options{}),
	}
}

func (l *pipeline) start(ctx context.Context, p ports.Publisher, s ports.Subscriber) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	l.relay = outbox.NewRelay(domain.BackendAPI, sqlstore.NewOutbox(l.db, domain.BackendAPI), p, memory.Clock{}, l.log, outbox.Options{})
	var running sync.WaitGroup
	running.Go(func() { l.relay.Run(ctx) })
	running.Go(func() { _ = l.db.Run(ctx) })
	running.Go(func() { _ = s.Subscribe(ctx, auditOf(domain.TaskCreated), l.consumer.Handle) })
	return func() { cancel(); running.Wait() }
}

// warm returns when the first events went all the way, within a minute.
func (l *pipeline) warm(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("the first events did not get through within a minute"))
	defer cancel()
	for i := range 200 {
		if err := l.create(ctx, userName(i), -1); err != nil {
			return err
		}
	}
	for l.consumer.Stats().Handled < 200 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

func (l *pipeline) create(ctx context.Context, name string, number int) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	id := uuid.Must(uuid.NewV7())
	t := domain.Task{
		ID: id, UserID: name, Title: "Water the plants", Priority: domain.PriorityMedium, Category: domain.CategoryHome,
		Tags: []string{}, TimeZone: "UTC", Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	_, err := l.tasks.Create(ctx, t, domain.Event{
		ID: uuid.New(), Time: now, Type: domain.TaskCreatedV1, UserID: name, Source: domain.BackendAPI, Subject: id.String(),
		CorrelationID: strconv.Itoa(number), Data: payload(id, name, now),
	})
	return err
}

// offer creates tasks at their times, each in a goroutine of its own, and returns how late it was itself at worst.
func (l *pipeline) offer(ctx context.Context, s *stream) (late time.Duration, err error) {
	var writers sync.WaitGroup
	failed := make(chan error, 1)
	s.began = time.Now()
	for i := range s.traces {
		due := time.Duration(i) * time.Second / time.Duration(s.rate)
		if wait := due - time.Since(s.began); wait > 0 {
			time.Sleep(wait)
		}
		late = max(late, time.Since(s.began)-due)
		s.traces[i].due.Store(int64(due))
		writers.Go(func() {
			if err := l.create(ctx, s.user(i), i); err != nil {
				select {
				case failed <- err:
				default:
				}
			}
			s.traces[i].committed.Store(int64(time.Since(s.began)))
		})
	}
	writers.Wait()
	select {
	case err = <-failed:
	default:
	}
	return late, err
}
