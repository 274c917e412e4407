package upgrade

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
)

func TestEveryStoredSQLiteDatabaseIsMigratedAndLosesNothing(t *testing.T) {
	t.Parallel()
	for _, v := range versions(t, "sqlite") {
		t.Run(fmt.Sprintf("%04d", v), func(t *testing.T) {
			t.Parallel()
			upgrade(t, storedSQLite(t, v), v)
		})
	}
}

func TestEveryStoredPostgreSQLDatabaseIsMigratedAndLosesNothing(t *testing.T) {
	t.Parallel()
	server := startPostgres(t)
	for _, v := range versions(t, "postgres") {
		t.Run(fmt.Sprintf("%04d", v), func(t *testing.T) { upgrade(t, storedPostgres(t, server, v), v) })
	}
}

// upgrade migrates, then compares every row of before column by column, and what the
// stores read with what was stored.
func upgrade(t *testing.T, address string, version int64) {
	raw := connect(t, address)
	before := tables(t, raw, address, nil)
	if n := len(before["tasks"].rows); n != 13 {
		t.Fatalf("%d tasks are stored", n)
	}
	db, err := sqlstore.Open(sqlstore.Config{URL: address, IndexFrom: 1})
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	for range 2 { // the second time there is nothing to do
		_, err = sqlstore.Migrate(t.Context(), db, sqlstore.Up)
		must(t, err)
		must(t, sqlstore.CheckSchema(t.Context(), db))
	}
	after := tables(t, raw, address, before)
	for name, b := range before {
		if name != "goose_db_version" && !reflect.DeepEqual(b.rows, after[name].rows) {
			t.Errorf("%s was:\n%s\nis:\n%s", name, strings.Join(b.rows, "\n"), strings.Join(after[name].rows, "\n"))
		}
	}
	want := data().asOf(version)
	readTasks(t, db, want)
	readStreams(t, db, want)
	readRest(t, db, want)
	change(t, db, want)
}

// contents is a table: its columns, and its rows as text.
type contents struct {
	columns []string
	rows    []string
}

// tables reads all tables, by the columns that they had in like, if that is given.
func tables(t *testing.T, raw *sql.DB, address string, like map[string]contents) map[string]contents {
	t.Helper()
	list := "SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.name NOT LIKE 'task_words%' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
	if databaseOf(address) != "" && !strings.HasPrefix(address, "sqlite:") {
		list = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
	}
	out := map[string]contents{}
	if like != nil {
		out = maps.Clone(like)
	} else {
		for _, r := range query(t, raw, list, 2) {
			name, column, _ := strings.Cut(r, " | ")
			c := out[name]
			c.columns = append(c.columns, column)
			out[name] = c
		}
	}
	for name, c := range out {
		if name == "tasks" { // the index of words fills itself
			c.columns = slices.DeleteFunc(slices.Clone(c.columns), func(s string) bool { return s == "doc" })
		}
		var as []string
		for _, column := range c.columns {
			as = append(as, "CAST("+column+" AS text)")
		}
		c.rows = query(t, raw, "SELECT "+strings.Join(as, ", ")+" FROM "+name, len(as))
		slices.Sort(c.rows)
		out[name] = c
	}
	return out
}

