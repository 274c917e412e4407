package sqlstore

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tasktide/tasktide/core/domain"
)

// The parts of the system that are no service and have a database role of their own.
const (
	Operator   = "operator"    // the command line
	StateStore = "state-store" // the sidecars' component
)

// Parts are all who can have a role of their own. The owner of the tables is none of
// them: the owner migrates and says who may do what.
func Parts() []string { return slices.Sorted(maps.Keys(rights())) }

// grants are the rights of one part on tables and their columns; what is not named is
// refused. FOR UPDATE and FOR SHARE need the right to update a column, RETURNING and ON
// CONFLICT (…) that to read.
type grants map[string]string

// rights is the whole table. Nobody may change an entry of the audit trail: only
// audit-service adds one, only an erasure removes it.
func rights() map[string]grants {
	return map[string]grants{
		string(domain.BackendAPI): with(relaying, grants{
			"tasks":            "SELECT, INSERT, UPDATE, DELETE",
			"events":           "SELECT, INSERT, DELETE",
			"user_streams":     "SELECT, INSERT, UPDATE (position, erased)",
			"audit_logs":       "SELECT, DELETE",
			"dead_letters":     "SELECT, UPDATE (redrive_at), DELETE",
			"notifications":    "SELECT, UPDATE (read), DELETE",
			"preferences":      "SELECT, INSERT, UPDATE, DELETE",
			"idempotency_keys": "SELECT, INSERT, DELETE",
			"accounts":         "SELECT, INSERT, UPDATE, DELETE",
			"sessions":         "SELECT, INSERT, UPDATE, DELETE",
			"sign_up_codes":    "SELECT, INSERT, DELETE",
			"signing_keys":     "SELECT, INSERT, UPDATE (tokens_until), DELETE",
			"dapr_state":       "SELECT, DELETE",
		}),
		string(domain.AuditService): with(consuming, grants{
			"audit_logs":   "INSERT",
			"user_streams": "SELECT",
		}),
		string(domain.RecurringService): with(consuming, grants{
			"tasks":        "SELECT, INSERT",
			"events":       "SELECT, INSERT",
			"user_streams": "SELECT, INSERT, UPDATE (position)",
			"outbox":       "INSERT",
		}),
		string(domain.NotificationService): with(relaying, grants{
			"tasks": "SELECT (user_id, id, version, title, due_date, reminder_at, reminder_sent, completed, updated_at), " +
				"UPDATE (reminder_sent, version, updated_at)",
			"events":        "SELECT, INSERT",
			"user_streams":  "SELECT, INSERT, UPDATE (position)",
			"notifications": "SELECT (user_id, id, task_id, reminder_at), INSERT",
		}),
		string(domain.WebsocketService): with(consuming, grants{
			"events":       "SELECT",
			"user_streams": "SELECT",
		}),
		Operator: with(everybody, grants{
			"tasks":            "SELECT, UPDATE (updated_at), DELETE", // to lock what is erased
			"events":           "SELECT, DELETE",
			"user_streams":     "SELECT, INSERT, UPDATE (erased)",
			"outbox":           "SELECT, DELETE",
			"relay_leases":     "SELECT",
			"audit_logs":       "SELECT, DELETE",
			"dead_letters":     "SELECT, UPDATE (redrive_at), DELETE",
			"notifications":    "SELECT, DELETE",
			"preferences":      "SELECT, DELETE",
			"idempotency_keys": "SELECT, DELETE",
			"accounts":         "SELECT, INSERT, UPDATE, DELETE",
			"sessions":         "SELECT, INSERT, DELETE",
			"sign_up_codes":    "SELECT, DELETE",
			"signing_keys":     "SELECT, INSERT, UPDATE (tokens_until), DELETE",
			"dapr_state":       "SELECT, DELETE",
		}),
		StateStore: {
			"dapr_state": "SELECT, INSERT, UPDATE, DELETE",
			DaprMetadata: "SELECT, INSERT, UPDATE",
		},
	}
}

var (
	// everybody asks for the schema's version, knows the epoch, and finds out by a
	// write that changes nothing whether a full disk has room again.
	everybody = grants{"goose_db_version": "SELECT", "stream_epoch": "SELECT, UPDATE (id)"}

	consuming = with(everybody, grants{
		"dapr_state":   "SELECT, INSERT, UPDATE",
		"dead_letters": "SELECT, INSERT, UPDATE (attempts, error, reason, last_failed, redrive_at), DELETE",
	})

	relaying = with(everybody, grants{
		"outbox":        "SELECT, INSERT, DELETE",
		"relay_leases":  "SELECT, INSERT, UPDATE, DELETE",
		"relay_members": "SELECT, INSERT, DELETE",
	})
)

