package page

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// refusal is of the audit entries of one user: each event of theirs becomes a dead letter of the audit service, at once,
// since a value that does not fit never will.
type refusal struct {
	User string `json:"user"`
	Over bool   `json:"over"` // its cause is gone
}

func (r refusal) statements(driver string) []string {
	name := "refuse_" + strings.ReplaceAll(r.User, "-", "")
	when := "WHEN (NEW.user_id = '" + r.User + "')"
	switch {
	case r.Over && driver == "sqlite":
		return []string{"DROP TRIGGER " + name}
	case r.Over:
		return []string{"DROP TRIGGER " + name + " ON audit_logs", "DROP FUNCTION " + name}
	case driver == "sqlite":
		return []string{"CREATE TRIGGER " + name + " BEFORE INSERT ON audit_logs " + when + " BEGIN SELECT zeroblob(2000000000); END"}
	}
	return []string{
		"CREATE FUNCTION " + name + "() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no such value' USING ERRCODE = '22023'; END $$",
		"CREATE TRIGGER " + name + " BEFORE INSERT ON audit_logs FOR EACH ROW " + when + " EXECUTE FUNCTION " + name + "()",
	}
}

// refuse changes what the database of s takes.
func (s *system) refuse(ctx context.Context, r refusal) error {
	if strings.Trim(r.User, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" || r.User == "" {
		return fmt.Errorf("user %q: letters, digits and hyphens", r.User)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	db, err := sql.Open(s.driver, s.source)
	if err != nil {
		return err
	}
	for _, statement := range r.statements(s.driver) {
		if _, err = db.ExecContext(ctx, statement); err != nil {
			break
		}
	}
	return errors.Join(err, db.Close())
}
