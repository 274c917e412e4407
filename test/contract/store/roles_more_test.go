package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/migrations"
)

// asSuperuser is the database's address for whoever may do everything.
func (o *owned) asSuperuser() string {
	return strings.Replace(server.url, "/postgres?", "/"+o.name+"?", 1)
}

// TestRightsThatComeFromElsewhere would make all others worth nothing.
func TestRightsThatComeFromElsewhere(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	o.apply(t)
	audit, operator, middle := o.role("audit-service"), o.role("operator"), o.role("middle")
	server.exec(t, "CREATE ROLE "+middle)
	t.Cleanup(func() { server.exec(t, "DROP ROLE "+middle) })
	for _, c := range []struct{ grant, revoke, says string }{
		{"GRANT pg_read_all_data TO " + audit, "REVOKE pg_read_all_data FROM " + audit, "SELECT on accounts"},
		{"GRANT SELECT (password) ON accounts TO PUBLIC", "REVOKE SELECT (password) ON accounts FROM PUBLIC", "(SELECT on accounts (password))"},
		{"GRANT " + operator + " TO " + audit, "REVOKE " + operator + " FROM " + audit, "accounts"},
		// Not at once, but after SET ROLE.
		{"ALTER ROLE " + audit + " NOINHERIT; GRANT " + operator + " TO " + audit, "ALTER ROLE " + audit + " INHERIT; REVOKE " + operator + " FROM " + audit, "accounts"},
		// Tables of its own part, more than its part.
		{"GRANT UPDATE ON audit_logs TO PUBLIC", "REVOKE UPDATE ON audit_logs FROM PUBLIC", "UPDATE on audit_logs"},
		{"GRANT TRUNCATE ON dapr_state TO PUBLIC", "REVOKE TRUNCATE ON dapr_state FROM PUBLIC", "TRUNCATE on dapr_state"},
		{"GRANT UPDATE (body) ON dead_letters TO PUBLIC", "REVOKE UPDATE (body) ON dead_letters FROM PUBLIC", "UPDATE on dead_letters (body)"},
		{"GRANT INSERT ON tasktide_dapr.dapr_metadata TO PUBLIC", "REVOKE INSERT ON tasktide_dapr.dapr_metadata FROM PUBLIC", "INSERT on tasktide_dapr.dapr_metadata"},
		{"GRANT UPDATE ON SEQUENCE dapr_state_row_id_seq TO PUBLIC", "REVOKE UPDATE ON SEQUENCE dapr_state_row_id_seq FROM PUBLIC", "UPDATE on dapr_state_row_id_seq"},
		// By somebody to whom the owner gave the right to pass it on.
		{"GRANT SELECT ON accounts TO " + middle + " WITH GRANT OPTION; SET ROLE " + middle + "; GRANT SELECT ON accounts TO " + audit + "; RESET ROLE",
			"REVOKE SELECT ON accounts FROM " + middle + " CASCADE", "SELECT on accounts"},
		// What may everything, by way of another role.
		{"GRANT " + middle + " TO " + audit + "; ALTER ROLE " + middle + " SUPERUSER", "ALTER ROLE " + middle + " NOSUPERUSER; REVOKE " + middle + " FROM " + audit, "is a member of"},
		{"GRANT " + middle + " TO " + audit + "; ALTER ROLE " + middle + " CREATEROLE", "ALTER ROLE " + middle + " NOCREATEROLE; REVOKE " + middle + " FROM " + audit, "is a member of"},
		{"ALTER ROLE " + audit + " REPLICATION", "ALTER ROLE " + audit + " NOREPLICATION", "it owns the tables"},
		{"ALTER ROLE " + audit + " BYPASSRLS", "ALTER ROLE " + audit + " NOBYPASSRLS", "it owns the tables"},
		{"GRANT pg_read_server_files TO " + audit, "REVOKE pg_read_server_files FROM " + audit, `it is a member of "pg_read_server_files", which`},
		{"ALTER ROLE " + audit + " NOINHERIT; GRANT " + o.role("owner") + " TO " + audit, "ALTER ROLE " + audit + " INHERIT; REVOKE " + o.role("owner") + " FROM " + audit, "is a member of"},
		{"ALTER SCHEMA public OWNER TO " + middle + "; GRANT ALL ON SCHEMA public TO " + o.role("owner") + "; GRANT " + middle + " TO " + audit,
			"ALTER SCHEMA public OWNER TO pg_database_owner; REVOKE " + middle + " FROM " + audit, "is a member of"},
		// The database, whose owner is not that of its schema.
		{"ALTER SCHEMA public OWNER TO " + o.role("owner") + "; ALTER DATABASE " + o.name + " OWNER TO " + middle + "; GRANT " + middle + " TO " + audit,
			"ALTER DATABASE " + o.name + " OWNER TO " + o.role("owner") + "; ALTER SCHEMA public OWNER TO pg_database_owner; REVOKE " + middle + " FROM " + audit, "is a member of"},
		// A table or function of its own, in the way of others.
		{"ALTER ROLE " + audit + " NOINHERIT; GRANT CREATE ON SCHEMA public TO " + middle + "; GRANT " + middle + " TO " + audit,
			"ALTER ROLE " + audit + " INHERIT; REVOKE CREATE ON SCHEMA public FROM " + middle + "; REVOKE " + middle + " FROM " + audit, "it may make tables in the schema public"},
	} {
		exec(t, o.asSuperuser(), c.grant)
		err := sqlstore.ApplyRoles(t.Context(), o.db, o.ordered)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "name another user") && !strings.Contains(err.Error(), "run this again") {
			t.Errorf("%s: %v", c.grant, err)
		}
		exec(t, o.asSuperuser(), c.revoke)
		o.apply(t)
	}
}

