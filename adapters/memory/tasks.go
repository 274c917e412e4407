package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var (
	_ ports.TaskStore = (*Tasks)(nil)
	_ ports.OnceStore = (*Tasks)(nil)

	_ ports.CausedTaskStore = (*Tasks)(nil)
	_ ports.EventStream     = (*Tasks)(nil)
)

// Tasks keeps tasks and the users' streams in memory. It holds the contract of
// ports.TaskStore, durability aside, and keeps every event for ever.
type Tasks struct {
	epoch uuid.UUID
	mu    sync.Mutex
	users map[string]*userTasks

	reminders []chan struct{} // who wants to know of reminders that were set
}

type userTasks struct {
	tasks  map[uuid.UUID]domain.Task
	events []domain.Event         // positions 1, 2, 3, …
	ids    map[uuid.UUID]struct{} // of the events
	kept   map[string]domain.KeptAnswer

	notifications []domain.Notification
}

// NewTasks makes an empty store with a stream epoch of its own.
func NewTasks() *Tasks { return &Tasks{epoch: uuid.New(), users: map[string]*userTasks{}} }

func (s *Tasks) user(id string) *userTasks {
	u, ok := s.users[id]
	if !ok {
		id = strings.Clone(id)
		u = &userTasks{tasks: map[uuid.UUID]domain.Task{}, kept: map[string]domain.KeptAnswer{}, ids: map[uuid.UUID]struct{}{}}
		s.users[id] = u
	}
	return u
}

func (u *userTasks) recorded(event uuid.UUID) bool { _, ok := u.ids[event]; return ok }

func (u *userTasks) append(e domain.Event) int64 {
	e.Position = int64(len(u.events)) + 1
	e.Data = slices.Clone(e.Data)
	u.events = append(u.events, e)
	u.ids[e.ID] = struct{}{}
	return e.Position
}

// Create stores a new task.
func (s *Tasks) Create(_ context.Context, t domain.Task, e domain.Event) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.create(t, e)
}

// CreateOnce implements ports.OnceStore.
func (s *Tasks) CreateOnce(_ context.Context, t domain.Task, e domain.Event, a domain.KeptAnswer) (domain.KeptAnswer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := s.user(t.UserID).kept
	if kept, ok := keys[a.Key]; ok {
		return kept, nil
	}
	if _, err := s.create(t, e); err != nil {
		return domain.KeptAnswer{}, err
	}
	keys[a.Key] = a
	return a, nil
}

// CreateCaused implements ports.CausedTaskStore; nobody is erased from memory.
func (s *Tasks) CreateCaused(_ context.Context, cause int64, t domain.Task, e domain.Event) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.user(t.UserID).events
	for _, later := range events[min(int(cause), len(events)):] {
		if t.PreviousTaskID != nil && later.Type == domain.TaskDeletedV1 && domain.PreviousTaskID(later.Data) == *t.PreviousTaskID {
			return 0, domain.Conflict("the next occurrence was made, and deleted since")
		}
	}
	return s.create(t, e)
}

func (s *Tasks) create(t domain.Task, e domain.Event) (int64, error) {
	u := s.user(t.UserID)
	if _, ok := u.tasks[t.ID]; ok {
		return 0, domain.Conflict("task %s exists already", t.ID)
	}
	if t.PreviousTaskID != nil {
		for _, other := range u.tasks {
			if other.PreviousTaskID != nil && *other.PreviousTaskID == *t.PreviousTaskID {
				return 0, domain.Conflict("task %s has a next occurrence already", *t.PreviousTaskID)
			}
		}
	}
	if u.recorded(e.ID) {
		return 0, domain.Conflict("event %s is in the stream already", e.ID)
	}
	u.tasks[t.ID] = clone(t)
	s.stored(&t)
	return u.append(e), nil
}

// Get returns one task.
func (s *Tasks) Get(_ context.Context, user string, id uuid.UUID) (domain.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.user(user).tasks[id]; ok {
		return clone(t), nil
	}
	return domain.Task{}, notFound(id)
}

// Update stores t if the version before it is stored.
func (s *Tasks) Update(_ context.Context, t domain.Task, e domain.Event) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(t.UserID)
	if err := u.has(t.ID, t.Version-1); err != nil {
		return 0, err
	}
	u.tasks[t.ID] = clone(t)
	s.stored(&t)
	return u.append(e), nil
}

// Delete removes a task of that version.
func (s *Tasks) Delete(_ context.Context, user string, id uuid.UUID, version int64, e domain.Event) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(user)
	if err := u.has(id, version); err != nil {
		return 0, err
	}
	delete(u.tasks, id)
	return u.append(e), nil
}

