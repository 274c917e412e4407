package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/xdg-go/scram"
)

// Login is the address by which one of Parts connects, its user being the part's role.
type Login struct{ Part, URL string }

// ErrNoRoles is for a database without users.
var ErrNoRoles = errors.New("DATABASE_URL leads to SQLite, which has no roles: whoever reads its file reads everything, so that it is its owner's alone")

// ApplyRoles makes the role of each login that is not there yet, gives it the password of
// its address unless it has that, and exactly the rights of its part: what it had beyond
// them on tables of this schema is taken away. All of it or nothing happens; nothing where
// the schema is not the one that this binary knows, or where a role would still have more
// rights than its part on the system's tables, columns and sequences or could make tables in
// their schema, by grants of others, PUBLIC, or a role that it could become. What functions
// and views of others do for it is not looked at. db connects as the owner of the tables.
// Whether a password is right it asks where db is. Then it connects once with each
// address: an error that says which of them do not lead to the tables comes after all was
// done.
//
// It needs the right to make roles (CREATEROLE) only for roles that can't log in yet. Of a
// role that was there it changes the password only if it has rights on the tables already.
func ApplyRoles(ctx context.Context, db *DB, logins []Login) error {
	if !db.postgres() {
		return ErrNoRoles
	}
	if db.pooled {
		return errPooled("roles are made")
	}
	if err := CheckSchema(ctx, db); err != nil {
		return err
	}
	var database string
	if err := db.pool().QueryRowContext(ctx, "SELECT current_database()").Scan(&database); err != nil {
		return mapErr(ctx, err)
	}
	all, err := db.readLogins(ctx, database, logins)
	if err != nil {
		return err
	}
	tx, err := db.pool().BeginTx(ctx, nil)
	if err != nil {
		return mapErr(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit: no effect
	a := applying{tx: tx}
	if err := a.run(ctx, all); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return a.hosted(mapErr(ctx, err))
	}
	return a.lookIn(ctx, all)
}

// login is a Login that was read.
type login struct {
	part, role, password string
	cfg                  *pgx.ConnConfig
	refused              error // why it can't connect as it is
}

func (db *DB) readLogins(ctx context.Context, database string, logins []Login) ([]login, error) {
	var out []login
	taken := map[string]string{}
	for _, l := range logins {
		cfg, err := readLogin(l)
		if err != nil {
			return nil, err
		}
		switch other, twice := taken[cfg.User]; {
		case twice:
			return nil, fmt.Errorf("%s and %s have the same user %q: each needs one of its own", other, l.Part, cfg.User)
		case cfg.Database != database:
			return nil, fmt.Errorf("the address of %s leads to the database %q, DATABASE_URL to %q", l.Part, cfg.Database, database)
		}
		taken[cfg.User] = l.Part
		read := login{part: l.Part, role: cfg.User, password: cfg.Password, cfg: cfg}
		read.refused = db.refused(ctx, cfg)
		out = append(out, read)
	}
	return out, nil
}

// refused is why the user of cfg can't connect. Where somebody else answers at its address and lets it in, where db is has the last
// word: a pooler lets in whom it knows, by connections that it has from before.
func (db *DB) refused(ctx context.Context, cfg *pgx.ConnConfig) error {
	nothing := func(context.Context, *pgx.Conn) error { return nil }
	err := connect(ctx, cfg, nothing)
	if cfg.Host == db.own.Host && cfg.Port == db.own.Port || err != nil && sqlState(err) != protocolViolation {
		return err
	}
	own := db.own.Copy()
	own.User, own.Password = cfg.User, cfg.Password
	itself := connect(ctx, own, nothing)
	if err == nil && sqlState(itself) == notAuthorized { // it is let in from the pooler alone
		return nil
	}
	return itself
}

// readLogin wants the user in the address itself: pgx would take that of the environment or of the operating system.
func readLogin(l Login) (*pgx.ConnConfig, error) {
	const escapes = "; in a password # / ? @ : and % are written %23 %2F %3F %40 %3A and %25"
	u, err := url.Parse(l.URL)
	if err != nil { // which may quote a part of the password
		return nil, fmt.Errorf("the address of %s can't be read: it must be as postgres://user:password@host/database%s", l.Part, escapes)
	}
	cfg, err := pgx.ParseConfig(l.URL)
	if err != nil {
		return nil, fmt.Errorf("the address of %s: %w", l.Part, redactURL(err, l.URL))
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec // the address may be a pooler's
	if u.User.Username() == "" || u.User.Username() != cfg.User {
		return nil, fmt.Errorf("the address of %s names no user: it must be as postgres://user:password@host/database%s", l.Part, escapes)
	}
	return cfg, nil
}

func connect(ctx context.Context, cfg *pgx.ConnConfig, then func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	return then(ctx, c)
}

type applying struct {
	tx     *sql.Tx
	schema string
	owner  string // of the tables
	tasks  uint32 // the table's oid
	made   []string
}

func (a *applying) run(ctx context.Context, logins []login) error {
	// Two at once would undo each other's work halfway.
	if _, err := a.tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('tasktide roles', 20))"); err != nil {
		return mapErr(ctx, err)
	}
	// Whoever waits for a table that is being read holds up all who come after.
	if _, err := a.tx.ExecContext(ctx, "SET LOCAL lock_timeout = '5s'"); err != nil {
		return mapErr(ctx, err)
	}
	err := a.tx.QueryRowContext(ctx, `SELECT n.nspname, c.relowner::regrole::text, c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass('tasks')`).Scan(&a.schema, &a.owner, &a.tasks)
	if errors.Is(err, sql.ErrNoRows) {
		return errors.New("DATABASE_URL does not lead to the table tasks: its search_path must have the schema of the tables")
	}
	if err != nil {
		return mapErr(ctx, err)
	}
	for _, l := range logins {
		if err := a.one(ctx, l); err != nil {
			return fmt.Errorf("role %q of %s: %w", l.role, l.part, err)
		}
	}
	return nil
}

