package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/migrations"
	"github.com/tasktide/tasktide/test/contract/store"
)

func erasable(db *sqlstore.DB) store.Erasable {
	tasks := sqlstore.NewTasks(db)
	return store.Erasable{
		Users: store.Users{Tasks: tasksOf(db), Counts: tasks, Preferences: sqlstore.NewPreferences(db)},
		Once:  tasks, Caused: tasks, Audit: sqlstore.NewAudit(db), Letters: sqlstore.NewDeadLetters(db), Due: sqlstore.NewReminders(db), Notes: sqlstore.NewNotifications(db),
		Eraser: sqlstore.NewUsers(db), Exporter: sqlstore.NewUsers(db),
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		store.RunErase(t, func(*testing.T) store.Erasable { return erasable(db) })
	})
}

// A trigger holds statements up that have begun, and have looked for the mark, before
// the erasure: it must wait for them and remove what they write.
func TestErasingWaitsForEffectsThatHaveBegun(t *testing.T) {
	t.Parallel()
	name, address := server.database(t, "")
	t.Cleanup(func() { server.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	db, raw := open(t, address), open(t, address)
	migrate(t, db, migrations.FS)
	for _, q := range []string{
		"CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END $$",
		"CREATE TRIGGER slow BEFORE INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION slow()",
		"CREATE TRIGGER slow BEFORE INSERT ON dead_letters FOR EACH ROW EXECUTE FUNCTION slow()",
		"CREATE TRIGGER slow BEFORE INSERT ON tasks FOR EACH ROW WHEN (NEW.parent_task_id IS NOT NULL) EXECUTE FUNCTION slow()",
	} {
		exec(t, address, q)
	}
	s := erasable(db)
	late := erasable(raw)
	now := time.Now()
	for range 3 {
		createOne(t, sqlstore.NewTasks(db))
	}
	events, _, err := s.Streams.After(t.Context(), "u", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error, 2*len(events)+1)
	go func() {
		next, e := task()
		next.ParentTaskID = &next.ID
		_, err := late.Caused.CreateCaused(t.Context(), 1, next, e)
		started <- err
	}()
	for i, e := range events {
		go func() {
			started <- late.Audit.Append(t.Context(), domain.AuditEntry{ID: e.ID, UserID: "u", Position: e.Position, Time: now, Data: []byte("{}")})
		}()
		go func() {
			started <- late.Letters.Keep(t.Context(), domain.DeadLetter{ID: fmt.Sprint(i), UserID: "u", Position: e.Position, EventID: uuid.NewString(), FirstFailed: now, LastFailed: now})
		}()
	}
	waitFor(t, address, "SELECT count(*) > 4 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()")
	if _, err := s.Eraser.Erase(t.Context(), "u"); err != nil {
		t.Fatal(err)
	}
	for range cap(started) {
		if err := <-started; err != nil {
			t.Error(err)
		}
	}
	trail, err := s.Audit.List(t.Context(), "u", domain.AuditQuery{Limit: 10})
	letters, err2 := s.Letters.Find(t.Context(), domain.DeadLetterQuery{})
	n, err3 := s.Counts.Count(t.Context(), "u")
	if err := errors.Join(err, err2, err3); err != nil || len(trail)+len(letters) != 0 || n.Total != 0 {
		t.Errorf("left are %d entries, %d letters, %d tasks; %v", len(trail), len(letters), n.Total, err)
	}
}
