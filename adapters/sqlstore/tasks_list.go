package sqlstore

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/tasktide/tasktide/core/domain"
)

// listRow is a task, which is absent (zero) when the list is empty, beside the
// position of the same snapshot.
type listRow struct {
	Epoch uuid.UUID
	Head  int64
	Found bool
	taskRow
}

// List returns a page of user's tasks and the position of the same snapshot:
// both are read by one statement. Ties of the sorted value are broken by id, in
// the same direction.
func (t *Tasks) List(ctx context.Context, user string, q domain.TaskQuery) (domain.TaskList, error) {
	if err := checkQuery(user, q); err != nil {
		return domain.TaskList{}, err
	}
	page := t.db.bun.NewSelect().TableExpr("tasks AS t").ColumnExpr("t.*, ? AS found", true).Where("t.user_id = ?", user)
	t.filter(page, q)
	keys := sortKeys(q)
	if q.After != nil {
		after(page, keys)
	}
	order(page, keys)
	if q.Limit > 0 {
		page.Limit(int64(q.Limit) + 1)
	}
	var rows []listRow
	all := t.db.bun.NewSelect().TableExpr("stream_epoch AS e").
		ColumnExpr("e.epoch, coalesce(s.position, 0) AS head, coalesce(t.found, ?) AS found", false).ColumnExpr(names("t.", taskColumns[:])).
		Join("LEFT JOIN user_streams AS s ON s.user_id = ?", user).
		Join("LEFT JOIN (?) AS t ON ?", page, true)
	order(all, keys)
	if err := all.Scan(ctx, &rows); err != nil {
		return domain.TaskList{}, mapErr(ctx, err)
	}
	return listOf(rows, q.Limit)
}

func listOf(rows []listRow, limit int) (domain.TaskList, error) {
	out := domain.TaskList{Tasks: []domain.Task{}}
	for i := range rows {
		out.Position = domain.Position{Epoch: rows[i].Epoch, Value: rows[i].Head}
		if !rows[i].Found {
			break
		}
		if limit > 0 && i == limit {
			out.More = true
			break
		}
		task, err := rows[i].task()
		if err != nil {
			return out, err
		}
		out.Tasks = append(out.Tasks, task)
	}
	return out, nil
}

func checkQuery(user string, q domain.TaskQuery) error {
	texts := append([]string{user, q.Search}, q.Tags...)
	for _, p := range []*string{q.Status, (*string)(q.Priority), (*string)(q.Category)} {
		if p != nil {
			texts = append(texts, *p)
		}
	}
	if q.After != nil {
		texts = append(texts, q.After.Title)
	}
	return storable(texts...)
}

func (t *Tasks) filter(page *bun.SelectQuery, q domain.TaskQuery) {
	if q.Status != nil {
		switch *q.Status {
		case "pending", "completed":
			page.Where("t.completed = ?", *q.Status == "completed")
		default:
			page.Where("1 = 0")
		}
	}
	if q.Priority != nil {
		page.Where("t.priority = ?", string(*q.Priority))
	}
	if q.Category != nil {
		page.Where("t.category = ?", string(*q.Category))
	}
	if q.Search != "" { // literal: neither function knows wildcards
		page.Where(t.db.pick("strpos(t.search_text, ?) > 0", "instr(t.search_text, ?) > 0"), folded(q.Search))
	}
	if len(q.Tags) > 0 {
		if t.db.postgres() {
			tags, _ := json.Marshal(q.Tags) // strings always marshal
			page.Where("t.tags @> ?::jsonb", string(tags))
		} else {
			for _, tag := range q.Tags {
				page.Where("EXISTS (SELECT 1 FROM json_each(t.tags) WHERE value = ?)", tag)
			}
		}
	}
	if q.DueBefore != nil {
		page.Where("t.due_date < ?", before(*q.DueBefore))
	}
	if q.DueAfter != nil {
		page.Where("t.due_date > ?", stamp(*q.DueAfter))
	}
}

func (db *DB) pick(postgres, sqlite string) string {
	if db.postgres() {
		return postgres
	}
	return sqlite
}

// sortKey is an expression of the order, its value in the mark of a page, and
// its direction.
type sortKey struct {
	expr  string
	value any
	up    bool
}

const rankExpr = "CASE t.priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 ELSE 0 END"

func sortKeys(q domain.TaskQuery) []sortKey {
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
		return []sortKey{{rankExpr, m.Priority.Rank(), q.Ascending}, id}
	case domain.SortTitle:
		return []sortKey{{"t.title", m.Title, q.Ascending}, id}
	}
	return []sortKey{{"t.created_at", stamp(m.CreatedAt), q.Ascending}, id}
}

func order(s *bun.SelectQuery, keys []sortKey) {
	for _, k := range keys {
		if k.up {
			s.OrderExpr(k.expr + " ASC")
		} else {
			s.OrderExpr(k.expr + " DESC")
		}
	}
}

// after keeps what comes behind the mark: a > x OR (a = x AND (b > y OR …)).
func after(page *bun.SelectQuery, keys []sortKey) {
	var expr strings.Builder
	var args []any
	for i, k := range keys {
		sign := " < ?"
		if k.up {
			sign = " > ?"
		}
		expr.WriteString("(" + k.expr + sign)
		args = append(args, k.value)
		if i < len(keys)-1 {
			expr.WriteString(" OR (" + k.expr + " = ? AND ")
			args = append(args, k.value)
		}
	}
	expr.WriteString(")" + strings.Repeat("))", len(keys)-1))
	page.Where(expr.String(), args...)
}