func (a *applying) one(ctx context.Context, l login) error {
	if err := a.make(ctx, l); err != nil {
		return err
	}
	statements, err := GrantSQL(l.part, l.role, a.schema)
	if err != nil {
		return err
	}
	for _, s := range statements {
		if err := a.exec(ctx, s); err != nil {
			return a.advise(l.role, s, err)
		}
	}
	if err := a.verify(ctx, l.role); err != nil {
		return err
	}
	return a.alone(ctx, l)
}

// advise says what helps where a statement was refused.
func (a *applying) advise(role, statement string, err error) error {
	switch code := sqlState(err); {
	case code == lockNotAvailable:
		return fmt.Errorf("%s: a long statement or transaction has used the table for 5 s (pg_stat_activity shows which), nothing was changed: run this again when it has ended: %w", statement, err)
	case code == insufficientPrivilege && strings.Contains(statement, daprSchema):
		return fmt.Errorf("%s: %w: have somebody who may run CREATE SCHEMA %[3]s AUTHORIZATION %[4]s (where that schema is there: ALTER SCHEMA %[3]s OWNER TO %[4]s), then run this again", statement, err, daprSchema, a.owner)
	}
	if sqlState(err) == dependentPrivileges {
		return fmt.Errorf("it has granted to others what it was granted itself, and they would lose it: where that may be, run %s CASCADE, then run this again: %w", refusedPart(statement, role, err), err)
	}
	return fmt.Errorf("%s: %w", statement, err)
}

const dependentPrivileges = "2BP01"

// refusedPart is the REVOKE that was refused: statement, or what a block had come to.
func refusedPart(statement, role string, err error) string {
	const revoke = "REVOKE ALL ON "
	var pg *pgconn.PgError
	if strings.HasPrefix(statement, revoke) || !errors.As(err, &pg) {
		return statement
	}
	_, from, _ := strings.Cut(pg.Where, revoke)
	what, _, found := strings.Cut(from, " FROM ")
	if !found {
		return statement
	}
	return revoke + what + " FROM " + quoted(role)
}