func query(t *testing.T, raw *sql.DB, text string, columns int) (out []string) {
	t.Helper()
	rows, err := raw.QueryContext(t.Context(), text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	for rows.Next() {
		values := make([]sql.NullString, columns)
		into := make([]any, columns)
		for i := range values {
			into[i] = &values[i]
		}
		must(t, rows.Scan(into...))
		var line []string
		for _, v := range values {
			if !v.Valid {
				v.String = "NULL"
			}
			line = append(line, v.String)
		}
		out = append(out, strings.Join(line, " | "))
	}
	must(t, rows.Err())
	return out
}

func equal(t *testing.T, what string, want, got any) {
	t.Helper()
	w, err := json.MarshalIndent(want, "", " ")
	must(t, err)
	g, err := json.MarshalIndent(got, "", " ")
	must(t, err)
	if string(w) != string(g) {
		t.Errorf("%s:\nwant %s\ngot  %s", what, w, g)
	}
}

func readTasks(t *testing.T, db *sqlstore.DB, want content) {
	t.Helper()
	tasks := sqlstore.NewTasks(db)
	for _, user := range []string{ada, grace} {
		var own []domain.Task
		for _, x := range want.tasks {
			if x.UserID != user {
				continue
			}
			own = append(own, x)
			got, err := tasks.Get(t.Context(), user, x.ID)
			must(t, err)
			equal(t, "task", x, got)
		}
		for _, q := range []domain.TaskQuery{{Ascending: true}, {Search: "GRÖẞE", Ascending: true}, {Search: "größe", Ascending: true, Limit: 500}} {
			list, err := tasks.List(t.Context(), user, q)
			must(t, err)
			equal(t, fmt.Sprintf("list %+v", q), own, list.Tasks)
			if q.Search == "GRÖẞE" && len(list.Tasks) != len(own) {
				t.Errorf("%d found", len(list.Tasks))
			}
		}
		counts, err := tasks.Count(t.Context(), user)
		if err != nil || counts.Total != int64(len(own)) {
			t.Errorf("%s has %+v, %v", user, counts, err)
		}
	}
}

func readStreams(t *testing.T, db *sqlstore.DB, want content) {
	t.Helper()
	for _, user := range []string{ada, grace} {
		var own []domain.Event
		for _, e := range want.events {
			if e.UserID == user {
				own = append(own, e)
			}
		}
		got, head, err := sqlstore.NewStreams(db).After(t.Context(), user, 0, 1000)
		must(t, err)
		equal(t, "events", own, got)
		if head.Value != int64(len(own)) {
			t.Errorf("%s is at %d", user, head.Value)
		}
	}
	outbox := sqlstore.NewOutbox(db)
	lease, err := outbox.Lease(t.Context(), domain.BackendAPI, "test", domain.Shards, time.Minute, nil)
	must(t, err)
	heads, err := outbox.Heads(t.Context(), lease, 100)
	must(t, err)
	var pending []domain.Event
	for _, h := range heads {
		pending = append(pending, h.Event)
	}
	slices.SortFunc(pending, func(a, b domain.Event) int { return a.Time.Compare(b.Time) })
	slices.SortFunc(want.pending, func(a, b domain.Event) int { return a.Time.Compare(b.Time) })
	equal(t, "what waits to be published", want.pending, pending)
}

func readRest(t *testing.T, db *sqlstore.DB, want content) {
	t.Helper()
	var trail []domain.AuditEntry
	for _, user := range []string{grace, ada} {
		got, err := sqlstore.NewAudit(db).List(t.Context(), user, domain.AuditQuery{Limit: 500})
		must(t, err)
		slices.Reverse(got)
		trail = append(trail, got...)
	}
	slices.SortStableFunc(trail, func(a, b domain.AuditEntry) int { return a.Time.Compare(b.Time) })
	slices.SortStableFunc(want.audit, func(a, b domain.AuditEntry) int { return a.Time.Compare(b.Time) })
	equal(t, "audit trail", want.audit, trail)

	letters, err := sqlstore.NewDeadLetters(db).Find(t.Context(), domain.DeadLetterQuery{})
	must(t, err)
	if want.letter.ID != "" {
		equal(t, "dead letters", []domain.DeadLetter{want.letter}, letters)
	}
	for key, value := range want.state {
		got, err := sqlstore.NewState(db).Get(t.Context(), key)
		must(t, err)
		if len(got) != 1 || compact(t, got[0].Value) != compact(t, []byte(value)) {
			t.Errorf("%s is %v", key, got)
		}
	}
	notes, err := sqlstore.NewNotifications(db).List(t.Context(), ada, domain.NotificationQuery{Limit: 100})
	must(t, err)
	slices.Reverse(notes)
	equal(t, "notifications", append([]domain.Notification{}, want.notes...), append([]domain.Notification{}, notes...))
	prefs, err := sqlstore.NewPreferences(db).Get(t.Context(), ada)
	must(t, err)
	equal(t, "preferences", want.prefs, prefs)
	if want.account.ID == "" {
		return
	}
	identity := sqlstore.NewIdentity(db)
	account, err := identity.ByEmail(t.Context(), want.account.EmailKey)
	must(t, err)
	equal(t, "account", want.account, account)
	sessions, err := identity.Sessions(t.Context(), ada, at(10))
	must(t, err)
	equal(t, "sessions", []domain.AccountSession{want.session}, sessions)
	keys, err := identity.Keys(t.Context())
	must(t, err)
	equal(t, "signing keys", []domain.SigningKey{want.signing}, keys)
}

func compact(t *testing.T, b []byte) string {
	t.Helper()
	var v any
	must(t, json.Unmarshal(b, &v))
	out, err := json.Marshal(v)
	must(t, err)
	return string(out)
}

// change shows that what was migrated can be worked with: positions go on.
func change(t *testing.T, db *sqlstore.DB, want content) {
	t.Helper()
	x := want.tasks[0]
	x.Title, x.Version = "changed since", x.Version+1
	e := domain.Event{ID: id("event", 1000), Time: at(100), Type: domain.TaskUpdatedV1, UserID: ada, Source: domain.BackendAPI, Subject: x.ID.String(), Data: []byte(`{}`)}
	position, err := sqlstore.NewTasks(db).Update(t.Context(), x, e)
	must(t, err)
	if position != 8 {
		t.Errorf("the change has position %d", position)
	}
	list, err := sqlstore.NewTasks(db).List(t.Context(), ada, domain.TaskQuery{Search: "changed SINCE"})
	must(t, err)
	if len(list.Tasks) != 1 || list.Tasks[0].ID != x.ID {
		t.Errorf("the changed task is not found: %v", list.Tasks)
	}
	if _, err := sqlstore.NewTasks(db).Get(t.Context(), grace, x.ID); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("another user's: %v", err)
	}
}
