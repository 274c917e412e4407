package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/migrations"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/cluster"
)

// skewed is a clock that is wrong.
type skewed struct {
	memory.Clock
	by time.Duration
}

func (c skewed) Now() time.Time { return c.Clock.Now().Add(c.by) }

// forgetful loses one answer of three after the commit, as a process that is killed
// there does.
type forgetful struct{ ports.ReminderStore }

func (f forgetful) Send(ctx context.Context, r domain.DueReminder, s domain.Sending) (int64, error) {
	position, err := f.ReminderStore.Send(ctx, r, s)
	if err == nil && rand.IntN(3) == 0 {
		return 0, domain.Unavailable("database", errors.New("the connection broke after the commit"))
	}
	return position, err
}

// replica is a notification-service with a database handle and a clock of its own.
// It is stopped at random, whatever it is doing, and started again.
func replica(ctx context.Context, db *sqlstore.DB, skew time.Duration) {
	var listening sync.WaitGroup
	listening.Go(func() { _ = db.Run(ctx) })
	defer listening.Wait()
	for ctx.Err() == nil {
		life, cancel := context.WithTimeout(ctx, time.Duration(200+rand.IntN(2000))*time.Millisecond)
		reminders.New(forgetful{sqlstore.NewReminders(db)}, skewed{by: skew}, slog.New(slog.DiscardHandler), reminders.Options{Batch: 16}).Run(life)
		cancel()
	}
}

// TestFiveReplicasRemindOnceWhateverHappens runs five replicas, their clocks up to
// 30 s apart, on one PostgreSQL that is killed meanwhile, while users change their
// tasks. Each reminder that still stands is sent once, none before its time.
func TestFiveReplicasRemindOnceWhateverHappens(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "replicas-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	own := cluster.StartPostgres(t, cluster.PostgresOptions{Dir: dir})
	db := open(t, own.URL("postgres"))
	migrate(t, db, migrations.FS)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	t.Cleanup(func() { cancel(); all.Wait() })
	for i := range 5 {
		r := open(t, own.URL("postgres"))
		all.Go(func() { replica(ctx, r, time.Duration(i-2)*15*time.Second) })
	}
	all.Go(func() { _ = db.Run(ctx) })

	const users, each = 8, 30
	s := tasks.New(sqlstore.NewTasks(db), memory.Clock{}, tasks.NewIDs())
	var writers sync.WaitGroup
	finals := make([][]final, users)
	for u := range users {
		writers.Go(func() { finals[u] = live(t, s, fmt.Sprint("user", u), each) })
	}
	time.Sleep(2 * time.Second)
	if err := own.Kill(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if err := own.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	writers.Wait()
	for u, f := range finals {
		checkReminded(t, db, s, fmt.Sprint("user", u), f)
	}
}

// final is what a task's user did last.
type final struct {
	task    domain.Task
	stands  bool // the reminder must come
	nothing bool // none may have come
}

// again repeats a call as long as the database is away.
func again[T any](t *testing.T, call func() (T, error)) (T, bool) {
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		v, err := call()
		switch {
		case err == nil:
			return v, true
		case errors.Is(err, domain.ErrUnavailable) && time.Now().Before(deadline):
		case errors.Is(err, domain.ErrNotFound): // an answer was lost
			return v, false
		default:
			t.Error(err)
			return v, false
		}
	}
}

// live is a user who makes n tasks, with reminders within some seconds, and moves,
// completes and deletes some before and after their time.
func live(t *testing.T, s *tasks.Service, user string, n int) (out []final) {
	soon := func() tasks.Optional[time.Time] {
		return tasks.Some(time.Now().Add(time.Duration(rand.IntN(3000)) * time.Millisecond))
	}
	for i := range n {
		at := soon()
		if i%5 == 1 {
			at = tasks.Some(time.Now().Add(time.Hour))
		}
		task, ok := again(t, func() (domain.Task, error) {
			return s.Create(t.Context(), user, tasks.Input{
				Title: tasks.Some(fmt.Sprint("task ", i)), Priority: tasks.Some("low"), Category: tasks.Some("home"), ReminderAt: at,
			})
		})
		f := final{task: task, stands: i%5 != 1, nothing: i%5 == 1}
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
		switch i % 5 {
		case 1: // completed, or deleted, before its time
			if i%2 == 0 {
				_, ok = again(t, func() (bool, error) { return true, s.Delete(t.Context(), user, task.ID, nil) })
			} else {
				_, ok = again(t, func() (domain.Task, error) {
					now, err := s.Get(t.Context(), user, task.ID)
					if err != nil || now.Completed { // an answer that was lost must not open it again
						return now, err
					}
					return s.Toggle(t.Context(), user, task.ID, nil)
				})
			}
		case 2, 3: // moved, before its time or after it
			to := soon()
			f.task, ok = again(t, func() (domain.Task, error) {
				return s.Update(t.Context(), user, task.ID, tasks.Input{ReminderAt: to}, nil)
			})
		case 4: // renamed while it is sent, perhaps
			_, ok = again(t, func() (domain.Task, error) {
				return s.Update(t.Context(), user, task.ID, tasks.Input{Title: tasks.Some("renamed")}, nil)
			})
		}
		if ok {
			out = append(out, f)
		}
	}
	return out
}

// checkReminded waits until what stands is sent, and compares notifications, marks
// and events of user.
func checkReminded(t *testing.T, db *sqlstore.DB, s *tasks.Service, user string, finals []final) {
	for _, f := range finals {
		for deadline := time.Now().Add(60 * time.Second); f.stands; time.Sleep(20 * time.Millisecond) {
			task, _ := again(t, func() (domain.Task, error) { return s.Get(t.Context(), user, f.task.ID) })
			if task.ReminderSent {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s was not reminded of %+v", user, task)
			}
		}
	}
	notes, err := sqlstore.NewNotifications(db).List(t.Context(), user, domain.NotificationQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	type of struct {
		task string
		at   int64
	}
	told := map[of]string{}
	for _, n := range notes {
		key := of{n.TaskID.String(), n.ReminderAt.UnixMicro()}
		if told[key] != "" || n.CreatedAt.Before(n.ReminderAt) {
			t.Errorf("%s was told twice, or too early: %+v", user, n)
		}
		told[key] = n.ID.String()
	}
	for _, f := range finals {
		_, at := told[of{f.task.ID.String(), f.task.ReminderAt.UnixMicro()}]
		if f.stands != at || f.nothing && at {
			t.Errorf("%s: told %v of %+v", user, at, f)
		}
	}
	events, head, err := sqlstore.NewStreams(db).After(t.Context(), user, 0, 10000)
	if err != nil || int64(len(events)) != head.Value {
		t.Fatalf("%d events up to %d: %v", len(events), head.Value, err)
	}
	announced := map[string]bool{}
	for _, e := range events {
		var p struct {
			ID string `json:"notification_id"`
		}
		if err := json.Unmarshal(e.Data, &p); err != nil {
			t.Fatal(err)
		}
		if e.Type == domain.ReminderDueV1 {
			announced[p.ID] = true
		}
	}
	for _, id := range told {
		if !announced[id] {
			t.Errorf("%s: no event of notification %s", user, id)
		}
	}
	if len(announced) != len(told) {
		t.Errorf("%s: %d events for %d notifications", user, len(announced), len(told))
	}
}