// make makes the role, or gives it its password, where it can't log in. What goes to the
// server, and perhaps into its log, is not the password but what it is checked by.
func (a *applying) make(ctx context.Context, l login) error {
	var exists, ours bool
	err := a.tx.QueryRowContext(ctx, `SELECT count(*) > 0,
  coalesce(bool_or(EXISTS (SELECT FROM pg_class AS c, aclexplode(c.relacl) AS x WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = $2) AND x.grantee = r.oid)), false)
FROM pg_roles AS r WHERE rolname = $1`, l.role, a.tasks).Scan(&exists, &ours)
	if err != nil {
		return mapErr(ctx, err)
	}
	if err := a.mighty(ctx, l.role); err != nil {
		return err
	}
	code := sqlState(l.refused)
	switch {
	case !exists:
		return a.password(ctx, l, "CREATE")
	case l.refused == nil, code == insufficientPrivilege: // its password is right; lookIn says what it may not
		return nil
	case !strings.HasPrefix(code, "28"):
		return fmt.Errorf("whether its password is right could not be found out, nothing was changed: %w", l.refused)
	case !ours:
		return fmt.Errorf("it was there, has another password than its address and no rights on the tables: perhaps it is somebody else's; name another user, or have somebody run ALTER ROLE %s LOGIN PASSWORD '…', then run this again", quoted(l.role))
	}
	return a.password(ctx, l, "ALTER")
}

func (a *applying) password(ctx context.Context, l login, verb string) error {
	statement := verb + " ROLE " + quoted(l.role) + " LOGIN"
	if l.password != "" {
		v, err := scramVerifier(l.password)
		if err != nil {
			return err
		}
		statement += " PASSWORD '" + v + "'"
	}
	a.made = append(a.made, l.role)
	err := a.exec(ctx, statement)
	if sqlState(err) == insufficientPrivilege {
		return fmt.Errorf("it can't log in, and the user in DATABASE_URL may not make roles (CREATEROLE): have somebody who may run %s ROLE %s LOGIN PASSWORD '…', then run this again", verb, quoted(l.role))
	}
	return a.hosted(err)
}

// hosted says what helps where a provider, as Neon does, refuses passwords that are hashed already, at once or at the end of the transaction.
func (a *applying) hosted(err error) error {
	if code := sqlState(err); len(a.made) == 0 || code == "" || code == insufficientPrivilege {
		return err
	}
	return fmt.Errorf("the server makes or changes no role %s: %w; where it refuses the password because it is hashed, as Neon does, run CREATE ROLE … LOGIN PASSWORD '…' as plain SQL yourself "+
		"(a role of Neon's console has too many rights), then run this again, which then only grants", strings.Join(a.made, ", "), err)
}

// lookIn connects with each address and finds out whether the tables are where it looks for them.
func (a *applying) lookIn(ctx context.Context, logins []login) error {
	var errs []error
	for _, l := range logins {
		var found bool
		err := connect(ctx, l.cfg, func(ctx context.Context, c *pgx.Conn) error {
			return c.QueryRow(ctx, "SELECT coalesce(to_regclass('tasks') = $1::oid, false)", a.tasks).Scan(&found)
		})
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("role %q of %s has its rights, but its address does not connect: %w", l.role, l.part, err))
		case !found:
			errs = append(errs, fmt.Errorf("role %q of %s has its rights, but does not find the tables, which are in the schema %s: run ALTER ROLE %s SET search_path = %s, or add search_path=%s to its address, which poolers refuse",
				l.role, l.part, a.schema, quoted(l.role), quoted(a.schema), strings.ReplaceAll(url.QueryEscape(quoted(a.schema)), "+", "%20")))
		}
	}
	return errors.Join(errs...)
}

func (a *applying) exec(ctx context.Context, statement string) error {
	_, err := a.tx.ExecContext(ctx, statement)
	if sqlState(err) == insufficientPrivilege {
		return err
	}
	return mapErr(ctx, err)
}

// scramVerifier is a password as PostgreSQL stores it.
func scramVerifier(password string) (string, error) {
	const iterations = 4096 // the server's own
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	client, err := scram.SHA256.NewClient("", password, "")
	if err != nil {
		return "", fmt.Errorf("its password has characters that no password may have: %w", err)
	}
	c, err := client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: string(salt), Iters: iterations})
	if err != nil {
		return "", err
	}
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, b64(salt), b64(c.StoredKey), b64(c.ServerKey)), nil
}
