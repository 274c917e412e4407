package sqlstore

import (
	"strings"

	"github.com/tasktide/tasktide/core/domain"
)

// sortKey is an expression of the order, its value in the mark of a page, and
// its direction.
type sortKey struct {
	expr  string
	value any
	up    bool
}

// rank and plain as migration 0006 has them in the index tasks_rank.
const (
	rankExpr  = "(CASE t.priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 ELSE 0 END)"
	plainExpr = "(CASE WHEN t.doc IS NULL THEN 1 ELSE 0 END)"
)

func (db *DB) rank() string  { return db.pick(rankExpr, "t.rank") }
func (db *DB) plain() string { return db.pick(plainExpr, "t.plain") }

// orderOf are the keys of the whole list.
func orderOf(q *domain.TaskQuery) []sortKey {
	var m domain.TaskMark
	if q.After != nil {
		m = *q.After
	}
	id := sortKey{"t.id", m.ID, q.Ascending}
	switch q.SortBy {
	case domain.SortDueDate:
		none := 0
		if m.DueDate == nil {
			none = 1
		}
		keys := []sortKey{{"CASE WHEN t.due_date IS NULL THEN 1 ELSE 0 END", none, true}}
		if q.After == nil || m.DueDate != nil { // a mark without a due date is among those without
			keys = append(keys, sortKey{"t.due_date", stampOf(m.DueDate), q.Ascending})
		}
		return append(keys, id)
	case domain.SortPriority:
		return []sortKey{{"t.rank", m.Priority.Rank(), q.Ascending}, id}
	case domain.SortTitle:
		return []sortKey{{"t.title", m.Title, q.Ascending}, id}
	}
	return []sortKey{{"t.created_at", stamp(m.CreatedAt), q.Ascending}, id}
}

func orderBy(keys []sortKey) string {
	var out []string
	for _, k := range keys {
		if k.up {
			out = append(out, k.expr+" ASC")
		} else {
			out = append(out, k.expr+" DESC")
		}
	}
	return " ORDER BY " + strings.Join(out, ", ")
}

// statement is SQL with its arguments, for bun.
type statement struct {
	strings.Builder
	args []any
}

func (s *statement) add(sql string, args ...any) *statement {
	_, _ = s.WriteString(sql)
	s.args = append(s.args, args...)
	return s
}

func (s *statement) put(other *statement) *statement { return s.add(other.String(), other.args...) }

// after keeps what comes behind the mark: a > x OR (a = x AND (b > y OR …)).
func (s *statement) after(keys []sortKey) {
	for i, k := range keys {
		s.add("("+k.expr+sign(k)+"?", k.value)
		if i < len(keys)-1 {
			s.add(" OR ("+k.expr+" = ? AND ", k.value)
		}
	}
	s.add(")" + strings.Repeat("))", len(keys)-1))
}

// afterRow is after for keys of one direction, as an index understands it.
func (s *statement) afterRow(keys []sortKey) {
	var exprs, marks []string
	for _, k := range keys {
		exprs, marks = append(exprs, k.expr), append(marks, "?")
		s.args = append(s.args, k.value)
	}
	s.add("(" + strings.Join(exprs, ", ") + ")" + sign(keys[0]) + "(" + strings.Join(marks, ", ") + ")")
}

func sign(k sortKey) string {
	if k.up {
		return " > "
	}
	return " < "
}
