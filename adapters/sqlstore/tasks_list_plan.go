package sqlstore

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tasktide/tasktide/core/domain"
)

// listing is one call of List.
type listing struct {
	db   *DB
	user string
	q    domain.TaskQuery
	keys []sortKey
}

// stretch is walked along an index: in each branch the rows lie in the order of keys,
// which is the order of the list in this part of it.
type stretch struct {
	index    string
	branches []branch
	keys     []sortKey
	marked   bool // the page begins behind the mark's keys
}

// branch is a condition on the columns of the index before those of the order.
type branch struct {
	where string
	args  []any
}

// walks are the parts of the list, one behind the other.
func (l *listing) walks() []stretch {
	marked := l.q.After != nil
	switch l.q.SortBy {
	case domain.SortTitle:
		return []stretch{{"tasks_title", []branch{{where: "1 = 1"}}, l.keys, marked}}
	case domain.SortPriority:
		keys := []sortKey{{l.db.rank(), l.keys[0].value, l.keys[0].up}, l.keys[1]}
		one := branch{where: "1 = 1"}
		if l.q.Priority != nil {
			one = branch{l.db.rank() + " = ? AND t.priority = ?", []any{l.q.Priority.Rank(), string(*l.q.Priority)}}
		}
		indexed, plain := one, one
		indexed.where = l.db.plain() + " = 0 AND " + one.where
		plain.where = l.db.plain() + " = 1 AND " + one.where
		return []stretch{{"tasks_rank", []branch{indexed, plain}, keys, marked}}
	case domain.SortDueDate:
		dated := stretch{"tasks_due", []branch{l.due()}, l.keys[1:], marked}
		id := l.keys[len(l.keys)-1]
		// PostgreSQL does not see that what IS NULL needs no sorting.
		undated := stretch{"tasks_due", []branch{{where: "t.due_date IS NULL"}}, []sortKey{{"t.due_date", nil, id.up}, id}, false}
		switch {
		case l.q.DueBefore != nil || l.q.DueAfter != nil:
			if marked && l.q.After.DueDate == nil {
				dated.branches = []branch{{where: "1 = 0"}}
			}
			return []stretch{dated}
		case marked && l.q.After.DueDate == nil:
			undated.branches[0] = branch{"t.due_date IS NULL AND t.id" + sign(id) + "?", []any{id.value}}
			return []stretch{undated}
		}
		return []stretch{dated, undated}
	}
	w := stretch{"tasks_created", nil, l.keys, marked}
	for _, completed := range []bool{false, true} {
		if l.q.Status == nil || *l.q.Status == statusOf(completed) {
			w.branches = append(w.branches, branch{"t.completed = ?", []any{completed}})
		}
	}
	if w.branches == nil {
		w.branches = []branch{{where: "1 = 0"}}
	}
	return []stretch{w}
}

func statusOf(completed bool) string {
	if completed {
		return "completed"
	}
	return "pending"
}

func (l *listing) due() branch {
	b := branch{where: "t.due_date IS NOT NULL"}
	if l.q.DueBefore != nil {
		b.where, b.args = b.where+" AND t.due_date < ?", append(b.args, before(*l.q.DueBefore))
	}
	if l.q.DueAfter != nil {
		b.where, b.args = b.where+" AND t.due_date > ?", append(b.args, stamp(*l.q.DueAfter))
	}
	return b
}

// dropped are the filters that the walk itself does not apply.
func (l *listing) dropped() *statement {
	q, s := l.q, &statement{}
	switch q.SortBy {
	case domain.SortDueDate:
		q.DueBefore, q.DueAfter = nil, nil
	case domain.SortPriority:
		q.Priority = nil
	case domain.SortTitle:
	default:
		q.Status = nil
	}
	s.filter(l.db, &q)
	return s
}

// walked is the page as far as walks of so many rows find it. A walk that drops
// rows reads no more of a row than the filters ask for.
func (l *listing) walked(stretches []stretch, bound int) *statement {
	rest := l.dropped()
	page := &statement{}
	for i, w := range stretches {
		if i > 0 {
			page.add(" UNION ALL ")
		}
		page.add("SELECT * FROM (")
		switch {
		case rest.Len() == 0:
			l.along(page, w, l.columns(), l.q.Limit+1)
		case l.db.postgres():
			page.add("SELECT t.* FROM (")
			l.along(page, w, l.narrow(), bound)
			page.add(") AS t WHERE 1 = 1").put(rest).add(outside(orderBy(w.keys), l.db)+" LIMIT ?", l.q.Limit+1)
		default: // an order would make SQLite sort
			l.signedWalk(page, w, bound)
			page.put(rest).add(" LIMIT ?", l.q.Limit+1)
		}
		page.add(") AS t")
	}
	if rest.Len() == 0 || !l.db.postgres() {
		return l.around(page)
	}
	return l.around(l.joined(page))
}

