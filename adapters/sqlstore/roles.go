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
	"github.com/xdg-go/scram"
)

// Login is the address by which one of Parts connects, its user being the part's role.
type Login struct{ Part, URL string }

// ErrNoRoles is for a database without users.
var ErrNoRoles = errors.New("DATABASE_URL leads to SQLite, which has no roles: whoever reads its file reads everything, so that it is its owner's alone")

// ApplyRoles makes the role of each login that is not there yet, gives it the password of
// its address unless it has that, and exactly the rights of its part: what it had beyond
// them on tables of this schema is taken away. All of it or nothing happens. db connects
// as the owner of the tables. Then it connects once with each address: an error that says
// which of them do not lead to the tables comes after all was done.
//
// It needs the right to make roles (CREATEROLE) only for roles that can't log in yet. Of a
// role that was there it changes the password only if it has rights on the tables already.
func ApplyRoles(ctx context.Context, db *DB, logins []Login) error {
	if !db.postgres() {
		return ErrNoRoles
	}
	var database string
	if err := db.pool().QueryRowContext(ctx, "SELECT current_database()").Scan(&database); err != nil {
		return mapErr(ctx, err)
	}
	all, err := readLogins(ctx, database, logins)
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

func readLogins(ctx context.Context, database string, logins []Login) ([]login, error) {
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
		read.refused = read.connect(ctx, func(context.Context, *pgx.Conn) error { return nil })
		out = append(out, read)
	}
	return out, nil
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
	if u.User.Username() == "" || u.User.Username() != cfg.User {
		return nil, fmt.Errorf("the address of %s names no user: it must be as postgres://user:password@host/database%s", l.Part, escapes)
	}
	return cfg, nil
}

func (l *login) connect(ctx context.Context, then func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := pgx.ConnectConfig(ctx, l.cfg)
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
	err := a.tx.QueryRowContext(ctx, `SELECT n.nspname, c.relowner::regrole::text, c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass('tasks')`).Scan(&a.schema, &a.owner, &a.tasks)
	if errors.Is(err, sql.ErrNoRows) {
		return errors.New("there are no tables yet: run tasktide migrate up first")
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
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	if err := a.verify(ctx, l.role); err != nil {
		return err
	}
	return a.alone(ctx, l)
}

// alone refuses a role that has rights on tables of other parts all the same: as everybody has them, or a role that it is a member of.
func (a *applying) alone(ctx context.Context, l login) error {
	var more string
	err := a.tx.QueryRowContext(ctx, `SELECT coalesce(string_agg(relname, ', ' ORDER BY relname), '') FROM pg_class
WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $2) AND relname = ANY(string_to_array($3, ',')) AND relkind IN ('r', 'p')
  AND (has_table_privilege($1, oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR has_any_column_privilege($1, oid, 'SELECT, INSERT, UPDATE, REFERENCES'))`,
		l.role, a.schema, strings.Join(tablesOfOthers(l.part), ",")).Scan(&more)
	if err == nil && more != "" {
		return fmt.Errorf("it has rights on tables that are not its part's (%s), as everybody (PUBLIC) has, or a role that it is a member of: take them away there, or name another user, then run this again", more)
	}
	return mapErr(ctx, err)
}

// make makes the role, or gives it its password, where it can't log in. What goes to the
// server, and perhaps into its log, is not the password but what it is checked by.
func (a *applying) make(ctx context.Context, l login) error {
	var exists, mighty, ours bool
	err := a.tx.QueryRowContext(ctx, `SELECT count(*) > 0, coalesce(bool_or(rolsuper OR rolcreaterole OR rolbypassrls OR pg_has_role(oid, $2::regrole, 'MEMBER')), false),
  coalesce(bool_or(EXISTS (SELECT FROM pg_class AS c, aclexplode(c.relacl) AS x WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = $3) AND x.grantee = r.oid)), false)
FROM pg_roles AS r WHERE rolname = $1`, l.role, a.owner, a.tasks).Scan(&exists, &mighty, &ours)
	code := sqlState(l.refused)
	switch {
	case err != nil:
		return mapErr(ctx, err)
	case mighty:
		return errors.New("it owns the tables, is a superuser or may make roles, so that nothing would be refused to it: name another user")
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
		err := l.connect(ctx, func(ctx context.Context, c *pgx.Conn) error {
			return c.QueryRow(ctx, "SELECT coalesce(to_regclass('tasks') = $1::oid, false)", pgx.QueryExecModeExec, a.tasks).Scan(&found)
		})
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("role %q of %s has its rights, but its address does not connect: %w", l.role, l.part, err))
		case !found:
			errs = append(errs, fmt.Errorf("role %q of %s has its rights, but does not find the tables, which are in the schema %s: run ALTER ROLE %s SET search_path = %s, or add search_path=%s to its address",
				l.role, l.part, a.schema, quoted(l.role), quoted(a.schema), strings.ReplaceAll(url.QueryEscape(quoted(a.schema)), "+", "%20")))
		}
	}
	return errors.Join(errs...)
}

// verify refuses a schema in which everybody may make tables, as those of servers before
// PostgreSQL 15: who may, can put a function in the way of others.
func (a *applying) verify(ctx context.Context, role string) error {
	var creates bool
	err := a.tx.QueryRowContext(ctx, "SELECT has_schema_privilege($1, $2, 'CREATE')", role, a.schema).Scan(&creates)
	if err == nil && creates {
		err = a.exec(ctx, "REVOKE CREATE ON SCHEMA "+quoted(a.schema)+" FROM PUBLIC")
		if err == nil {
			err = a.tx.QueryRowContext(ctx, "SELECT has_schema_privilege($1, $2, 'CREATE')", role, a.schema).Scan(&creates)
		}
		if err == nil && creates || sqlState(err) == insufficientPrivilege {
			return fmt.Errorf("everybody may make tables in the schema %s: have its owner run REVOKE CREATE ON SCHEMA %s FROM PUBLIC, then run this again", a.schema, quoted(a.schema))
		}
	}
	return mapErr(ctx, err)
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
