package sqlstore

import (
	"context"

	"github.com/google/uuid"

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
//
// A page is looked for by walking the index of its order and dropping what the
// filters drop, which is fast when they drop little; walks are bounded. What is
// rare is not found by that, and is then gathered by the filters' own index and
// sorted, which is fast when it is little.
func (t *Tasks) List(ctx context.Context, user string, q domain.TaskQuery) (domain.TaskList, error) {
	if err := checkQuery(user, q); err != nil {
		return domain.TaskList{}, err
	}
	l := listing{db: t.db, user: user, q: q, keys: orderOf(&q)}
	if q.Limit > 0 {
		if rows, done, err := l.walk(ctx); err != nil || done {
			return listOf(rows, q.Limit, err)
		}
	}
	rows, err := l.rows(ctx, l.gathered())
	return listOf(rows, q.Limit, err)
}

func (l *listing) rows(ctx context.Context, s *statement) ([]listRow, error) {
	var rows []listRow
	if err := l.db.bun.NewRaw(s.String(), s.args...).Scan(ctx, &rows); err != nil {
		return nil, mapErr(ctx, err)
	}
	if len(rows) > 0 {
		l.db.crowd.saw(l.user, rows[0].Head)
	}
	return rows, nil
}

func listOf(rows []listRow, limit int, err error) (domain.TaskList, error) {
	if err != nil {
		return domain.TaskList{}, err
	}
	out := domain.TaskList{Tasks: make([]domain.Task, 0, len(rows))}
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

func (db *DB) pick(postgres, sqlite string) string {
	if db.postgres() {
		return postgres
	}
	return sqlite
}
