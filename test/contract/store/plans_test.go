package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/migrations"
	"github.com/tasktide/tasktide/ports"
)

const (
	planUsers  = 300
	planEvents = 100 // of each user; one of them is pending
	planReads  = 20  // of 256 heads: some walk, some sweep
)

// The relay's and the state's statements are planned once for each connection. The
// first calls find empty tables; what they leave to later calls must not read a
// user's whole stream, or a whole table, for each row.
func TestPlansMadeOfEmptyTablesReadLittleOfFullOnes(t *testing.T) {
	t.Parallel()
	made, address := server.database(t, "")
	t.Cleanup(func() { server.exec(t, "DROP DATABASE "+made+" WITH (FORCE)") })
	db := open(t, address)
	migrate(t, db, migrations.FS)
	admin := connect(t, address)
	for _, table := range []string{"events", "outbox", "dapr_state"} { // new statistics would have everything planned anew
		adminExec(t, admin, "ALTER TABLE "+table+" SET (autovacuum_enabled = off)")
	}

	used := sqlstore.NewOutbox(db)
	state := sqlstore.NewState(db)
	held, err := used.Lease(t.Context(), domain.BackendAPI, "me", domain.Shards, time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	heads(t, used, held, 0)
	settle(t, used, held, domain.Pending{Event: domain.Event{UserID: "nobody", Position: 1}})
	useState(t, state, "empty")
	pend(t, admin, 1, 1)
	settle(t, used, held, heads(t, used, held, 256)...) // a backlog: the next read sweeps
	adminExec(t, admin, "DELETE FROM outbox")
	heads(t, used, held, 0)

	pend(t, admin, 2, planEvents)
	adminExec(t, admin, `INSERT INTO dapr_state (key, value, isbinary) SELECT 'old-' || i, '{}', false FROM generate_series(1, 100000) AS i`)
	before := tuplesRead(t, admin)
	for range planReads {
		heads(t, used, held, 256)
	}
	settle(t, used, held, heads(t, used, held, 256)...)
	useState(t, state, "full")
	if err := db.Close(); err != nil { // its connections report what they read at their end
		t.Fatal(err)
	}
	waitAlone(t, admin)
	if n, most := tuplesRead(t, admin)-before, int64(10*256*(planReads+2)); n > most {
		t.Errorf("%d rows were read, want at most %d", n, most)
	}
}

// Every backend-api looks for what is too old every ten minutes, and mostly nothing is: that must not read what is kept.
// Nor must the changes of one task be looked for among all of its user's.
func TestWhatIsKeptIsNotReadToFindWhatIsTooOld(t *testing.T) {
	t.Parallel()
	made, address := server.database(t, "")
	t.Cleanup(func() { server.exec(t, "DROP DATABASE "+made+" WITH (FORCE)") })
	db := open(t, address)
	migrate(t, db, migrations.FS)
	admin, filler := connect(t, address), connect(t, address)
	pend(t, filler, 1, 30)
	adminExec(t, filler, "UPDATE events SET time = now() - interval '40 days'")
	adminExec(t, filler, "VACUUM FULL events")
	pend(t, filler, 31, planEvents)
	adminExec(t, filler, `INSERT INTO dapr_state (key, value, isbinary, expiredate) SELECT 'kept-' || i, '{}', false, now() + interval '14 days' FROM generate_series(1, 20000) AS i`)
	adminExec(t, filler, `INSERT INTO notifications (user_id, id, task_id, type, message, reminder_at, read, created_at)
SELECT 'u', gen_random_uuid(), gen_random_uuid(), 'reminder', '', now(), false, now() FROM generate_series(1, 20000)`)
	adminExec(t, filler, `INSERT INTO audit_logs (user_id, id, position, event_type, entity_type, entity_id, data, created_at)
SELECT 'u', gen_random_uuid(), i, 'updated', 'task', 'task-' || i / 10, '{}', now() FROM generate_series(0, 19999) AS i`)
	// Room that was emptied and filled again is of two times.
	adminExec(t, filler, "DELETE FROM events WHERE position <= 30")
	adminExec(t, filler, "DELETE FROM outbox")
	adminExec(t, filler, "VACUUM ANALYZE")
	pend(t, filler, planEvents+31, 30)
	if err := errors.Join(filler.Close(t.Context()), db.Close()); err != nil { // what they read is told at their end
		t.Fatal(err)
	}
	waitAlone(t, admin)
	db = open(t, address)
	before := tuplesRead(t, admin)
	old := time.Now().Add(-time.Hour)
	for range 20 {
		events, err1 := sqlstore.NewStreams(db).DeleteEventsBefore(t.Context(), old, 1000)
		notes, err2 := sqlstore.NewNotifications(db).DeleteBefore(t.Context(), old, 1000)
		records, err3 := sqlstore.NewState(db).DeleteExpired(t.Context(), old, 1000)
		trail, err4 := sqlstore.NewAudit(db).List(t.Context(), "u", domain.AuditQuery{EntityType: "task", EntityID: "task-3", Limit: 100})
		if err := errors.Join(err1, err2, err3, err4); err != nil || events+notes+records != 0 || len(trail) != 10 {
			t.Fatalf("deleted %d events, %d notifications, %d records, read %d changes, %v", events, notes, records, len(trail), err)
		}
	}
	if err := db.Close(); err != nil { // its connections report what they read at their end
		t.Fatal(err)
	}
	waitAlone(t, admin)
	if n := tuplesRead(t, admin) - before; n > 5000 {
		t.Errorf("%d rows were read, want a few for each of 80 statements", n)
	}
}

func adminExec(t *testing.T, c *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := c.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// pend gives each user events from a position on, of which the first is pending.
func pend(t *testing.T, c *pgx.Conn, from, n int) {
	t.Helper()
	var users []string
	var shards []int
	for i := range planUsers {
		user := fmt.Sprintf("user-%03d", i)
		users, shards = append(users, user), append(shards, domain.ShardOf(user))
	}
	adminExec(t, c, `INSERT INTO events (user_id, position, event_id, time, event_type, correlation_id, source, subject, traceparent, data)
SELECT u, p, gen_random_uuid(), now(), 'task.created.v1', '', 'backend-api', '', '', '{}'
FROM unnest($1::text[]) AS u, generate_series($2::int, $2::int + $3::int - 1) AS p`, users, from, n)
	adminExec(t, c, `INSERT INTO outbox (user_id, position, publisher, shard, topic)
SELECT u, $3, 'backend-api', s, 'task-created' FROM unnest($1::text[], $2::smallint[]) AS x(u, s)`, users, shards, from)
}

func heads(t *testing.T, o ports.Outbox, l domain.Lease, want int) []domain.Pending {
	t.Helper()
	got, err := o.Heads(t.Context(), l, 256)
	if err != nil || len(got) != want {
		t.Fatalf("%d heads, want %d, %v", len(got), want, err)
	}
	return got
}

func settle(t *testing.T, o ports.Outbox, l domain.Lease, p ...domain.Pending) {
	t.Helper()
	if err := o.Settle(t.Context(), l, p...); err != nil {
		t.Fatal(err)
	}
}

// useState makes every statement of the state run.
func useState(t *testing.T, s ports.StateStore, name string) {
	t.Helper()
	key, value := name+"-key", []byte(`{"a":1}`)
	put := func(i ports.Item) {
		t.Helper()
		if err := s.Put(t.Context(), i)[0]; err != nil {
			t.Fatal(err)
		}
	}
	put(ports.Item{Key: key, Value: value, Mode: ports.IfAbsent, TTL: time.Hour})
	got, err := s.Get(t.Context(), key)
	if err != nil || len(got) != 1 {
		t.Fatalf("%d entries, %v", len(got), err)
	}
	put(ports.Item{Key: key, Value: value, Mode: ports.IfMatch, ETag: got[0].ETag, TTL: time.Hour})
	put(ports.Item{Key: key, Value: value, Mode: ports.Any})
}

func tuplesRead(t *testing.T, c *pgx.Conn) (n int64) {
	t.Helper()
	err := c.QueryRow(t.Context(), `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables
WHERE relname IN ('events', 'outbox', 'dapr_state', 'notifications', 'audit_logs')`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// waitAlone returns when nobody else is connected to the database.
func waitAlone(t *testing.T, c *pgx.Conn) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var others int
		err := c.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`).Scan(&others)
		if err != nil {
			t.Fatal(err)
		}
		if others == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are left", others)
		}
	}
}
