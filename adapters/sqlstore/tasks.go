package sqlstore

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/coalesce"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.TaskStore = (*Tasks)(nil)

// Tasks keeps tasks, and with every write its event and outbox row.
type Tasks struct {
	db      *DB
	sql     taskSQL
	creates *coalesce.Group[creation, int64]
}

// NewTasks returns the tasks of db.
func NewTasks(db *DB) *Tasks {
	t := &Tasks{db: db, sql: newTaskSQL(db.postgres())}
	t.creates = coalesce.New(t.createMany, coalesce.Options{MaxBatch: 128, MaxFlushes: 2, Watch: db.watch("INSERT", "tasks")})
	return t
}

// change is a write of one task, ready for the database.
type change struct {
	row   *taskRow // nil for a deletion
	words *string  // of the row; nil: it is found by reading
	event domain.Event
}

func (t *Tasks) changeOf(task domain.Task, e domain.Event) (change, error) {
	e.UserID = task.UserID
	if err := checkEvent(e); err != nil {
		return change{}, err
	}
	row, err := rowOfTask(task)
	if err != nil {
		return change{}, err
	}
	return change{row, t.db.crowd.words(row), e}, nil
}

// Create stores a new task; see ports.TaskStore. Calls in flight together are
// written together.
func (t *Tasks) Create(ctx context.Context, task domain.Task, e domain.Event) (int64, error) {
	c, err := t.changeOf(task, e)
	if err != nil {
		return 0, err
	}
	var position int64
	if t.db.postgres() {
		position, err = t.creates.Do(ctx, creation(c))
	} else {
		position, err = t.createLite(ctx, c)
	}
	if err != nil {
		return 0, mapErr(ctx, err)
	}
	t.db.signals.committed(e.Source, c.event.UserID)
	t.db.signals.stored(&task)
	return position, nil
}

// Get returns a task of user.
func (t *Tasks) Get(ctx context.Context, user string, id uuid.UUID) (domain.Task, error) {
	if err := storable(user); err != nil {
		return domain.Task{}, err
	}
	rows, err := t.db.pool().QueryContext(ctx, t.sql.get, user, id.String())
	if err != nil {
		return domain.Task{}, mapErr(ctx, err)
	}
	var found []taskRow
	if err := t.db.bun.ScanRows(ctx, rows, &found); err != nil {
		return domain.Task{}, mapErr(ctx, err)
	}
	if len(found) == 0 {
		return domain.Task{}, errNoTask
	}
	return found[0].task()
}

// Update stores a task over the version before it; see ports.TaskStore.
func (t *Tasks) Update(ctx context.Context, task domain.Task, e domain.Event) (int64, error) {
	c, err := t.changeOf(task, e)
	if err != nil {
		return 0, err
	}
	var position int64
	if t.db.postgres() {
		args := append(append(c.row.args(), c.words), eventArgs(c.event)...)
		position, err = t.one(ctx, c.event, t.sql.update, append(args, outboxArgs(c.event)...))
	} else {
		position, err = t.changeLite(ctx, c, t.sql.update, append(c.row.argsLite()[2:], c.row.UserID, c.row.ID.String(), c.row.Version-1))
	}
	if err == nil {
		t.db.signals.stored(&task)
	}
	return position, err
}

// Delete removes a task of user; see ports.TaskStore.
func (t *Tasks) Delete(ctx context.Context, user string, id uuid.UUID, version int64, e domain.Event) (int64, error) {
	e.UserID = user
	if err := checkEvent(e); err != nil {
		return 0, err
	}
	args := []any{user, id.String(), version}
	if t.db.postgres() {
		args = append(args, eventArgs(e)...)
		return t.one(ctx, e, t.sql.delete, append(args, outboxArgs(e)...))
	}
	return t.changeLite(ctx, change{event: e}, t.sql.delete, args)
}

var (
	errVersion = domain.Conflict("the task was changed in the meantime")
	errNoTask  = domain.NotFound("there is no such task")
)

// outcome reads what a write of an existing task did: position is NULL when
// its condition did not hold, exists says whether the task was there at all.
func outcome(position sql.NullInt64, exists bool) (int64, error) {
	switch {
	case position.Valid:
		return position.Int64, nil
	case exists:
		return 0, errVersion
	}
	return 0, errNoTask
}
