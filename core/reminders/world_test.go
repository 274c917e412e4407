package reminders_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/ports"
)

// world is a store with users' tasks, in simulated time.
type world struct {
	*testing.T
	tasks *memory.Tasks
	store *memory.Reminders
	users *tasks.Service
	log   syncBuffer
	begin time.Time
	stop  []func()
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// simulate runs f in a bubble of its own; services are stopped after it.
func simulate(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, tasks: memory.NewTasks(), begin: time.Now().UTC()}
		w.store = memory.NewReminders(w.tasks, memory.Clock{})
		w.users = tasks.New(w.tasks, memory.Clock{}, tasks.NewIDs())
		defer func() {
			for _, stop := range w.stop {
				stop()
			}
		}()
		f(w)
	})
}

// run starts a Service on store.
func (w *world) run(store ports.ReminderStore, clock ports.Clock, o reminders.Options) *reminders.Service {
	s := reminders.New(store, clock, slog.New(slog.NewTextHandler(&w.log, nil)), o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	w.stop = append(w.stop, func() { cancel(); <-ended })
	return s
}

// start runs a Service on the world's store.
func (w *world) start() *reminders.Service {
	return w.run(w.store, memory.Clock{}, reminders.Options{})
}

// pass lets time pass until after so much since the begin.
func (w *world) pass(d time.Duration) {
	time.Sleep(time.Until(w.begin.Add(d)))
	synctest.Wait()
}

// remind makes a task of user whose reminder is at after the begin.
func (w *world) remind(user, title string, at time.Duration) uuid.UUID {
	w.Helper()
	t, err := w.users.Create(w.Context(), user, tasks.Input{
		Title: tasks.Some(title), Priority: tasks.Some("low"), Category: tasks.Some("home"), ReminderAt: tasks.Some(w.begin.Add(at)),
	})
	if err != nil {
		w.Fatal(err)
	}
	return t.ID
}

func (w *world) move(user string, id uuid.UUID, at time.Duration) {
	w.Helper()
	if _, err := w.users.Update(w.Context(), user, id, tasks.Input{ReminderAt: tasks.Some(w.begin.Add(at))}, nil); err != nil {
		w.Fatal(err)
	}
}

type payload struct {
	TaskID         string  `json:"task_id"`
	Title          string  `json:"title"`
	DueDate        *string `json:"due_date"`
	NotificationID string  `json:"notification_id"`
	Message        string  `json:"message"`
	LateBy         float64 `json:"late_by"`
}

// sent is what user was reminded of: the events, each with its payload.
func (w *world) sent(user string) (events []domain.Event, payloads []payload) {
	w.Helper()
	all, _, err := w.tasks.After(w.Context(), user, 0, 1000)
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range all {
		if e.Type != domain.ReminderDueV1 {
			continue
		}
		var p payload
		if err := json.Unmarshal(e.Data, &p); err != nil {
			w.Fatal(err)
		}
		events, payloads = append(events, e), append(payloads, p)
	}
	if notes, _ := w.store.List(w.Context(), user, domain.NotificationQuery{Limit: 1000}); len(notes) != len(events) {
		w.Errorf("%s has %d notifications and %d events", user, len(notes), len(events))
	}
	return events, payloads
}

// sentAt checks when user was reminded, since the begin.
func (w *world) sentAt(user string, want ...time.Duration) {
	w.Helper()
	events, _ := w.sent(user)
	var got []time.Duration
	for _, e := range events {
		got = append(got, e.Time.Sub(w.begin))
	}
	if len(got) != len(want) {
		w.Fatalf("%s was reminded at %v, want %v", user, got, want)
	}
	for i := range want {
		if d := got[i] - want[i]; d < 0 || d > 50*time.Millisecond {
			w.Errorf("%s was reminded at %v, want %v", user, got, want)
		}
	}
}

// between is a store that does something before, or instead of, each call.
type between struct {
	ports.ReminderStore
	due  func() error
	send func(ctx context.Context, r domain.DueReminder, send func() error) error
	wake <-chan struct{}

	mu    sync.Mutex
	looks int
}

func (b *between) Due(ctx context.Context, limit int) (domain.Reminders, error) {
	b.mu.Lock()
	b.looks++
	b.mu.Unlock()
	if b.due != nil {
		if err := b.due(); err != nil {
			return domain.Reminders{}, err
		}
	}
	return b.ReminderStore.Due(ctx, limit)
}

func (b *between) Send(ctx context.Context, r domain.DueReminder, s domain.Sending) (position int64, err error) {
	send := func() error {
		position, err = b.ReminderStore.Send(ctx, r, s)
		return err
	}
	if b.send == nil {
		return position, send()
	}
	err = b.send(ctx, r, send)
	return position, err
}

func (b *between) Wake() <-chan struct{} {
	if b.wake != nil {
		return b.wake
	}
	return b.ReminderStore.Wake()
}

func (b *between) looked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.looks
}