// signedWalk reads whole rows of SQLite: of bound that it walks those that their
// signatures do not rule out, and of these no more than are cheap to look at.
func (l *listing) signedWalk(s *statement, w stretch, bound int) {
	s.add("SELECT " + l.joinedColumns("t.") + " FROM (SELECT t.user_id, t.id FROM (")
	l.along(s, w, "t.user_id, t.id, "+l.sorted()+", t.signature_low, t.signature_high", bound)
	s.add(") AS t WHERE 1 = 1").signed("t", signatureFor(&l.q))
	s.add(" LIMIT ?) AS p CROSS JOIN tasks AS t ON t.user_id = p.user_id AND t.id = p.id WHERE 1 = 1", l.db.looked())
}

// along reads bound rows of a stretch. PostgreSQL merges branches that end by
// themselves, SQLite any.
func (l *listing) along(s *statement, w stretch, columns string, bound int) {
	order := orderBy(w.keys)
	if len(w.branches) == 1 {
		l.branch(s, &w, w.branches[0], columns)
		s.add(order+" LIMIT ?", bound)
		return
	}
	for i, b := range w.branches {
		if i > 0 {
			s.add(" UNION ALL ")
		}
		if l.db.postgres() {
			s.add("(")
		}
		l.branch(s, &w, b, columns)
		if l.db.postgres() {
			s.add(order+" LIMIT ?)", bound)
		}
	}
	s.add(outside(order, l.db)+" LIMIT ?", bound)
}

// joined are the whole rows of a page of keys.
func (l *listing) joined(page *statement) *statement {
	return (&statement{}).add("SELECT " + l.joinedColumns("p.") + " FROM (").put(page).add(") AS p JOIN tasks AS t ON t.user_id = p.user_id AND t.id = p.id")
}

// joinedColumns are those of a task, with the rank of what from names.
func (l *listing) joinedColumns(from string) string {
	if l.q.SortBy == domain.SortPriority {
		return names("t.", listColumns) + ", " + from + "rank"
	}
	return names("t.", listColumns)
}

// outside turns expressions of the table into columns of a subquery.
func outside(order string, db *DB) string {
	return strings.ReplaceAll(strings.ReplaceAll(order, db.rank(), "rank"), "t.", "")
}

func (l *listing) branch(s *statement, w *stretch, b branch, columns string) {
	s.add("SELECT " + columns + " FROM tasks AS t")
	if !l.db.postgres() {
		s.add(" INDEXED BY " + w.index)
	}
	s.add(" WHERE t.user_id = ? AND "+b.where, append([]any{l.user}, b.args...)...)
	if w.marked {
		s.add(" AND ").afterRow(w.keys)
	}
}

// sorted is the column of the list's order.
func (l *listing) sorted() string {
	switch l.q.SortBy {
	case domain.SortDueDate:
		return "t.due_date"
	case domain.SortPriority:
		return l.db.rank() + " AS rank"
	case domain.SortTitle:
		return "t.title"
	}
	return "t.created_at"
}

// narrow are the columns of a walk: its keys, and what filters ask for.
func (l *listing) narrow() string {
	out := "t.user_id, t.id, " + l.sorted()
	ask := func(asked bool, column string) {
		if asked && column != l.sorted() {
			out += ", " + column
		}
	}
	ask(l.q.Status != nil, "t.completed")
	ask(l.q.Priority != nil, "t.priority")
	ask(l.q.Category != nil, "t.category")
	ask(l.q.DueBefore != nil || l.q.DueAfter != nil, "t.due_date")
	ask(l.q.Search != "", "t.search_text")
	ask(len(l.q.Tags) > 0, "t.tags")
	return out
}

// columns are those of a subquery.
func (l *listing) columns() string {
	if l.q.SortBy == domain.SortPriority {
		return names("t.", taskColumns[:]) + ", " + l.db.rank() + " AS rank"
	}
	return names("t.", taskColumns[:])
}

// gathered is the page, or the whole list, by way of the filters. What a page
// does not need is not read: first come ids and what they are sorted by.
func (l *listing) gathered() *statement {
	if l.q.Limit == 0 && l.q.Search == "" && len(l.q.Tags) == 0 {
		all := &statement{}
		l.all(all, "", l.columns())
		all.filter(l.db, &l.q)
		if l.q.After != nil {
			all = (&statement{}).add("SELECT * FROM (").put(all).add(") AS t WHERE ")
			all.after(l.keys)
		}
		return l.around(all)
	}
	page := &statement{}
	page.add("SELECT * FROM matching AS t")
	if l.q.After != nil {
		page.add(" WHERE ").after(l.keys)
	}
	page.add(orderBy(l.keys))
	if l.q.Limit > 0 {
		page.add(" LIMIT ?", l.q.Limit+1)
	}
	// Materialized: else PostgreSQL may walk the index of the order once more.
	return (&statement{}).add("WITH matching AS MATERIALIZED (").put(l.matching()).add(") ").put(l.around(l.joined(page)))
}

