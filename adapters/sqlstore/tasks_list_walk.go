package sqlstore

import (
	"context"

	"github.com/tasktide/tasktide/core/domain"
)

// The bounds of walks, by the number of tasks that a user has without an index of
// words. SQLite reads twenty entries of an index in the time of one task, but
// those of the ranks only with their tasks; PostgreSQL reads four tasks of a walk
// in the time of one that is gathered.

// near is how many tasks a walk goes along at first. What begins words is on
// SQLite not known to be rare or not.
func (l *listing) near() int {
	_, partial := wordsFor(l.user, &l.q)
	switch {
	case l.db.postgres():
		return l.db.walk
	case partial:
		return max(l.db.walk/4, 1)
	case l.q.SortBy == domain.SortPriority:
		return l.db.walk
	}
	return l.far()
}

// far is how many it goes along where what is asked for is known not to be rare.
func (l *listing) far() int {
	if l.db.postgres() {
		return 5 * l.db.walk
	}
	return 10 * l.db.walk
}

// looked is how many tasks a walk on SQLite looks at in vain.
func (db *DB) looked() int { return max(db.walk/2, 1) }

// few is how many tasks are gathered on SQLite rather than looked for.
func (db *DB) few() int { return max(db.walk/8, 1) }

// walk looks for the page along its order; done says that it is all of the page.
func (l *listing) walk(ctx context.Context) (rows []listRow, done bool, err error) {
	if rare, err := l.rare(ctx); err != nil || rare {
		return nil, false, err
	}
	walks, whole := l.walks(), true
	if l.dropped().Len() > 0 && l.db.crowd.has(l.user) {
		whole = len(walks) == 1
		walks = walks[:1] // it alone may fill the page
	}
	near, far := l.near(), l.far()
	rows, err = l.rows(ctx, l.walked(walks, near))
	if err != nil || l.complete(rows, walks, whole, near) {
		return rows, true, err
	}
	if near == far {
		return nil, false, nil
	}
	if common, err := l.common(ctx, rows, near); err != nil || !common {
		return nil, false, err
	}
	rows, err = l.rows(ctx, l.walked(walks, far))
	return rows, l.complete(rows, walks, whole, far), err
}

// complete says whether rows is all of the page. A user never had more tasks
// than events: with few of these the walk saw every task, if it was the whole
// order.
func (l *listing) complete(rows []listRow, walks []stretch, whole bool, bound int) bool {
	if !l.db.postgres() {
		bound = min(bound, l.db.looked())
	}
	if l.dropped().Len() == 0 || whole && len(rows) > 0 && rows[0].Head <= int64(bound) {
		return true
	}
	full := len(rows) == l.q.Limit+1
	return full && (len(walks) == 1 || rows[l.q.Limit].DueDate != nil) // the first part alone fills it
}

// rare says that so little of what is asked for is there that a walk is not worth
// trying. Only SQLite can count and stop, and not the words when it must first
// put together all that begin alike.
func (l *listing) rare(ctx context.Context) (bool, error) {
	if l.db.postgres() || !l.db.crowd.has(l.user) {
		return false, nil
	}
	s := &statement{}
	words, partial := wordsFor(l.user, &l.q)
	switch {
	case len(words) > 0 && !partial:
		s.add("SELECT 1 FROM task_words WHERE task_words MATCH ?", l.match(words, false))
	case len(words) == 0 && l.q.SortBy != domain.SortDueDate && (l.q.DueBefore != nil || l.q.DueAfter != nil):
		due := l.due()
		s.add("SELECT 1 FROM tasks AS t INDEXED BY tasks_due WHERE t.user_id = ? AND "+due.where, append([]any{l.user}, due.args...)...)
	default:
		return false, nil
	}
	n, err := l.count(ctx, s.add(" LIMIT ?", l.db.few()))
	return n < l.db.few(), err
}

// common says whether a longer walk is likely to fill the page: the one of so many
// tasks found some of it, or there is much of it among the newest tasks, which it
// has not seen when it went along another order.
func (l *listing) common(ctx context.Context, rows []listRow, near int) (bool, error) {
	if len(rows) >= max(near/80, 1) && rows[0].Found {
		return true, nil
	}
	switch l.q.SortBy {
	case domain.SortDueDate, domain.SortPriority, domain.SortTitle:
	default:
		return false, nil
	}
	if !l.db.postgres() {
		return false, nil
	}
	s := (&statement{}).add("SELECT 1 FROM (SELECT "+l.narrow()+" FROM tasks AS t WHERE t.user_id = ? ORDER BY t.id DESC LIMIT ?) AS t WHERE 1 = 1", l.user, max(l.db.walk/4, 1))
	s.filter(l.db, &l.q)
	n, err := l.count(ctx, s)
	return n >= max(l.db.walk/200, 1), err
}

func (l *listing) count(ctx context.Context, s *statement) (n int, err error) {
	err = l.db.bun.NewRaw("SELECT count(*) FROM ("+s.String()+") AS t", s.args...).Scan(ctx, &n)
	return n, mapErr(ctx, err)
}
