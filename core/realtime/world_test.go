package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errDown = errors.New("down")

// streams is a ports.EventStream that can be trimmed, erased, replaced and broken.
type streams struct {
	mu     sync.Mutex
	epoch  uuid.UUID
	users  map[string]*userStream
	down   bool
	slow   time.Duration
	afters int
}

type userStream struct {
	events []domain.Event // what is kept, in order
	head   domain.Head
}

func newStreams() *streams { return &streams{epoch: uuid.New(), users: map[string]*userStream{}} }

func (s *streams) user(u string) *userStream {
	if s.users[u] == nil {
		s.users[u] = &userStream{}
	}
	return s.users[u]
}

// commit appends an event.
func (s *streams) commit(user string) domain.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(user)
	u.head.Position++
	e := domain.Event{
		ID: uuid.New(), Time: time.Now().UTC(), Type: domain.TaskCreatedV1, UserID: user, Source: domain.BackendAPI,
		Position: u.head.Position, CorrelationID: "c", Data: json.RawMessage(`{"task_id":"t"}`),
	}
	u.events = append(u.events, e)
	return e
}

// trim forgets all but the newest keep events.
func (s *streams) trim(user string, keep int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(user)
	u.events = u.events[max(0, len(u.events)-keep):]
}

func (s *streams) erase(user string) {
	s.trim(user, 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(user)
	u.head.Erased = u.head.Position
}

// replace is another database.
func (s *streams) replace() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch, s.users = uuid.New(), map[string]*userStream{}
}

func (s *streams) set(f func(*streams)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *streams) head(user string) domain.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return domain.Position{Epoch: s.epoch, Value: s.user(user).head.Position}
}

func (s *streams) reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.afters
}

func (s *streams) After(ctx context.Context, user string, position int64, limit int) ([]domain.Event, domain.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, domain.Position{}, domain.Unavailable("database", errDown)
	}
	u := s.user(user)
	head := domain.Position{Epoch: s.epoch, Value: u.head.Position}
	var out []domain.Event
	for _, e := range u.events {
		if e.Position > position && len(out) < limit {
			out = append(out, e)
		}
	}
	if limit > 0 {
		s.afters++
	}
	if s.slow > 0 { // the snapshot is old when it arrives
		slow := s.slow
		s.mu.Unlock()
		err := memory.Clock{}.Wait(ctx, slow)
		s.mu.Lock()
		return out, head, err
	}
	return out, head, nil
}

func (s *streams) Heads(_ context.Context, users []string) (map[string]domain.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, domain.Unavailable("database", errDown)
	}
	out := map[string]domain.Head{}
	for _, u := range users {
		if s.users[u] != nil {
			out[u] = s.users[u].head
		}
	}
	return out, nil
}

// client takes what one connection gets, and checks it against the promise: each
// event is the one behind the client's place.
type client struct {
	conn *Conn
	hub  *Hub
	user string

	mu      sync.Mutex
	at      domain.Position
	got     []string // a letter or code for each message: see note
	faults  []string
	stalled chan struct{} // not nil: takes nothing until it is closed
	gone    bool
	resumed bool
	running int
}

func join(t *testing.T, h *Hub, user string, o Options) *client {
	t.Helper()
	c, err := tryJoin(h, user, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func tryJoin(h *Hub, user string, o Options) (*client, error) {
	c := &client{hub: h, user: user}
	if o.Expires.IsZero() {
		o.Expires = time.Now().Add(24 * time.Hour)
	}
	o.Wake = func(conn *Conn) { go c.drain(conn) }
	conn, err := h.Join(context.Background(), user, o)
	c.conn = conn
	return c, err
}

func (c *client) drain(conn *Conn) {
	c.mu.Lock()
	c.running++
	if c.running > 1 {
		c.faults = append(c.faults, "two writers at once")
	}
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.running--
	}()
	for {
		c.mu.Lock()
		stalled := c.stalled
		c.mu.Unlock()
		if stalled != nil {
			<-stalled
			continue
		}
		c.mu.Lock() // until it is noted: the place moves with the message
		ms := conn.Next()
		for _, m := range ms {
			c.note(m)
		}
		c.mu.Unlock()
		if ms == nil {
			return
		}
	}
}

func (c *client) note(m *Message) {
	switch m.Kind {
	case Ping:
		c.got = append(c.got, "ping")
		return
	case Close:
		c.got = append(c.got, fmt.Sprint(int(m.Code)))
		return
	case Pong, Text:
	}
	var in struct {
		Type, Reason string
		Position     int64
	}
	if err := json.Unmarshal(m.Body, &in); err != nil {
		c.faults = append(c.faults, err.Error())
	}
	switch in.Type {
	case "connected":
		if !c.resumed && m.Place != (domain.Position{}) { // else it has said where it is before it read this, or is nowhere
			c.at = m.Place
		}
		c.got = append(c.got, fmt.Sprint("connected ", in.Position))
	case "resync":
		c.at = m.Place
		c.got = append(c.got, "resync "+in.Reason)
	case "task_update", "notification-created":
		if in.Position != c.at.Value+1 || m.Place.Epoch != c.at.Epoch {
			c.faults = append(c.faults, fmt.Sprintf("event %d came at %d", in.Position, c.at.Value))
		}
		c.at = m.Place
		c.got = append(c.got, fmt.Sprint(in.Position))
	default:
		c.got = append(c.got, in.Type)
	}
}

// resume sets the client's place as it sends the message.
func (c *client) resume(at domain.Position) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.resumed = at, true
	c.conn.Resume(at)
}

func (c *client) stall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stalled == nil {
		c.stalled = make(chan struct{})
	}
}

func (c *client) flow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stalled != nil {
		close(c.stalled)
		c.stalled = nil
	}
}

func (c *client) place() domain.Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// want compares all that came, in order.
func (c *client) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.got, want) {
		t.Errorf("got %q, want %q", c.got, want)
	}
	for _, f := range c.faults {
		t.Error(f)
	}
}

// bubble runs f with a hub in simulated time.
func bubble(t *testing.T, l Limits, f func(s *streams, h *Hub)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStreams()
		h := NewHub(s, memory.Clock{}, slog.New(slog.DiscardHandler), l)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = h.Run(ctx)
		}()
		f(s, h)
		cancel()
		<-done
	})
}

func news(t *testing.T, h *Hub, e domain.Event) {
	t.Helper()
	if err := h.Handle(context.Background(), e); err != nil {
		t.Error(err)
	}
}

func queued(c *Conn) int {
	c.feed.shard.mu.Lock()
	defer c.feed.shard.mu.Unlock()
	return c.queued
}
