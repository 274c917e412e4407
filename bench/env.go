package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/test/cluster"
)

const partitions = 8

// env has the servers, each started by the first benchmark that needs it.
type env struct {
	flags
	name     string // of the benchmark that runs
	dir      string
	log      *slog.Logger
	postgres func() (*cluster.Postgres, error)
	kafka    func() (*cluster.Kafka, error)
	end      []func() error
	counted  map[int]string // servers by their process, for usage
	before   usage          // at the begin of the run
}

func newEnv(f flags) (*env, error) {
	dir, err := os.MkdirTemp("", "tasktide-bench-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the database server may run as another user
		return nil, err
	}
	if f.profile != "" {
		if err := os.MkdirAll(f.profile, 0o755); err != nil {
			return nil, err
		}
	}
	if f.short {
		f.rounds = 1
	}
	ctx := context.Background()
	e := &env{flags: f, dir: dir, counted: map[int]string{}, log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	e.postgres = sync.OnceValues(func() (*cluster.Postgres, error) {
		p, err := cluster.NewPostgres(ctx, cluster.PostgresOptions{Dir: filepath.Join(dir, "postgres"), Settings: map[string]string{
			"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "30min", "track_activity_query_size": "32768",
		}})
		if err == nil {
			e.end = append(e.end, p.Kill)
			e.counted[p.Process().PID()] = "postgres"
		}
		return p, err
	})
	e.kafka = e.newKafka(ctx, "kafka")
	return e, nil
}

// newKafka is a broker with a folder of its own, started by the first call.
func (e *env) newKafka(ctx context.Context, name string) func() (*cluster.Kafka, error) {
	return sync.OnceValues(func() (*cluster.Kafka, error) {
		k, err := cluster.NewKafka(ctx, cluster.KafkaOptions{Dir: filepath.Join(e.dir, name), JVM: []string{"-Xms512m", "-Xmx1g", "-XX:+UseSerialGC"}})
		if err == nil {
			e.end = append(e.end, k.Kill)
			e.counted[k.Broker(0).Process().PID()] = "kafka"
		}
		return k, err
	})
}

func (e *env) close() error {
	var errs []error
	for _, f := range e.end {
		errs = append(errs, f())
	}
	return errors.Join(append(errs, os.RemoveAll(e.dir))...)
}

// n is how much is done in one run.
func (e *env) n(full int) int {
	if e.short {
		return max(full/10, 1)
	}
	return full
}

// database makes one of its own for a benchmark, migrated, with a plain pool beside our adapter.
func (e *env) database(ctx context.Context) (*sqlstore.DB, *pgxpool.Pool, error) {
	server, err := e.postgres()
	if err != nil {
		return nil, nil, err
	}
	if err := server.CreateDatabase(ctx, e.name); err != nil {
		return nil, nil, err
	}
	db, err := sqlstore.OpenPostgres(server.URL(e.name))
	if err != nil {
		return nil, nil, err
	}
	if _, err := sqlstore.Migrate(ctx, db, sqlstore.Up); err != nil {
		return nil, nil, err
	}
	pool, err := pgxpool.New(ctx, server.URL(e.name))
	return db, pool, err
}

// execute runs statements one after the other, outside of transactions.
func execute(ctx context.Context, pool *pgxpool.Pool, statements ...string) error {
	for _, s := range statements {
		if _, err := pool.Exec(ctx, s, pgx.QueryExecModeExec); err != nil {
			return fmt.Errorf("%.60s: %w", s, err)
		}
	}
	return nil
}

// topic makes a topic that is new.
func (e *env) topic(ctx context.Context, name domain.Topic) (domain.Topic, error) {
	return name, e.topics(ctx, partitions, name)
}

func (e *env) topics(ctx context.Context, partitions int, names ...domain.Topic) error {
	k, err := e.kafka()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := k.CreateTopics(ctx, partitions, string(name)); err != nil {
			return err
		}
	}
	return nil
}

func (e *env) kafkaConfig() (kafka.Config, error) {
	k, err := e.kafka()
	if err != nil {
		return kafka.Config{}, err
	}
	return kafka.Config{Brokers: k.Brokers()}, nil
}

