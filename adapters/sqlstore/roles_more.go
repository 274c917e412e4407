package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A role may do what it was granted, what everybody (PUBLIC) may, and what each role may
// that it is a member of: at once where it inherits that, else after SET ROLE. All of that,
// on the system's tables, is looked at here.

// mighty refuses a role to which nothing would be refused. What it is a member of counts:
// it could become that.
func (a *applying) mighty(ctx context.Context, role string) error {
	var as string
	err := a.tx.QueryRowContext(ctx, `SELECT coalesce((SELECT m.rolname FROM pg_roles AS r, pg_roles AS m WHERE r.rolname = $1 AND pg_has_role(r.oid, m.oid, 'MEMBER') AND
  (m.rolsuper OR m.rolcreaterole OR m.rolbypassrls OR m.rolreplication OR m.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')
   OR m.oid IN (SELECT relowner FROM pg_class WHERE oid = $2 UNION SELECT nspowner FROM pg_namespace WHERE nspname = $3 UNION SELECT datdba FROM pg_database WHERE datname = current_database()))
ORDER BY m.oid <> r.oid, m.rolname LIMIT 1), '')`, role, a.tasks, a.schema).Scan(&as)
	if err != nil || as == "" {
		return mapErr(ctx, err)
	}
	who := "it"
	if as != role {
		who = fmt.Sprintf("it is a member of %q, which", as)
	}
	return fmt.Errorf("%s owns the tables, their schema or the database, is a superuser, or may make roles, pass by policies, replicate or reach the server's files, so that nothing would be refused to it: name another user", who)
}

// verify refuses a role that may make tables in the schema, as everybody may on servers
// before PostgreSQL 15: who may, can put a function in the way of others.
func (a *applying) verify(ctx context.Context, role string) error {
	const may = "SELECT coalesce(bool_or(has_schema_privilege(m.oid, $2::text, 'CREATE')), false) FROM pg_roles AS m WHERE pg_has_role($1::name, m.oid, 'MEMBER')"
	var creates bool
	err := a.tx.QueryRowContext(ctx, may, role, a.schema).Scan(&creates)
	if err == nil && creates {
		err = a.exec(ctx, "REVOKE CREATE ON SCHEMA "+quoted(a.schema)+" FROM PUBLIC")
		if err == nil {
			err = a.tx.QueryRowContext(ctx, may, role, a.schema).Scan(&creates)
		}
		if err == nil && creates || sqlState(err) == insufficientPrivilege {
			return fmt.Errorf("it may make tables in the schema %s, as everybody (PUBLIC) may, or a role that it is a member of: have the schema's owner run REVOKE CREATE ON SCHEMA %s FROM PUBLIC, or from that role, then run this again",
				a.schema, quoted(a.schema))
		}
	}
	return mapErr(ctx, err)
}

// alone refuses a role that may still do more on the system's tables than its part.
func (a *applying) alone(ctx context.Context, l login) error {
	rows, err := a.tx.QueryContext(ctx, effective, l.role, a.schema, strings.Join(guarded(), ","))
	if err != nil {
		return mapErr(ctx, err)
	}
	defer func() { _ = rows.Close() }()
	its := rightsOf(l.part)
	var more []string
	for rows.Next() {
		var has right
		if err := rows.Scan(&has.table, &has.privilege, &has.column); err != nil {
			return mapErr(ctx, err)
		}
		if its[has] || its[right{has.table, has.privilege, ""}] {
			continue
		}
		more = append(more, has.String())
	}
	if err := rows.Err(); err != nil {
		return mapErr(ctx, err)
	}
	if len(more) > 0 {
		return fmt.Errorf("it has rights that are not its part's (%s), as everybody (PUBLIC) has, or a role that it is a member of, or as somebody else granted them: take them away there, or name another user, then run this again",
			abridged(more))
	}
	return nil
}

