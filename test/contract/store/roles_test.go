package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/migrations"
	"github.com/tasktide/tasktide/test/cluster"
	"github.com/tasktide/tasktide/test/contract/store"
)

// owned is a migrated database whose owner is no superuser, and an address for each part.
type owned struct {
	name    string
	url     string // as the owner
	db      *sqlstore.DB
	prefix  string // of roles
	parts   map[string]string
	ordered []sqlstore.Login
}

func newOwned(t *testing.T, ownerMay string) *owned {
	t.Helper()
	name, address := server.database(t, "")
	o := &owned{name: name, prefix: name, parts: map[string]string{}}
	o.url = as(t, address, o.role("owner"), "its password")
	server.exec(t, "CREATE ROLE "+o.role("owner")+" LOGIN "+ownerMay+" PASSWORD 'its password'")
	server.exec(t, "ALTER DATABASE "+name+" OWNER TO "+o.role("owner"))
	o.db = open(t, o.url)
	migrate(t, o.db, migrations.FS)
	for _, part := range sqlstore.Parts() {
		// What an URL escapes and SQL quotes.
		o.parts[part] = as(t, address, o.role(part), `it's "`+part+`" \ %`)
		o.ordered = append(o.ordered, sqlstore.Login{Part: part, URL: o.parts[part]})
	}
	t.Cleanup(func() {
		server.exec(t, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		for _, part := range append(sqlstore.Parts(), "owner") {
			server.exec(t, "DROP ROLE IF EXISTS "+o.role(part)+", "+o.role(part)+"_new")
		}
	})
	return o
}

func (o *owned) role(part string) string { return o.prefix + "_" + strings.ReplaceAll(part, "-", "_") }

func (o *owned) apply(t *testing.T) {
	t.Helper()
	if err := sqlstore.ApplyRoles(t.Context(), o.db, o.ordered); err != nil {
		t.Fatal(err)
	}
}

func as(t *testing.T, address, user, password string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return c
}

func refusedBy(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42501"
}

// tried are statements, and the parts that may run them; to all others they are refused.
var tried = []struct {
	statement string
	may       []string
}{
	// Secrets: hashes of passwords, sessions, the keys that sign tokens, links for the first operator.
	{"SELECT password FROM accounts", []string{"backend-api", "operator"}},
	{"SELECT secret FROM sessions", []string{"backend-api", "operator"}},
	{"SELECT private FROM signing_keys", []string{"backend-api", "operator"}},
	{"SELECT hash FROM sign_up_codes", []string{"backend-api", "operator"}},
	{"UPDATE accounts SET scope = 'operator'", []string{"backend-api", "operator"}},
	{"INSERT INTO sign_up_codes VALUES ('x', now())", []string{"backend-api"}},
	{"UPDATE signing_keys SET private = 'x'", nil},
	// The audit trail: one writes it, nobody changes it, an erasure removes from it.
	{"INSERT INTO audit_logs VALUES ('u', gen_random_uuid(), 1, 'a', 'b', 'c', '{}', now())", []string{"audit-service"}},
	{"SELECT data FROM audit_logs", []string{"backend-api", "operator"}},
	{"UPDATE audit_logs SET data = '{}'", nil},
	{"DELETE FROM audit_logs", []string{"backend-api", "operator"}},
	{"TRUNCATE audit_logs", nil},
	// What users have.
	{"SELECT title FROM tasks", []string{"backend-api", "operator", "recurring-service", "notification-service"}},
	{"SELECT description FROM tasks", []string{"backend-api", "operator", "recurring-service"}},
	{"UPDATE tasks SET title = 'x'", []string{"backend-api"}},
	{"UPDATE tasks SET updated_at = now()", []string{"backend-api", "notification-service", "operator"}},
	{"UPDATE tasks SET reminder_sent = true", []string{"backend-api", "notification-service"}},
	{"DELETE FROM tasks", []string{"backend-api", "operator"}},
	{"SELECT data FROM events", []string{"backend-api", "operator", "notification-service", "recurring-service", "websocket-service"}},
	{"UPDATE events SET data = '{}'", nil},
	{"DELETE FROM events", []string{"backend-api", "operator"}},
	{"UPDATE user_streams SET position = 0", []string{"backend-api", "notification-service", "recurring-service"}},
	{"UPDATE user_streams SET erased = position", []string{"backend-api", "operator"}},
	{"SELECT message FROM notifications", []string{"backend-api", "operator"}},
	{"DELETE FROM notifications", []string{"backend-api", "operator"}},
	{"SELECT theme FROM preferences", []string{"backend-api", "operator"}},
	{"SELECT response FROM idempotency_keys", []string{"backend-api", "operator"}},
	// What holds events up, and what they are kept from twice.
	{"INSERT INTO outbox VALUES ('u', 1, 'p', 1, 't')", []string{"backend-api", "notification-service", "recurring-service"}},
	{"DELETE FROM outbox", []string{"backend-api", "notification-service", "operator"}},
	{"DELETE FROM relay_leases", []string{"backend-api", "notification-service"}},
	{"SELECT body FROM dead_letters", []string{"audit-service", "backend-api", "operator", "recurring-service", "websocket-service"}},
	{"UPDATE dead_letters SET body = 'x'", nil},
	{"UPDATE dead_letters SET redrive_at = now()", []string{"audit-service", "backend-api", "operator", "recurring-service", "websocket-service"}},
	{"INSERT INTO dapr_state (key, value, isbinary) VALUES ('k', '{}', false)", []string{"audit-service", "recurring-service", "state-store", "websocket-service"}},
	{"DELETE FROM dapr_state", []string{"backend-api", "operator", "state-store"}},
	{"UPDATE stream_epoch SET epoch = gen_random_uuid()", nil},
	// The schema is its owner's.
	{"ALTER TABLE tasks ADD COLUMN x text", nil},
	{"ALTER TABLE dapr_state ADD COLUMN x text", nil},
	{"DROP TABLE events", nil},
	{"CREATE TABLE mine (x text)", nil},
	{"CREATE FUNCTION lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'", nil},
	{"CREATE TRIGGER t BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", nil},
	{"CREATE ROLE another SUPERUSER", nil},
	{"INSERT INTO goose_db_version (version_id, is_applied) VALUES (1000, true)", nil},
	{"COPY (SELECT 1) TO PROGRAM 'true'", nil},
	{"SELECT pg_read_file('PG_VERSION')", nil},
	{"CREATE SCHEMA mine", nil},
	{"CREATE TABLE tasktide_dapr.mine (x text)", []string{"state-store"}},
}

func TestEachRoleIsRefusedWhatItsServiceDoesNotDo(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	o.apply(t)
	for _, part := range sqlstore.Parts() {
		c := connect(t, o.parts[part])
		for _, try := range tried {
			_, err := c.Exec(t.Context(), "BEGIN; "+try.statement)
			if _, rolledBack := c.Exec(t.Context(), "ROLLBACK"); rolledBack != nil {
				t.Fatal(rolledBack)
			}
			switch may := slices.Contains(try.may, part); {
			case may && err != nil:
				t.Errorf("%s: %s: %v", part, try.statement, err)
			case !may && !refusedBy(err):
				t.Errorf("%s may %s: %v", part, try.statement, err)
			}
		}
	}
}

// TestEveryTableIsSomebodys: one that a migration adds must be granted to whoever uses it, or to nobody on purpose.
func TestEveryTableIsSomebodys(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	o.apply(t)
	rows, err := connect(t, o.url).Query(t.Context(), `SELECT c.relname, EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname LIKE $1 || '\_%' AND r.rolname <> $1 || '_owner'
  AND has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT'))
FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'S') ORDER BY 1`, o.prefix)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (string, error) {
		var name string
		var granted bool
		err := r.Scan(&name, &granted)
		return fmt.Sprint(name, " ", granted), err
	})
	if err != nil {
		t.Fatal(err)
	}
	nobodys := []string{"dapr_metadata false", "dapr_state_row_id_seq false", "goose_db_version_id_seq false"}
	if len(got) < 20 {
		t.Errorf("only %d tables were looked at: %v", len(got), got)
	}
	for _, line := range got {
		if strings.HasSuffix(line, " false") != slices.Contains(nobodys, line) {
			t.Errorf("granted to a part: %s", line)
		}
	}
}

