package sqlstore

import (
	"fmt"
	"slices"
	"strings"
)

// column is a column and its PostgreSQL type.
type column struct{ name, kind string }

func names(prefix string, lists ...[]column) string {
	var out []string
	for _, list := range lists {
		for _, c := range list {
			out = append(out, prefix+c.name)
		}
	}
	return strings.Join(out, ", ")
}

// bound writes the PostgreSQL parameters for the columns, from number first on.
func bound(first int, lists ...[]column) string {
	var out []string
	for i, c := range slices.Concat(lists...) {
		out = append(out, fmt.Sprintf("$%d::%s", first+i, c.kind))
	}
	return strings.Join(out, ", ")
}

// marks writes n parameters of SQLite.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// table is rows turned into columns, as the array parameters of unnest.
type table struct {
	columns []column
	arrays  []any
}

func newTable(columns []column) *table {
	t := &table{columns: columns, arrays: make([]any, len(columns))}
	for i, c := range columns {
		switch c.kind {
		case "bigint":
			t.arrays[i] = &[]int64{}
		case "boolean":
			t.arrays[i] = &[]bool{}
		default:
			t.arrays[i] = &[]*string{}
		}
	}
	return t
}

func (t *table) add(values []any) {
	for i, v := range values {
		switch a := t.arrays[i].(type) {
		case *[]int64:
			*a = append(*a, v.(int64))
		case *[]bool:
			*a = append(*a, v.(bool))
		case *[]*string:
			if s, ok := v.(string); ok {
				v = &s
			}
			*a = append(*a, v.(*string))
		}
	}
}

func (t *table) args() []any {
	out := make([]any, len(t.arrays))
	for i, a := range t.arrays {
		switch a := a.(type) {
		case *[]int64:
			out[i] = *a
		case *[]bool:
			out[i] = *a
		case *[]*string:
			out[i] = *a
		}
	}
	return out
}

// unnest is the FROM item "u" that gives the rows back, numbered by ord from 1.
func unnest(columns []column) string {
	var arrays []string
	for i, c := range columns {
		kind := "text"
		if c.kind == "bigint" || c.kind == "boolean" {
			kind = c.kind
		}
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", i+1, kind))
	}
	return fmt.Sprintf("unnest(%s) WITH ORDINALITY AS u(%s, ord)", strings.Join(arrays, ", "), names("", columns))
}

// casted are the columns of u with their types.
func casted(prefix string, columns []column) string {
	var out []string
	for _, c := range columns {
		out = append(out, prefix+c.name+"::"+c.kind)
	}
	return strings.Join(out, ", ")
}

// numbered turns PostgreSQL's parameters into SQLite's numbered ones.
func numbered(query string) string { return strings.ReplaceAll(query, "$", "?") }

// numberedFor is query, written with PostgreSQL's parameters, for db.
func numberedFor(db *DB, query string) string {
	if db.postgres() {
		return query
	}
	return numbered(query)
}