// rightsOf asks PostgreSQL what a part may do, in its own session: a line for each table and column list.
func (o *owned) rightsOf(t *testing.T, part string) string {
	t.Helper()
	rows, err := connect(t, o.parts[part]).Query(t.Context(), `
WITH t AS (SELECT oid, oid::regclass::text AS name FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'tasktide_dapr'::regnamespace) AND relkind IN ('r', 'p')),
entry AS (
  SELECT name, p AS what, ord FROM t, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) WITH ORDINALITY AS x(p, ord) WHERE has_table_privilege(oid, p)
  UNION ALL
  SELECT name, p || ' (' || string_agg(attname, ', ' ORDER BY attnum) || ')', ord FROM t JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', '', '', 'REFERENCES']) WITH ORDINALITY AS x(p, ord)
  WHERE p <> '' AND NOT has_table_privilege(oid, p) AND has_column_privilege(oid, attnum, p) GROUP BY name, p, ord)
SELECT name || ': ' || string_agg(what, ', ' ORDER BY ord) FROM entry GROUP BY name ORDER BY name COLLATE "C"`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// TestEachRoleHasExactlyTheseRights compares with a list of its own, table by table: whoever changes a right has to say so here, too.
func TestEachRoleHasExactlyTheseRights(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	o.apply(t)
	if len(written) != len(sqlstore.Parts()) {
		t.Errorf("%d parts are written down, of %d", len(written), len(sqlstore.Parts()))
	}
	for _, part := range sqlstore.Parts() {
		if got, want := o.rightsOf(t, part), strings.TrimSpace(written[part]); got != want {
			t.Errorf("%s has\n%s\nwritten down is\n%s", part, got, want)
		}
	}
}

// written is what each part may do.
var written = map[string]string{
	"backend-api": `
accounts: SELECT, INSERT, UPDATE, DELETE
audit_logs: SELECT, DELETE
dapr_state: SELECT, DELETE
dead_letters: SELECT, UPDATE (redrive_at), DELETE
events: SELECT, INSERT, DELETE
goose_db_version: SELECT
idempotency_keys: SELECT, INSERT, DELETE
notifications: SELECT, UPDATE (read), DELETE
outbox: SELECT, INSERT, DELETE
preferences: SELECT, INSERT, UPDATE, DELETE
relay_leases: SELECT, INSERT, UPDATE, DELETE
relay_members: SELECT, INSERT, DELETE
sessions: SELECT, INSERT, UPDATE, DELETE
sign_up_codes: SELECT, INSERT, DELETE
signing_keys: SELECT, INSERT, UPDATE (tokens_until), DELETE
stream_epoch: SELECT, UPDATE (id)
tasks: SELECT, INSERT, UPDATE, DELETE
user_streams: SELECT, INSERT, UPDATE (position, erased)`,
	"audit-service": `
audit_logs: INSERT
dapr_state: SELECT, INSERT, UPDATE
dead_letters: SELECT, INSERT, UPDATE (reason, error, attempts, last_failed, redrive_at), DELETE
goose_db_version: SELECT
stream_epoch: SELECT, UPDATE (id)
user_streams: SELECT`,
	"notification-service": `
events: SELECT, INSERT
goose_db_version: SELECT
notifications: SELECT (user_id, id, task_id, reminder_at), INSERT
outbox: SELECT, INSERT, DELETE
relay_leases: SELECT, INSERT, UPDATE, DELETE
relay_members: SELECT, INSERT, DELETE
stream_epoch: SELECT, UPDATE (id)
tasks: SELECT (user_id, id, title, completed, due_date, reminder_at, reminder_sent, version, updated_at), UPDATE (reminder_sent, version, updated_at)
user_streams: SELECT, INSERT, UPDATE (position)`,
	"recurring-service": `
dapr_state: SELECT, INSERT, UPDATE
dead_letters: SELECT, INSERT, UPDATE (reason, error, attempts, last_failed, redrive_at), DELETE
events: SELECT, INSERT
goose_db_version: SELECT
outbox: INSERT
stream_epoch: SELECT, UPDATE (id)
tasks: SELECT, INSERT
user_streams: SELECT, INSERT, UPDATE (position)`,
	"websocket-service": `
dapr_state: SELECT, INSERT, UPDATE
dead_letters: SELECT, INSERT, UPDATE (reason, error, attempts, last_failed, redrive_at), DELETE
events: SELECT
goose_db_version: SELECT
stream_epoch: SELECT, UPDATE (id)
user_streams: SELECT`,
	"operator": `
accounts: SELECT, INSERT, UPDATE, DELETE
audit_logs: SELECT, DELETE
dapr_state: SELECT, DELETE
dead_letters: SELECT, UPDATE (redrive_at), DELETE
events: SELECT, DELETE
goose_db_version: SELECT
idempotency_keys: SELECT, DELETE
notifications: SELECT, DELETE
outbox: SELECT, DELETE
preferences: SELECT, DELETE
relay_leases: SELECT
sessions: SELECT, INSERT, DELETE
sign_up_codes: SELECT, DELETE
signing_keys: SELECT, INSERT, UPDATE (tokens_until), DELETE
stream_epoch: SELECT, UPDATE (id)
tasks: SELECT, UPDATE (updated_at), DELETE
user_streams: SELECT, INSERT, UPDATE (erased)`,
	"state-store": `
dapr_state: SELECT, INSERT, UPDATE, DELETE
tasktide_dapr.dapr_metadata: SELECT, INSERT, UPDATE`,
}

// TestOtherVersionsOfTheSchema are left alone: a binary knows the rights on its own.
func TestOtherVersionsOfTheSchema(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	o.apply(t)
	if _, err := sqlstore.MigrateFrom(t.Context(), o.db, migrations.FS, sqlstore.Down); err != nil {
		t.Fatal(err)
	}
	exec(t, o.url, "GRANT SELECT ON accounts TO "+o.role("audit-service"))
	err := sqlstore.ApplyRoles(t.Context(), o.db, o.ordered)
	if err == nil || !strings.Contains(err.Error(), "run tasktide migrate up") {
		t.Errorf("before the migration: %v", err)
	}
	migrate(t, o.db, migrations.FS)
	exec(t, o.url, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (1000, true)")
	err = sqlstore.ApplyRoles(t.Context(), o.db, o.ordered)
	if err == nil || !strings.Contains(err.Error(), "a newer version of Tasktide") {
		t.Errorf("a schema of the future: %v", err)
	}
	if _, err := connect(t, o.parts["audit-service"]).Exec(t.Context(), "SELECT FROM accounts"); err != nil {
		t.Errorf("something was changed all the same: %v", err)
	}
}

// TestAnOwnerOfTheTablesWhoMayNotMakeSchemas needs somebody to make one for the state store, once.
func TestAnOwnerOfTheTablesWhoMayNotMakeSchemas(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	exec(t, o.asSuperuser(), "ALTER DATABASE "+o.name+" OWNER TO CURRENT_USER; GRANT ALL ON SCHEMA public TO "+o.role("owner"))
	advice := "CREATE SCHEMA tasktide_dapr AUTHORIZATION " + o.role("owner")
	err := sqlstore.ApplyRoles(t.Context(), o.db, o.ordered)
	if err == nil || !strings.Contains(err.Error(), "have somebody who may run "+advice) {
		t.Fatalf("without that schema: %v", err)
	}
	exec(t, o.asSuperuser(), "CREATE SCHEMA tasktide_dapr")
	err = sqlstore.ApplyRoles(t.Context(), o.db, o.ordered)
	if err == nil || !strings.Contains(err.Error(), "ALTER SCHEMA tasktide_dapr OWNER TO "+o.role("owner")) {
		t.Fatalf("with a schema of somebody else: %v", err)
	}
	exec(t, o.asSuperuser(), "DROP SCHEMA tasktide_dapr; "+advice)
	o.apply(t)
	o.apply(t)
}

// TestShownRightsAreThoseOfTheirSchema, wherever whoever runs them looks for tables.
func TestShownRightsAreThoseOfTheirSchema(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	exec(t, o.url, `ALTER SCHEMA public RENAME TO "it's ours"; CREATE SCHEMA public`)
	for _, part := range sqlstore.Parts() {
		exec(t, o.url, "CREATE ROLE "+o.role(part))
		shown, err := sqlstore.GrantSQL(part, o.role(part), "it's ours")
		if err != nil {
			t.Fatal(err)
		}
		exec(t, o.url, strings.Join(shown, ";\n"))
	}
	c := connect(t, o.url)
	for part, table := range map[string]string{"backend-api": "accounts", "audit-service": "audit_logs", "state-store": "dapr_state"} {
		var may bool
		if err := c.QueryRow(t.Context(), "SELECT has_table_privilege($1::name, $2::text, 'INSERT')", o.role(part), `"it's ours".`+table).Scan(&may); err != nil || !may {
			t.Errorf("%s on %s: %t, %v", part, table, may, err)
		}
	}
}

// TestARoleThatNoAddressNamesAnyMore keeps its rights until somebody runs what is said.
func TestARoleThatNoAddressNamesAnyMore(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	o.apply(t)
	reader, before := o.role("reader"), map[string]string{}
	exec(t, o.url, "CREATE ROLE "+reader+"; GRANT SELECT (id) ON tasks TO "+reader)
	for i, l := range o.ordered {
		before[l.Part] = l.URL
		o.ordered[i].URL = as(t, l.URL, o.role(l.Part)+"_new", "another")
	}
	o.apply(t)
	for part, address := range before { // both are good until everybody has the new one
		if _, err := connect(t, address).Exec(t.Context(), "CREATE TABLE IF NOT EXISTS tasktide_dapr.mine (x text)"); part == "state-store" && err != nil {
			t.Error(err)
		}
	}
	unnamed, err := sqlstore.UnnamedRoles(t.Context(), o.db, o.ordered)
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, u := range unnamed {
		got = append(got, fmt.Sprint(u.Role, " ", u.Owns))
		exec(t, o.url, strings.Join(sqlstore.RemoveSQL(u.Role), ";\n"))
	}
	for _, part := range append(sqlstore.Parts(), "reader") {
		want = append(want, fmt.Sprint(o.role(part), " ", part == "state-store"))
	}
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("unnamed are %v, want %v", got, want)
	}
	for part, address := range before {
		if _, err := pgx.Connect(t.Context(), address); err == nil {
			t.Errorf("%s still connects as before", part)
		}
	}
	if left, err := sqlstore.UnnamedRoles(t.Context(), o.db, o.ordered); err != nil || len(left) != 0 {
		t.Errorf("left are %v, %v", left, err)
	}
	o.apply(t)
	if _, err := sqlstore.UnnamedRoles(t.Context(), sqliteFile(t), nil); !errors.Is(err, sqlstore.ErrNoRoles) {
		t.Errorf("on SQLite: %v", err)
	}
}

// TestRolesThatAreNoneOfOurs are not offered to be dropped: of another installation in the same database, and of whoever administers.
func TestRolesThatAreNoneOfOurs(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	o.apply(t)
	other, admin, above, reader := o.role("other"), o.role("admin"), o.role("above"), o.role("reader")
	server.exec(t, "CREATE ROLE "+other+"; CREATE ROLE "+above+"; CREATE ROLE "+admin+" NOINHERIT LOGIN PASSWORD 'x'; CREATE ROLE "+reader+" LOGIN PASSWORD 'x'")
	elsewhere, address := server.database(t, "")
	t.Cleanup(func() {
		server.exec(t, "DROP DATABASE "+elsewhere+" WITH (FORCE)")
		server.exec(t, "DROP DATABASE "+o.name+" WITH (FORCE)")
		server.exec(t, "DROP ROLE "+other+", "+admin+", "+above+", "+reader)
	})
	// The state store of tables in another schema; who becomes the owner, by way of another role; who reads, and owns something in another database.
	exec(t, o.asSuperuser(), "GRANT USAGE, CREATE ON SCHEMA tasktide_dapr TO "+other+"; GRANT SELECT, INSERT, UPDATE ON tasktide_dapr.dapr_metadata TO "+other)
	exec(t, o.asSuperuser(), "GRANT "+o.role("owner")+" TO "+above+"; GRANT "+above+" TO "+admin+"; GRANT SELECT ON tasks, accounts TO "+admin+", "+above+", CURRENT_USER; GRANT SELECT ON tasks TO "+reader)
	exec(t, address, "CREATE TABLE theirs (x text); ALTER TABLE theirs OWNER TO "+reader)
	if got, err := sqlstore.UnnamedRoles(t.Context(), open(t, as(t, o.url, reader, "x")), o.ordered); err != nil || len(got) != 0 {
		t.Errorf("a role is told of itself: %v, %v", got, err)
	}
	for who, asked := range map[string]string{
		"the owner": o.url, "a superuser": o.asSuperuser(), "who becomes the owner": as(t, o.url, admin, "x") + "&options=-c%20role%3D" + o.role("owner"),
	} {
		got, err := sqlstore.UnnamedRoles(t.Context(), open(t, asked), o.ordered)
		if err != nil || !slices.Equal(got, []sqlstore.Unnamed{{Role: reader}}) {
			t.Errorf("%s is told of %v, %v", who, got, err)
		}
	}
}

// TestRightsThatARolePassedOn are taken from nobody silently: whoever got them may depend on them.
func TestRightsThatARolePassedOn(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	o.apply(t)
	audit, operator := o.role("audit-service"), o.role("operator")
	for on, try := range map[string]string{`TABLE audit_logs`: "INSERT ON audit_logs", `SCHEMA "public"`: "USAGE ON SCHEMA public"} {
		exec(t, o.asSuperuser(), "GRANT "+try+" TO "+audit+" WITH GRANT OPTION; SET ROLE "+audit+"; GRANT "+try+" TO "+operator)
		err := sqlstore.ApplyRoles(t.Context(), o.db, o.ordered)
		says := "REVOKE ALL ON " + on + ` FROM "` + audit + `" CASCADE`
		if err == nil || !strings.Contains(err.Error(), "run "+says+", then run this again") || strings.Contains(strings.SplitN(err.Error(), says, 2)[0], "DO $") {
			t.Fatalf("%s: %v", try, err)
		}
		exec(t, o.url, says)
		o.apply(t)
	}
}

// TestRolesAreAppliedByOneAtATime: two would undo each other's work halfway.
func TestRolesAreAppliedByOneAtATime(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	tx, err := connect(t, o.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT pg_advisory_xact_lock(hashtextextended('tasktide roles', 20))"); err != nil { // as another one does
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- sqlstore.ApplyRoles(t.Context(), o.db, o.ordered) }()
	waitFor(t, o.url, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))")
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestWhatANewerDaprdDidIsNotDoneAgain: it started once as the owner, whose notes are elsewhere.
func TestWhatANewerDaprdDidIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	for _, c := range []struct{ owners, roles, want string }{{"2", "", "3"}, {"4", "3", "4"}, {"4", "10", "10"}} {
		if exec(t, o.url, "UPDATE dapr_metadata SET value = '"+c.owners+"' WHERE key = 'migrations'"); c.roles != "" {
			exec(t, o.url, "UPDATE tasktide_dapr.dapr_metadata SET value = '"+c.roles+"' WHERE key = 'migrations'")
		}
		o.apply(t)
		var got string
		if err := connect(t, o.url).QueryRow(t.Context(), "SELECT value FROM tasktide_dapr.dapr_metadata WHERE key = 'migrations'").Scan(&got); err != nil || got != c.want {
			t.Errorf("the owner's %s, the role's %q: %s, want %s: %v", c.owners, c.roles, got, c.want, err)
		}
	}
}