// effective are all rights of the role $1 on the tables $3 of the schema $2, and on the
// sequences behind them; those on columns only where it has none on the table.
const effective = `WITH them AS (SELECT oid FROM pg_roles WHERE pg_has_role($1::name, oid, 'MEMBER')),
named AS (SELECT c.oid, CASE n.nspname WHEN $2::text THEN '' ELSE n.nspname || '.' END || c.relname AS name, c.relkind FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE CASE n.nspname WHEN $2::text THEN '' ELSE n.nspname || '.' END || c.relname = ANY(string_to_array($3::text, ',')) AND c.relkind IN ('r', 'p')),
whole AS (SELECT t.oid, t.name, p.privilege FROM named AS t, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']
    || CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ARRAY['MAINTAIN'] ELSE '{}'::text[] END) AS p(privilege)
  WHERE EXISTS (SELECT FROM them WHERE has_table_privilege(them.oid, t.oid, p.privilege)))
SELECT name, privilege, '' FROM whole
UNION ALL
SELECT t.name, p.privilege, c.attname FROM named AS t JOIN pg_attribute AS c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped,
  unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p(privilege)
  WHERE NOT EXISTS (SELECT FROM whole AS w WHERE w.oid = t.oid AND w.privilege = p.privilege)
    AND EXISTS (SELECT FROM them WHERE has_column_privilege(them.oid, t.oid, c.attnum, p.privilege))
UNION ALL
SELECT s.oid::regclass::text, p.privilege, '' FROM named AS t JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.classid = 'pg_class'::regclass
  JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S', unnest(ARRAY['SELECT', 'UPDATE', 'USAGE']) AS p(privilege)
  WHERE EXISTS (SELECT FROM them WHERE has_sequence_privilege(them.oid, s.oid, p.privilege))
ORDER BY 1, 2, 3`

// abridged is a list for a message: a role that reads all data would fill the screen.
func abridged(list []string) string {
	const most = 8
	if n := len(list); n > most {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	}
	return strings.Join(list, ", ")
}

// Unnamed is a role that has rights on the tables although no login is its: of an address
// that was changed, or somebody else's.
type Unnamed struct {
	Role string
	Owns bool // it has tables or the like of its own in this database
}

// UnnamedRoles are all such roles, but not the user that asks, nor who may become the
// owner of the tables: they administer. A role that only has rights where state stores keep
// their notes is of another installation in the same database. Nothing takes their rights
// away but their owner does.
func UnnamedRoles(ctx context.Context, db *DB, logins []Login) ([]Unnamed, error) {
	if !db.postgres() {
		return nil, ErrNoRoles
	}
	var known []string
	for _, l := range logins {
		cfg, err := readLogin(l)
		if err != nil {
			return nil, err
		}
		known = append(known, cfg.User)
	}
	rows, err := db.pool().QueryContext(ctx, `WITH ours AS (SELECT c.oid, c.relacl, c.relowner FROM pg_class AS c, pg_class AS tasks
  WHERE tasks.oid = to_regclass('tasks') AND c.relowner = tasks.relowner AND c.relnamespace = tasks.relnamespace)
SELECT r.rolname, EXISTS (SELECT FROM pg_shdepend AS d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o' AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()))
FROM pg_roles AS r WHERE r.oid IN (
  SELECT x.grantee FROM ours, aclexplode(relacl) AS x
  UNION SELECT x.grantee FROM ours JOIN pg_attribute AS c ON c.attrelid = ours.oid, aclexplode(c.attacl) AS x)
AND r.rolname NOT IN (session_user, current_user) AND NOT EXISTS (SELECT FROM ours WHERE pg_has_role(r.oid, relowner, 'MEMBER'))
ORDER BY 1`)
	if err != nil {
		return nil, mapErr(ctx, err)
	}
	defer func() { _ = rows.Close() }()
	var out []Unnamed
	for rows.Next() {
		var u Unnamed
		if err := rows.Scan(&u.Role, &u.Owns); err != nil {
			return nil, mapErr(ctx, err)
		}
		if !slices.Contains(known, u.Role) {
			out = append(out, u)
		}
	}
	return out, mapErr(ctx, rows.Err())
}

// RemoveSQL removes a role with its rights, and what it owns in this database. Who made a
// role is not a member of it, as whoever drops what is owned by it must be.
func RemoveSQL(role string) []string {
	role = quoted(role)
	return []string{"GRANT " + role + " TO CURRENT_USER", "DROP OWNED BY " + role, "DROP ROLE " + role}
}