// producer is raw Sarama with the adapter's settings.
func producer() *sarama.Config {
	s := client()
	p := &s.Producer
	p.Idempotent, p.RequiredAcks, s.Net.MaxOpenRequests = true, sarama.WaitForAll, 1
	p.Partitioner = sarama.NewHashPartitioner
	p.Return.Successes, p.Return.Errors = true, true
	p.MaxMessageBytes = 1 << 20
	p.Timeout = 5 * time.Second
	p.Retry.Max, p.Retry.Backoff = 8, 100*time.Millisecond
	return s
}

// consumer is raw Sarama with the adapter's settings.
func consumer() *sarama.Config {
	s := client()
	k := &s.Consumer
	k.Return.Errors = true
	k.Offsets.Initial = sarama.OffsetOldest
	k.Offsets.AutoCommit.Enable, k.Offsets.AutoCommit.Interval = true, 500*time.Millisecond
	k.MaxWaitTime = 250 * time.Millisecond
	k.Group.Session.Timeout, k.Group.Heartbeat.Interval = 10*time.Second, time.Second
	k.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategySticky()}
	return s
}

func client() *sarama.Config {
	s := sarama.NewConfig()
	s.Version = sarama.V2_8_0_0
	return s
}

// produce puts all records on a topic by raw Sarama and returns when they are acknowledged.
func produce(brokers []string, topic domain.Topic, records []record) error {
	p, err := sarama.NewAsyncProducer(brokers, producer())
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	var pumps, answers sync.WaitGroup
	answers.Add(len(records))
	pumps.Go(func() {
		for range p.Successes() {
			answers.Done()
		}
	})
	pumps.Go(func() {
		for err := range p.Errors() {
			answers.Done()
			select {
			case failed <- err:
			default:
			}
		}
	})
	for _, r := range records {
		p.Input() <- &sarama.ProducerMessage{Topic: string(topic), Key: sarama.StringEncoder(r.user), Value: sarama.ByteEncoder(r.body)}
	}
	answers.Wait() // a record that is tried again is refused by a producer that closes
	p.AsyncClose()
	pumps.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// record is an encoded event.
type record struct {
	user string
	body []byte
}

// created makes n events task.created.v1, the users in turns; each is about 700 bytes on the wire, or 1,100 with a
// task of all fields.
func created(n, users int) []domain.Event {
	out := make([]domain.Event, n)
	now := time.Now().UTC().Truncate(time.Microsecond)
	for i := range out {
		e := domain.Event{
			ID: uuid.New(), Time: now, Type: domain.TaskCreatedV1, UserID: userName(i % users), Source: domain.BackendAPI,
			Position: int64(i/users) + 1, CorrelationID: uuid.NewString(),
			TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		}
		id := uuid.Must(uuid.NewV7())
		e.Subject = id.String()
		e.Data = payload(id, e.UserID, now)
		out[i] = e
	}
	return out
}

func userName(i int) string { return fmt.Sprintf("user-%05d-6f1c2b7de9", i) }

func payload(id uuid.UUID, user string, now time.Time) json.RawMessage {
	return tasks.FullPayload(&domain.Task{
		ID: id, UserID: user, Title: "Water the plants", Priority: domain.PriorityMedium, Category: domain.CategoryHome,
		TimeZone: "UTC", Version: 1, CreatedAt: now, UpdatedAt: now,
	})
}

// encoded makes n records of users.
func encoded(n, users int) ([]record, error) {
	out := make([]record, n)
	for i, e := range created(n, users) {
		body, err := domain.EncodeEvent(e)
		if err != nil {
			return nil, err
		}
		out[i] = record{e.UserID, body}
	}
	return out, nil
}

// placeholders replaces $1…$n of a statement.
func placeholders(query string, with func(i int) string, n int) string {
	for i := n; i >= 1; i-- { // from the last: $1 is a part of $12
		query = strings.ReplaceAll(query, fmt.Sprintf("$%d", i), with(i))
	}
	return query
}
