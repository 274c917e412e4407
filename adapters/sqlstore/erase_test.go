package sqlstore

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// kept have a user_id and stay: positions must never repeat.
var kept = []string{"user_streams"}

// TestErasingKnowsEveryTableWithAUser watches the statements of an erasure.
func TestErasingKnowsEveryTableWithAUser(t *testing.T) {
	t.Parallel()
	db, err := OpenSQLite(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := Migrate(t.Context(), db, Up); err != nil {
		t.Fatal(err)
	}
	rows, err := db.pool().QueryContext(t.Context(), `SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c
WHERE m.type = 'table' AND c.name = 'user_id' ORDER BY m.name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if len(tables) < 8 {
		t.Fatalf("only %v", tables)
	}
	var wiped []string
	err = db.write(t.Context(), func(_ context.Context, c conn) error {
		spy := &spy{conn: c}
		_, err := NewUsers(db).erase(t.Context(), spy, "u")
		wiped = spy.deleted
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tables {
		if !slices.Contains(wiped, name) && !slices.Contains(kept, name) {
			t.Errorf("%s has a user_id and is not erased: %s", name, strings.Join(wiped, " "))
		}
	}
}

// spy notes from which tables is deleted.
type spy struct {
	conn
	deleted []string
}

func (s *spy) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if table, ok := strings.CutPrefix(query, "DELETE FROM "); ok {
		table, _, _ = strings.Cut(table, " ")
		s.deleted = append(s.deleted, table)
	}
	return s.conn.ExecContext(ctx, query, args...)
}