// TestRolesAreMadeAgain: after every migration, with a new password, whatever somebody granted in between.
func TestRolesAreMadeAgain(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	o.apply(t)
	exec(t, o.url, "GRANT SELECT (email), UPDATE ON accounts TO "+o.role("audit-service")+"; GRANT ALL ON SCHEMA public, tasktide_dapr TO "+o.role("audit-service")+
		"; GRANT UPDATE ON tasktide_dapr.dapr_metadata TO "+o.role("audit-service"))
	before := o.parts["audit-service"]
	for i, l := range o.ordered {
		if l.Part == "audit-service" {
			o.parts[l.Part] = as(t, before, o.role("audit-service"), "another")
			o.ordered[i].URL = o.parts[l.Part]
		}
	}
	o.apply(t)
	o.apply(t)
	c := connect(t, o.parts["audit-service"])
	for _, statement := range []string{"SELECT email FROM accounts", "UPDATE accounts SET name = ''", "CREATE TABLE mine (x text)", "CREATE TABLE tasktide_dapr.mine (x text)", "UPDATE tasktide_dapr.dapr_metadata SET value = '4'"} {
		if _, err := c.Exec(t.Context(), statement); !refusedBy(err) {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if _, err := pgx.Connect(t.Context(), before); err == nil {
		t.Error("the password of before is still good")
	}
}

// TestRolesDoNotWaitForATable: whoever waited would hold up the consumers behind it. What was done once needs no lock.
func TestRolesDoNotWaitForATable(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	tx, err := connect(t, o.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE dapr_state IN ROW EXCLUSIVE MODE"); err != nil { // as whoever writes
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = sqlstore.ApplyRoles(ctx, o.db, o.ordered)
	if err == nil || !strings.Contains(err.Error(), "run this again when it has ended") {
		t.Errorf("while the table is used: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.apply(t)
	if tx, err = connect(t, o.url).Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE dapr_state IN ROW EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	o.apply(t)
}

// TestRolesThatSomebodyElseMade need no right to make roles.
func TestRolesThatSomebodyElseMade(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "")
	err := sqlstore.ApplyRoles(t.Context(), o.db, o.ordered)
	if err == nil || !strings.Contains(err.Error(), "CREATE ROLE \""+o.role("audit-service")+"\" LOGIN PASSWORD") {
		t.Fatalf("an owner who may not make roles: %v", err)
	}
	for i, l := range o.ordered {
		server.exec(t, "CREATE ROLE "+o.role(l.Part)+" LOGIN PASSWORD 'known'")
		o.ordered[i].URL = as(t, l.URL, o.role(l.Part), "known")
	}
	o.apply(t)
	if _, err := connect(t, o.ordered[0].URL).Exec(t.Context(), "SELECT 1 FROM user_streams"); err != nil {
		t.Error(err)
	}
}

// TestRolesWhoseAddressesAreAPoolers are made, and made again while services are connected: the pooler knows their users, the owner goes past it.
func TestRolesWhoseAddressesAreAPoolers(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	addresses := []string{o.url} // there already
	for _, l := range o.ordered {
		addresses = append(addresses, l.URL)
	}
	pooler := cluster.StartPgBouncer(t, "", addresses...)
	for i, l := range o.ordered {
		through, err := pooler.URL(l.URL)
		if err != nil {
			t.Fatal(err)
		}
		o.ordered[i].URL = through
	}
	o.apply(t)
	for _, l := range o.ordered {
		db, err := sqlstore.Open(sqlstore.Config{URL: l.URL, Pooled: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := sqlstore.CheckRights(t.Context(), db, domain.Service(l.Part)); err != nil {
			t.Errorf("%s: %v", l.Part, err)
		}
	}
	o.apply(t)
	// The pooler goes on by what it has: the database is who says whether a password is right.
	pooler.Knows(t, as(t, o.parts["operator"], o.role("operator"), "another one"))
	for i, l := range o.ordered {
		if l.Part == sqlstore.Operator {
			o.ordered[i].URL = as(t, l.URL, o.role(l.Part), "another one")
		}
	}
	o.apply(t)
	connect(t, as(t, o.url, o.role("operator"), "another one"))
}

// TestATableOfSomebodyElseInTheSchema is left alone, and keeps nobody from anything.
func TestATableOfSomebodyElseInTheSchema(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	exec(t, strings.Replace(server.url, "/postgres?", "/"+o.name+"?", 1), "CREATE TABLE theirs (id serial)")
	o.apply(t)
	shown, err := sqlstore.GrantSQL("audit-service", o.role("audit-service"), "public")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, o.url, "GRANT SELECT ON accounts TO "+o.role("audit-service"))
	exec(t, o.url, strings.Join(shown, ";\n")) // as the command prints it
	if _, err := connect(t, o.parts["audit-service"]).Exec(t.Context(), "SELECT FROM accounts"); !refusedBy(err) {
		t.Errorf("a right that is not its part's: %v", err)
	}
}

// TestARoleThatIsPerhapsSomebodyElses keeps its password, as does one of which could not be found out whether it has another.
func TestARoleThatIsPerhapsSomebodyElses(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	theirs := sqlstore.Login{Part: "audit-service", URL: o.parts["audit-service"]}
	exec(t, o.url, "CREATE ROLE "+o.role("audit-service")+" LOGIN PASSWORD 'theirs'")
	err := sqlstore.ApplyRoles(t.Context(), o.db, []sqlstore.Login{theirs})
	if err == nil || !strings.Contains(err.Error(), "perhaps it is somebody else's") {
		t.Errorf("another password and no rights here: %v", err)
	}
	theirs.URL = as(t, theirs.URL, o.role("audit-service"), "theirs")
	if err := sqlstore.ApplyRoles(t.Context(), o.db, []sqlstore.Login{theirs}); err != nil {
		t.Fatal(err)
	}
	away, err := url.Parse(as(t, theirs.URL, o.role("audit-service"), "another"))
	if err != nil {
		t.Fatal(err)
	}
	away.Host, away.RawQuery = "127.0.0.1:1", ""
	err = sqlstore.ApplyRoles(t.Context(), o.db, []sqlstore.Login{{Part: "audit-service", URL: away.String()}})
	if err == nil || !strings.Contains(err.Error(), "could not be found out") {
		t.Errorf("nobody answers: %v", err)
	}
	connect(t, theirs.URL)
}

// TestAddressesThatLeadNowhere are named when all is done, each.
func TestAddressesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	exec(t, o.url, "REVOKE CONNECT ON DATABASE "+o.name+" FROM PUBLIC")
	for range 2 { // new roles, and those that are there
		err := sqlstore.ApplyRoles(t.Context(), o.db, o.ordered)
		for _, part := range sqlstore.Parts() {
			if err == nil || !strings.Contains(err.Error(), "of "+part+" has its rights, but its address does not connect") {
				t.Errorf("%s: %v", part, err)
			}
		}
	}
	exec(t, o.url, "GRANT CONNECT ON DATABASE "+o.name+" TO PUBLIC")
	o.apply(t)
}

// TestASchemaThatOnlyTheOwnerLooksIn: a service would find no tables, or those of somebody else.
func TestASchemaThatOnlyTheOwnerLooksIn(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	exec(t, o.url, `ALTER SCHEMA public RENAME TO "it's ours"; CREATE SCHEMA public`)
	looking := func(address string) string { return address + "&search_path=%22it%27s%20ours%22" }
	db := open(t, looking(o.url))
	err := sqlstore.ApplyRoles(t.Context(), db, o.ordered)
	if err == nil || strings.Count(err.Error(), `SET search_path = "it's ours", or add search_path=%22it%27s%20ours%22 to`) != len(o.ordered) {
		t.Errorf("addresses that lead to other tables: %v", err)
	}
	for i, l := range o.ordered {
		o.ordered[i].URL = looking(l.URL)
	}
	if err := sqlstore.ApplyRoles(t.Context(), db, o.ordered); err != nil {
		t.Error(err)
	}
}

func TestRolesThatCanNotBe(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	some := o.parts["audit-service"]
	for _, c := range []struct {
		what  string
		login []sqlstore.Login
		says  string
	}{
		{"two parts with one user", []sqlstore.Login{{Part: "audit-service", URL: some}, {Part: "backend-api", URL: some}}, "have the same user"},
		{"another database", []sqlstore.Login{{Part: "audit-service", URL: strings.Replace(some, "/"+o.name+"?", "/other?", 1)}}, `leads to the database "other"`},
		{"the owner", []sqlstore.Login{{Part: "audit-service", URL: o.url}}, "it owns the tables"},
		{"a superuser", []sqlstore.Login{{Part: "audit-service", URL: strings.Replace(server.url, "/postgres?", "/"+o.name+"?", 1)}}, "it owns the tables, their schema or the database, is a superuser"},
		{"an unknown part", []sqlstore.Login{{Part: "frontend", URL: some}}, "choose one of audit-service, backend-api"},
		{"no user", []sqlstore.Login{{Part: "audit-service", URL: strings.Replace(some, some[strings.Index(some, "//")+2:strings.Index(some, "@")+1], "", 1)}}, "the address of audit-service names no user"},
		{"a user beside the address", []sqlstore.Login{{Part: "audit-service", URL: strings.Replace(some, some[strings.Index(some, "//")+2:strings.Index(some, "@")+1], "", 1) + "&user=x"}}, "names no user"},
		{"a password that is not escaped", []sqlstore.Login{{Part: "audit-service", URL: "postgres://aud:topsecret#ret@h/d"}}, "# / ? @ : and % are written %23"},
		{"numbers of it that are a port", []sqlstore.Login{{Part: "audit-service", URL: "postgres://aud:5432#topsecret@h/d"}}, "names no user"},
		{"a role that the server does not make", []sqlstore.Login{{Part: "audit-service", URL: as(t, some, "pg_audit", "topsecret")}}, "LOGIN PASSWORD '…' as plain SQL"},
		{"no address", []sqlstore.Login{{Part: "audit-service", URL: "postgres://u:topsecret@h:port/d"}}, "the address of audit-service"},
	} {
		err := sqlstore.ApplyRoles(t.Context(), o.db, c.login)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.what, err)
		} else if strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: the message has the password: %v", c.what, err)
		}
	}
	if err := sqlstore.ApplyRoles(t.Context(), sqliteFile(t), o.ordered); !errors.Is(err, sqlstore.ErrNoRoles) {
		t.Errorf("on SQLite: %v", err)
	}
	name, address := server.database(t, "")
	t.Cleanup(func() { server.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	if err := sqlstore.ApplyRoles(t.Context(), open(t, address), nil); err == nil || !strings.Contains(err.Error(), "this binary needs") {
		t.Errorf("without tables: %v", err)
	}
}

// TestWhoLacksRightsIsToldBeforeTheWork: each service may do its work with its own role and as the owner. With another's it may not, but for
// websocket-service, which does nothing that recurring-service may not.
func TestWhoLacksRightsIsToldBeforeTheWork(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	o.apply(t)
	for _, service := range []domain.Service{domain.AuditService, domain.BackendAPI, domain.NotificationService, domain.RecurringService, domain.WebsocketService} {
		if err := sqlstore.CheckRights(t.Context(), o.db, service); err != nil {
			t.Errorf("%s as the owner: %v", service, err)
		}
		for _, part := range sqlstore.Parts() {
			err := sqlstore.CheckRights(t.Context(), open(t, o.parts[part]), service)
			enough := part == string(service) || service == domain.WebsocketService && part == string(domain.RecurringService)
			if enough != (err == nil) || err != nil && !advised(err) {
				t.Errorf("%s with the role of %s: %v", service, part, err)
			}
		}
	}
	exec(t, o.url, "REVOKE UPDATE (reminder_sent) ON tasks FROM "+o.role("notification-service"))
	err := sqlstore.CheckRights(t.Context(), open(t, o.parts["notification-service"]), domain.NotificationService)
	want := fmt.Sprintf("%q, lacks rights of notification-service (UPDATE on tasks (reminder_sent)): ", o.role("notification-service"))
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("without one right: %v, not %s", err, want)
	}
	exec(t, o.url, "REVOKE USAGE ON SCHEMA public FROM PUBLIC, "+o.role("audit-service"))
	if err := sqlstore.CheckRights(t.Context(), open(t, o.parts["audit-service"]), domain.AuditService); !advised(err) {
		t.Errorf("without the schema: %v", err)
	}
}

// TestALackingRightIsNoFaultOfTheEvent: it is an outage with an advice, so that nothing ends as a dead letter before somebody has granted it.
func TestALackingRightIsNoFaultOfTheEvent(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	o.apply(t)
	wrong := open(t, o.parts["websocket-service"])
	err := sqlstore.NewAudit(wrong).Append(t.Context(), domain.AuditEntry{ID: uuid.New(), UserID: "ann", EventType: "created", EntityType: "task", EntityID: "1", Data: []byte("{}")})
	if !advised(err) {
		t.Errorf("an entry with the role of another service: %v", err)
	}
	backend := open(t, o.parts["backend-api"])
	createOne(t, sqlstore.NewTasks(backend))
	if _, err := connect(t, o.url).Exec(t.Context(), "REVOKE DELETE ON outbox FROM "+o.role("backend-api")); err != nil {
		t.Fatal(err)
	}
	outbox := sqlstore.NewOutbox(backend, domain.BackendAPI)
	lease, err := outbox.Lease(t.Context(), domain.BackendAPI, "a relay", domain.Shards, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	heads, err := outbox.Heads(t.Context(), lease, 1)
	if err != nil || len(heads) != 1 {
		t.Fatalf("%d heads, %v", len(heads), err)
	}
	if err := outbox.Settle(t.Context(), lease, heads...); !advised(err) {
		t.Errorf("removing what was published without that right: %v", err)
	}
}

// advised says that err is an outage, and what to do about it.
func advised(err error) bool {
	var known *domain.Error
	return errors.As(err, &known) && known.Kind == domain.KindUnavailable && strings.Contains(known.Advice, "tasktide roles apply")
}

// TestErasingAndRetentionWithTheirRoles: who erases and sweeps may do so, whoever has written.
func TestErasingAndRetentionWithTheirRoles(t *testing.T) {
	t.Parallel()
	o := newOwned(t, "CREATEROLE")
	o.apply(t)
	backend, operator, auditor := open(t, o.parts["backend-api"]), open(t, o.parts["operator"]), open(t, o.parts["audit-service"])
	for _, eraser := range []*sqlstore.DB{backend, operator} {
		createOne(t, sqlstore.NewTasks(backend))
		entry := domain.AuditEntry{ID: uuid.New(), UserID: "u", Position: 1000, EventType: "created", EntityType: "task", EntityID: "1", Data: []byte("{}"), Time: time.Now()}
		if err := sqlstore.NewAudit(auditor).Append(t.Context(), entry); err != nil {
			t.Fatal(err)
		}
		if err := sqlstore.NewUsers(eraser).Export(t.Context(), "u", discarded); err != nil {
			t.Errorf("export: %v", err)
		}
		gone, err := sqlstore.NewUsers(eraser).Erase(t.Context(), "u")
		if err != nil || gone.Tasks != 1 || gone.AuditEntries != 1 {
			t.Errorf("erased %+v, %v", gone, err)
		}
	}
	future := time.Now().Add(time.Hour)
	for what, sweep := range map[string]func() (int64, error){
		"events":           func() (int64, error) { return sqlstore.NewStreams(backend).DeleteEventsBefore(t.Context(), future, 10) },
		"notifications":    func() (int64, error) { return sqlstore.NewNotifications(backend).DeleteBefore(t.Context(), future, 10) },
		"idempotency keys": func() (int64, error) { return sqlstore.NewTasks(backend).DeleteKeysBefore(t.Context(), future, 10) },
		"sessions": func() (int64, error) {
			return sqlstore.NewIdentity(backend).DeleteSessionsBefore(t.Context(), future, 10)
		},
		"state": func() (int64, error) { return sqlstore.NewState(backend).DeleteExpired(t.Context(), time.Now(), 10) },
	} {
		if _, err := sweep(); err != nil {
			t.Errorf("the sweep of %s: %v", what, err)
		}
	}
}

// TestAccountsWithTheirRoles: backend-api does all of it, the command line what operators do.
func TestAccountsWithTheirRoles(t *testing.T) {
	t.Parallel()
	t.Run("backend-api", func(t *testing.T) {
		t.Parallel()
		store.RunIdentity(t, func(t *testing.T) store.Identity {
			o := newOwned(t, "CREATEROLE")
			o.apply(t)
			return sqlstore.NewIdentity(open(t, o.parts["backend-api"]))
		})
	})
	t.Run("operator", func(t *testing.T) {
		t.Parallel()
		o := newOwned(t, "CREATEROLE")
		o.apply(t)
		s, now := sqlstore.NewIdentity(open(t, o.parts["operator"])), time.Now()
		account(t, s, "ann")
		key := domain.SigningKey{ID: "k", Generation: 1, Public: []byte("p"), Private: []byte("s"), CreatedAt: now, SignsFrom: now}
		for what, do := range map[string]func() error{
			"grant": func() error { return s.SetScope(t.Context(), "ann", domain.ScopeOperator, now) },
			"reset-password": func() error {
				return s.SetPassword(t.Context(), domain.PasswordChange{AccountID: "ann", Hash: "y", EndSessions: true, At: now})
			},
			"list": func() error { _, err := s.Accounts(t.Context()); return err },
			"token": func() error {
				return errors.Join(s.AddKey(t.Context(), key), s.HoldKey(t.Context(), "k", now), s.RemoveKey(t.Context(), "k"))
			},
		} {
			if err := do(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// discarded takes an export.
var discarded = domain.UserData{
	Account:      func(domain.Position, *domain.Preferences) error { return nil },
	Credential:   func(*domain.Account) error { return nil },
	Session:      func(*domain.AccountSession) error { return nil },
	Task:         func(*domain.Task) error { return nil },
	Event:        func(*domain.Event) error { return nil },
	AuditEntry:   func(*domain.AuditEntry) error { return nil },
	Notification: func(*domain.Notification) error { return nil },
	KeptAnswer:   func(*domain.KeptAnswer) error { return nil },
	DeadLetter:   func(*domain.DeadLetter) error { return nil },
}