func with(base, more grants) grants {
	out := maps.Clone(base)
	maps.Copy(out, more)
	return out
}

// daprSchema is where a state store with a role of its own keeps its notes: daprd makes
// that table unless it is there, for which it needs to be able to make tables.
const daprSchema = "tasktide_dapr"

// DaprMetadata is the metadataTableName of such a state store.
const DaprMetadata = daprSchema + ".dapr_metadata"

// daprTables does what daprd's own migrations would, which only the owner of the table
// can: state.postgresql v1 as of 1.18, see 0003_dapr_state.up.sql. Where it is done already,
// IF NOT EXISTS would still lock the table against everybody, and ask for the right to make
// a schema.
func daprTables(schema string) []string {
	state := qualified(schema, "dapr_state")
	return []string{
		"DO $tasktide$ BEGIN IF to_regclass(" + literal(qualified(schema, "dapr_state_row_id_uidx")) + ") IS NULL THEN " +
			"ALTER TABLE " + state + " ADD COLUMN IF NOT EXISTS row_id bigint GENERATED BY DEFAULT AS IDENTITY; " +
			"CREATE UNIQUE INDEX dapr_state_row_id_uidx ON " + state + " (row_id); END IF; END $tasktide$",
		"DO $tasktide$ BEGIN IF to_regnamespace('" + daprSchema + "') IS NULL THEN CREATE SCHEMA " + daprSchema + "; END IF; END $tasktide$",
		"CREATE TABLE IF NOT EXISTS " + DaprMetadata + " (key text NOT NULL PRIMARY KEY, value text NOT NULL)",
		"INSERT INTO " + DaprMetadata + " AS have SELECT key, greatest(3, value::int)::text FROM " + qualified(schema, "dapr_metadata") +
			" WHERE key = 'migrations' ON CONFLICT (key) DO UPDATE SET value = greatest(have.value::int, excluded.value::int)::text",
	}
}

// guarded are the tables of the system: all that parts have rights on, and what is daprd's alone.
func guarded() []string {
	all := map[string]bool{"dapr_metadata": true}
	for _, of := range rights() {
		for table := range of {
			all[table] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// right is one entry of grants: on a column, or, where that is empty, on the whole table.
type right struct{ table, privilege, column string }

func (r right) String() string {
	if r.column == "" {
		return r.privilege + " on " + r.table
	}
	return r.privilege + " on " + r.table + " (" + r.column + ")"
}

var oneGrant = regexp.MustCompile(`([A-Z]+)(?: \(([^)]*)\))?`)

func rightsOf(part string) map[right]bool {
	out := map[right]bool{}
	for table, list := range rights()[part] {
		for _, m := range oneGrant.FindAllStringSubmatch(list, -1) {
			for _, column := range strings.Split(m[2], ", ") {
				out[right{table, m[1], column}] = true
			}
		}
	}
	return out
}

// GrantSQL is what gives role exactly the rights of part, on tables in schema. What
// somebody else has in the same schema is not ours to give or take.
func GrantSQL(part, role, schema string) ([]string, error) {
	of, ok := rights()[part]
	if !ok {
		return nil, fmt.Errorf("%q has no database role: choose one of %s", part, strings.Join(Parts(), ", "))
	}
	ours := "SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || oid::regclass FROM pg_class WHERE relnamespace IN (" + literal(quoted(schema)) +
		"::regnamespace, to_regnamespace('" + daprSchema + "')) AND relkind IN ('r', 'p', 'v', 'm', 'S') AND pg_has_role(relowner, 'USAGE') " +
		"UNION ALL SELECT 'SCHEMA ' || nspname FROM pg_namespace WHERE nspname = '" + daprSchema + "' AND pg_has_role(nspowner, 'USAGE')"
	role = quoted(role)
	out := []string{
		"DO $tasktide$ DECLARE what text; BEGIN FOR what IN " + ours + " LOOP EXECUTE 'REVOKE ALL ON ' || what || " + literal(" FROM "+role) + "; END LOOP; END $tasktide$",
		"REVOKE ALL ON SCHEMA " + quoted(schema) + " FROM " + role,
		"GRANT USAGE ON SCHEMA " + quoted(schema) + " TO " + role,
	}
	if part == StateStore {
		out = append(out, daprTables(schema)...)
		out = append(out, "GRANT USAGE, CREATE ON SCHEMA "+daprSchema+" TO "+role)
	}
	for _, table := range slices.Sorted(maps.Keys(of)) {
		out = append(out, "GRANT "+of[table]+" ON "+qualified(schema, table)+" TO "+role)
	}
	return out, nil
}

// qualified is table with its schema, unless it names one.
func qualified(schema, table string) string {
	if strings.Contains(table, ".") {
		return table
	}
	return quoted(schema) + "." + table
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
