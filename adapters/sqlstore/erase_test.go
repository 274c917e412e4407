package sqlstore

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tasktide/tasktide/core/domain"
)

// What each table of the schema is to a user. A new table fails the test below until
// it is named here, erased and exported.
const (
	exported = "erased and exported"
	erased   = "erased"                                       // has nothing that another table does not say
	stays    = "stays, and is exported"                       // positions must never repeat
	nobodys  = "nobody's: no row of it belongs to one user"   // or can be told to
	derived  = "written and wiped by triggers with its tasks" // words of theirs
)

func tablesOf() map[string]string {
	return map[string]string{
		"tasks": exported, "events": exported, "audit_logs": exported, "notifications": exported, "preferences": exported,
		"idempotency_keys": exported, "dead_letters": exported, "outbox": erased, "user_streams": stays,
		"accounts": exported, "sessions": exported, "sign_up_codes": nobodys, "signing_keys": nobodys,
		"stream_epoch": nobodys, "relay_leases": nobodys, "relay_members": nobodys, "dapr_state": nobodys, "dapr_metadata": nobodys, "goose_db_version": nobodys,
		"task_words": derived, "task_words_config": derived, "task_words_data": derived, "task_words_docsize": derived, "task_words_idx": derived,
		"sqlite_sequence": nobodys, "sqlite_stat1": nobodys, "sqlite_stat4": nobodys,
	}
}

// TestErasingAndExportingKnowEveryTable watches the statements of both.
func TestErasingAndExportingKnowEveryTable(t *testing.T) {
	t.Parallel()
	db, err := OpenSQLite(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := Migrate(t.Context(), db, Up); err != nil {
		t.Fatal(err)
	}
	wiped, read := &spy{}, &spy{conn: db.pool()}
	err = db.write(t.Context(), func(_ context.Context, c conn) error {
		wiped.conn = c
		_, err := NewUsers(db).erase(t.Context(), wiped, "u")
		return err
	})
	if err == nil {
		err = NewUsers(db).export(t.Context(), read, "u", domain.UserData{Account: func(domain.Position, *domain.Preferences) error { return nil }})
	}
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.pool().QueryContext(t.Context(), `SELECT m.name, coalesce((SELECT 1 FROM pragma_table_info(m.name) AS c WHERE c.name = 'user_id'), 0)
FROM sqlite_master AS m WHERE m.type = 'table'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	seen := 0
	for rows.Next() {
		var name string
		var owned bool
		if err := rows.Scan(&name, &owned); err != nil {
			t.Fatal(err)
		}
		seen++
		what := tablesOf()[name]
		if what == "" {
			t.Errorf("%s is new: say in tablesOf what it is to a user, and erase and export it if it is a user's", name)
		}
		if owned && (what == nobodys || what == derived) {
			t.Errorf("%s has a user_id and is %s", name, what)
		}
		if want := what == exported || what == erased; wiped.deletes(name) != want {
			t.Errorf("%s is %s; erasing deletes from it: %t", name, what, !want)
		}
		if want := what == exported || what == stays || name == "stream_epoch"; read.selects(name) != want {
			t.Errorf("%s is %s; exporting reads it: %t", name, what, !want)
		}
	}
	if seen < 12 {
		t.Fatalf("only %d tables", seen)
	}
}

// spy notes the statements.
type spy struct {
	conn
	statements []string
}

func (s *spy) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s.statements = append(s.statements, query)
	return s.conn.ExecContext(ctx, query, args...)
}

func (s *spy) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s.statements = append(s.statements, query)
	return s.conn.QueryContext(ctx, query, args...)
}

func (s *spy) deletes(table string) bool { return s.any("DELETE FROM " + table + " ") }

func (s *spy) selects(table string) bool { return s.any("FROM "+table+" ") || s.any("JOIN "+table+" ") }

func (s *spy) any(part string) bool {
	return slices.ContainsFunc(s.statements, func(q string) bool { return strings.Contains(q, part) })
}