// matching are the keys of what the filters select.
func (l *listing) matching() *statement {
	s := &statement{}
	keys := "t.user_id, t.id, " + l.sorted()
	words, partial := wordsFor(l.user, &l.q)
	switch {
	case len(words) > 0:
		s.add("SELECT " + keys + " FROM " + l.db.pick("tasks AS t", "task_words AS w CROSS JOIN tasks AS t INDEXED BY tasks_doc"))
		s.add(" WHERE t.user_id = ? AND "+l.db.pick("t.doc IS NOT NULL AND t.doc @@ ?::tsquery", "t.doc = w.rowid AND task_words MATCH ?"), l.user, l.match(words, partial))
		s.filter(l.db, &l.q)
		s.add(" UNION ALL ")
		l.unindexed(s, keys)
	case l.q.DueBefore != nil || l.q.DueAfter != nil:
		l.all(s, "tasks_due", keys)
	case l.q.Status != nil:
		l.all(s, "tasks_created", keys)
	default:
		l.all(s, "", keys)
	}
	s.filter(l.db, &l.q)
	return s
}

// unindexed are a user's tasks that have no words.
func (l *listing) unindexed(s *statement, keys string) {
	if l.db.postgres() {
		l.all(s, "", keys)
		s.add(" AND " + plainExpr + " = 1")
		return
	}
	s.add("SELECT "+keys+" FROM tasks AS p INDEXED BY tasks_rank CROSS JOIN tasks AS t ON t.user_id = p.user_id AND t.id = p.id WHERE p.user_id = ? AND p.plain = 1", l.user)
	s.signed("p", signatureFor(&l.q))
}

func (l *listing) all(s *statement, index, columns string) {
	s.add("SELECT " + columns + " FROM tasks AS t")
	if index != "" && !l.db.postgres() {
		s.add(" INDEXED BY " + index)
	}
	s.add(" WHERE t.user_id = ?", l.user)
}

// match asks for all words, the last one perhaps the beginning of one.
func (l *listing) match(words []string, partial bool) string {
	if !partial {
		return strings.Join(words, l.db.pick(" & ", " AND "))
	}
	return strings.Join(words, l.db.pick(" & ", " AND ")) + l.db.pick(":*", "*")
}

// around puts the stream's position beside a page.
func (l *listing) around(page *statement) *statement {
	s := &statement{}
	s.add("SELECT e.epoch, coalesce(s.position, 0) AS head, t.id IS NOT NULL AS found, "+names("t.", listColumns)+
		" FROM stream_epoch AS e LEFT JOIN user_streams AS s ON s.user_id = ? LEFT JOIN (", l.user)
	s.put(page).add(") AS t ON 1 = 1" + orderBy(l.keys))
	if l.q.Limit > 0 {
		s.add(" LIMIT ?", l.q.Limit+1)
	}
	return s
}

// listColumns are what a task is made of: all but the text of searches.
var listColumns = slices.DeleteFunc(slices.Clone(taskColumns[:]), func(c column) bool { return c.name == "search_text" })

// filter adds " AND …" for each filter of q.
func (s *statement) filter(db *DB, q *domain.TaskQuery) {
	if q.Status != nil {
		switch *q.Status {
		case "pending", "completed":
			s.add(" AND t.completed = ?", *q.Status == "completed")
		default:
			s.add(" AND 1 = 0")
		}
	}
	if q.Priority != nil {
		s.add(" AND t.priority = ?", string(*q.Priority))
	}
	if q.Category != nil {
		s.add(" AND t.category = ?", string(*q.Category))
	}
	if q.DueBefore != nil {
		s.add(" AND t.due_date < ?", before(*q.DueBefore))
	}
	if q.DueAfter != nil {
		s.add(" AND t.due_date > ?", stamp(*q.DueAfter))
	}
	if q.Search != "" { // literal: neither function knows wildcards
		s.add(db.pick(" AND strpos(t.search_text, ?) > 0", " AND instr(t.search_text, ?) > 0"), folded(q.Search))
	}
	if len(q.Tags) > 0 && db.postgres() {
		tags, _ := json.Marshal(q.Tags) // strings always marshal
		s.add(" AND t.tags @> ?::jsonb", string(tags))
		return
	}
	for _, tag := range q.Tags { // the text is compared first: most tasks have no such tag
		text, _ := json.Marshal(tag)
		s.add(" AND instr(t.tags, ?) > 0 AND EXISTS (SELECT 1 FROM json_each(t.tags) WHERE value = ?)", string(text), tag)
	}
}
