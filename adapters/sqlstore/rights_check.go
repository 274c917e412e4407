package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tasktide/tasktide/core/domain"
)

// CheckRights returns an error, which says what to do, unless the role that db connects as may do all that service's
// role may. The owner of the tables may do everything, and so may who opens an SQLite file. All in one process ("") have no role:
// nothing but the connection is checked.
func CheckRights(ctx context.Context, db *DB, service domain.Service) error {
	if !db.postgres() {
		return nil
	}
	var tables, privileges, columns []string
	for _, r := range sortedRights(string(service)) {
		tables, privileges, columns = append(tables, r.table), append(privileges, r.privilege), append(columns, r.column)
	}
	rows, err := db.pool().QueryContext(ctx, lackingRights, tables, privileges, columns)
	if err != nil {
		return mapErr(ctx, err)
	}
	defer func() { _ = rows.Close() }()
	var role string
	var lacking []string
	for rows.Next() {
		var r right
		if err := rows.Scan(&role, &r.table, &r.privilege, &r.column); err != nil {
			return mapErr(ctx, err)
		}
		lacking = append(lacking, r.String())
	}
	if err := rows.Err(); err != nil || len(lacking) == 0 {
		return mapErr(ctx, err)
	}
	return domain.Misconfigured("database", fmt.Sprintf("the role in DATABASE_URL, %q, lacks rights of %s (%s): give each service its own address, and run tasktide roles apply as the owner of the tables",
		role, service, abridged(lacking)), nil)
}

// lackingRights has no row for a right that the role has by itself, by a role that it inherits, or by everybody's. A table that
// the role can't see is one that it may do nothing with.
const lackingRights = `SELECT current_user, r.tab, r.privilege, r.col FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS r (tab, privilege, col, n)
WHERE NOT coalesce(CASE r.col WHEN '' THEN has_table_privilege(to_regclass(r.tab), r.privilege) ELSE has_column_privilege(to_regclass(r.tab), r.col, r.privilege) END, false) ORDER BY r.n`

func sortedRights(part string) []right {
	var out []right
	for r := range rightsOf(part) {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b right) int {
		return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.privilege, b.privilege), cmp.Compare(a.column, b.column))
	})
	return out
}
