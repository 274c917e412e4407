package sqlstore

import (
	"encoding/json"
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
		return []stretch{{"tasks_rank", []branch{{where: l.db.plain() + " = 0"}, {where: l.db.plain() + " = 1"}}, keys, marked}}
	case domain.SortDueDate:
		dated := stretch{"tasks_due", []branch{l.due()}, l.keys[1:], marked}
		undated := stretch{"tasks_due", []branch{{where: "t.due_date IS NULL"}}, l.keys[len(l.keys)-1:], false}
		switch {
		case l.q.DueBefore != nil || l.q.DueAfter != nil:
			if marked && l.q.After.DueDate == nil {
				dated.branches = []branch{{where: "1 = 0"}}
			}
			return []stretch{dated}
		case marked && l.q.After.DueDate == nil:
			undated.marked = true
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
	case domain.SortPriority, domain.SortTitle:
	default:
		q.Status = nil
	}
	s.filter(l.db, &q)
	return s
}

// walked is the page as far as bounded walks find it.
func (l *listing) walked(walks []stretch) *statement {
	rest := l.dropped()
	page := &statement{}
	for i, w := range walks {
		if i > 0 {
			page.add(" UNION ALL ")
		}
		page.add("SELECT * FROM (")
		order := orderBy(w.keys)
		bound := l.q.Limit + 1
		if rest.Len() > 0 {
			page.add("SELECT * FROM (")
			bound = int(l.db.crowd.from)
		}
		for j, b := range w.branches {
			if j > 0 {
				page.add(" UNION ALL ")
				order = outside(order, l.db)
			}
			l.branch(page, &w, b)
		}
		page.add(order+" LIMIT ?", bound)
		if rest.Len() > 0 {
			page.add(") AS t WHERE 1 = 1").put(rest)
			if l.db.postgres() { // there it costs nothing, and SQLite would sort
				page.add(outside(orderBy(w.keys), l.db))
			}
			page.add(" LIMIT ?", l.q.Limit+1)
		}
		page.add(") AS t")
	}
	return l.around(page)
}

// outside turns expressions of the table into columns of a subquery.
func outside(order string, db *DB) string {
	return strings.ReplaceAll(strings.ReplaceAll(order, db.rank(), "rank"), "t.", "")
}

func (l *listing) branch(s *statement, w *stretch, b branch) {
	s.add("SELECT " + l.columns() + " FROM tasks AS t")
	if !l.db.postgres() {
		s.add(" INDEXED BY " + w.index)
	}
	s.add(" WHERE t.user_id = ? AND "+b.where, append([]any{l.user}, b.args...)...)
	if w.marked {
		s.add(" AND ").afterRow(w.keys)
	}
}

// columns are those of a subquery.
func (l *listing) columns() string {
	if l.q.SortBy == domain.SortPriority {
		return names("t.", taskColumns[:]) + ", " + l.db.rank() + " AS rank"
	}
	return names("t.", taskColumns[:])
}

// complete says whether rows is all of the page. A user never had more tasks
// than events: with few of these the walk saw every task.
func (l *listing) complete(rows []listRow, walks []stretch) bool {
	if l.dropped().Len() == 0 || len(rows) > 0 && rows[0].Head <= l.db.crowd.from {
		return true
	}
	full := len(rows) == l.q.Limit+1
	return full && (len(walks) == 1 || rows[l.q.Limit].DueDate != nil) // the first part alone fills it
}

// gathered is the page, or the whole list, by way of the filters.
func (l *listing) gathered() *statement {
	all := &statement{}
	words, partial := wordsFor(l.user, &l.q)
	if len(words) > 0 && (l.q.Limit > 0 || l.q.Search != "" || len(l.q.Tags) > 0) {
		l.all(all, "")
		all.add(" AND t.doc IS NOT NULL AND "+l.db.pick("t.doc @@ ?::tsquery", "t.doc IN (SELECT rowid FROM task_words WHERE task_words MATCH ?)"), l.match(words, partial))
		all.filter(l.db, &l.q)
		all.add(" UNION ALL ")
		l.all(all, "")
		all.add(" AND " + l.db.plain() + " = 1")
	} else if l.q.DueBefore != nil || l.q.DueAfter != nil {
		l.all(all, "tasks_due")
	} else if l.q.Status != nil {
		l.all(all, "tasks_created")
	} else {
		l.all(all, "")
	}
	all.filter(l.db, &l.q)
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
	return (&statement{}).add("WITH matching AS MATERIALIZED (").put(all).add(") ").put(l.around(page))
}

func (l *listing) all(s *statement, index string) {
	s.add("SELECT " + l.columns() + " FROM tasks AS t")
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
var listColumns = taskColumns[:len(taskColumns)-1]

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