func (u *userTasks) has(id uuid.UUID, version int64) error {
	t, ok := u.tasks[id]
	if !ok {
		return notFound(id)
	}
	if t.Version != version {
		return domain.Conflict("task %s has version %d, not %d", id, t.Version, version)
	}
	return nil
}

func notFound(id uuid.UUID) error { return domain.NotFound("there is no task %s", id) }

// List selects, sorts and cuts as ports.TaskStore says.
func (s *Tasks) List(_ context.Context, user string, q domain.TaskQuery) (domain.TaskList, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(user)
	out := domain.TaskList{Tasks: []domain.Task{}, Position: domain.Position{Epoch: s.epoch, Value: int64(len(u.events))}}
	for _, t := range u.tasks {
		if selects(&q, &t) && (q.After == nil || order(&q, markOf(&t), *q.After) > 0) {
			out.Tasks = append(out.Tasks, clone(t))
		}
	}
	slices.SortFunc(out.Tasks, func(a, b domain.Task) int { return order(&q, markOf(&a), markOf(&b)) })
	if q.Limit > 0 && len(out.Tasks) > q.Limit {
		out.Tasks, out.More = out.Tasks[:q.Limit], true
	}
	return out, nil
}

func selects(q *domain.TaskQuery, t *domain.Task) bool {
	needle := domain.Fold(q.Search)
	switch {
	case q.Status != nil && *q.Status != t.Status(),
		q.Priority != nil && *q.Priority != t.Priority,
		q.Category != nil && *q.Category != t.Category,
		q.DueBefore != nil && (t.DueDate == nil || !t.DueDate.Before(*q.DueBefore)),
		q.DueAfter != nil && (t.DueDate == nil || !t.DueDate.After(*q.DueAfter)),
		slices.ContainsFunc(q.Tags, func(tag string) bool { return !slices.Contains(t.Tags, tag) }):
		return false
	}
	return strings.Contains(domain.Fold(t.Title), needle) ||
		t.Description != nil && strings.Contains(domain.Fold(*t.Description), needle)
}

func markOf(t *domain.Task) domain.TaskMark {
	return domain.TaskMark{ID: t.ID, CreatedAt: t.CreatedAt, DueDate: t.DueDate, Priority: t.Priority, Title: t.Title}
}

// order compares by the sort field, then by id; no due date is last either way.
func order(q *domain.TaskQuery, a, b domain.TaskMark) int {
	c := 0
	switch q.SortBy {
	case domain.SortDueDate:
		if (a.DueDate == nil) != (b.DueDate == nil) {
			if a.DueDate == nil {
				return 1
			}
			return -1
		}
		if a.DueDate != nil {
			c = a.DueDate.Compare(*b.DueDate)
		}
	case domain.SortPriority:
		c = cmp.Compare(a.Priority.Rank(), b.Priority.Rank())
	case domain.SortTitle:
		c = strings.Compare(a.Title, b.Title)
	default:
		c = a.CreatedAt.Compare(b.CreatedAt)
	}
	if c == 0 {
		c = slices.Compare(a.ID[:], b.ID[:])
	}
	if !q.Ascending {
		return -c
	}
	return c
}

// After reads a user's stream.
func (s *Tasks) After(_ context.Context, user string, position int64, limit int) ([]domain.Event, domain.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.user(user).events
	head := domain.Position{Epoch: s.epoch, Value: int64(len(all))}
	from := min(max(position, 0), head.Value)
	return slices.Clone(all[from:min(from+int64(limit), head.Value)]), head, nil
}

// Heads returns where the streams of users are.
func (s *Tasks) Heads(_ context.Context, users []string) (map[string]domain.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]domain.Head{}
	for _, id := range users {
		if u, ok := s.users[id]; ok && len(u.events) > 0 {
			out[id] = domain.Head{Position: int64(len(u.events))}
		}
	}
	return out, nil
}

// clone shares nothing with t that its owner could change.
func clone(t domain.Task) domain.Task {
	t.Tags = slices.Clone(t.Tags)
	t.Description, t.RecurringRule = copyOf(t.Description), copyOf(t.RecurringRule)
	t.DueDate, t.RecurringEndDate, t.ReminderAt, t.SeriesStart = copyOf(t.DueDate), copyOf(t.RecurringEndDate), copyOf(t.ReminderAt), copyOf(t.SeriesStart)
	t.ParentTaskID, t.PreviousTaskID = copyOf(t.ParentTaskID), copyOf(t.PreviousTaskID)
	return t
}

func copyOf[T string | time.Time | uuid.UUID](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
