package realtime

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
)

// step is something that happens. What its numbers mean depends on what is there.
type step struct {
	What string
	User int
	N    int
}

func (s step) String() string { return fmt.Sprint(s.What, " ", s.User, " ", s.N) }

// The model: a client's place moves by one with each event, or by a resync, or by
// its own resume; see client.note. Whatever happened, once broadcast, database and
// clients are well again every connection that is open is at the head within seconds.
func TestEveryConnectionEndsAtTheHeadWhateverHappened(t *testing.T) {
	whats := []string{
		"commit", "commit", "commit", "commit", "deliver", "deliver", "deliver", "repeat", "lose", "swap",
		"join", "join", "rejoin", "resume", "resume wrongly", "speak", "leave", "stall", "flow", "trim", "down", "up", "slow", "replace", "wait", "wait",
	}
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
			return step{
				What: rapid.SampledFrom(whats).Draw(rt, "what"),
				User: rapid.IntRange(0, 2).Draw(rt, "user"), N: rapid.IntRange(0, 40).Draw(rt, "n"),
			}
		}), 1, 80).Draw(rt, "steps")
		var faults []string
		synctest.Test(t, func(*testing.T) { faults = play(steps) })
		if len(faults) > 0 {
			rt.Fatalf("%q after %v", faults, steps)
		}
	})
}

// scene is what the steps act on.
type scene struct {
	s       *streams
	h       *Hub
	pending map[string][]domain.Event // broadcasts under way
	past    []domain.Event
	clients []*client
}

func play(steps []step) (faults []string) {
	s := newStreams()
	h := NewHub(s, memory.Clock{}, slog.New(slog.DiscardHandler), Limits{PerUser: 4, Queue: 4000})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.Run(ctx)
	}()
	sc := &scene{s: s, h: h, pending: map[string][]domain.Event{}}
	for _, st := range steps {
		sc.do(st)
	}
	s.set(func(s *streams) { s.down, s.slow = false, 0 })
	for _, c := range sc.clients {
		c.flow()
	}
	time.Sleep(10 * time.Second)
	synctest.Wait()
	for i, c := range sc.clients {
		faults = append(faults, c.check(i, s.head(c.user))...)
	}
	cancel()
	<-done
	return faults
}

func (c *client) check(i int, head domain.Position) (faults []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults {
		faults = append(faults, fmt.Sprintf("client %d: %s", i, f))
	}
	open := !c.gone && !slices.Contains(c.got, "4009")
	if open && c.at != head {
		faults = append(faults, fmt.Sprintf("client %d of %s is at %v, not at %v: %q", i, c.user, c.at, head, c.got))
	}
	return faults
}

func (sc *scene) do(st step) {
	user := fmt.Sprint("u", st.User)
	pending := sc.pending[user]
	switch st.What {
	case "commit":
		e := sc.s.commit(user)
		sc.pending[user] = append(pending, e)
		sc.past = append(sc.past, e)
	case "deliver":
		for range min(len(pending), 1+st.N%3) {
			_ = sc.h.Handle(context.Background(), sc.pending[user][0])
			sc.pending[user] = sc.pending[user][1:]
		}
	case "repeat": // also of a database that was replaced
		if len(sc.past) > 0 {
			_ = sc.h.Handle(context.Background(), sc.past[st.N%len(sc.past)])
		}
	case "lose":
		sc.pending[user] = nil
	case "swap":
		if len(pending) > 1 {
			i := st.N % (len(pending) - 1)
			pending[i], pending[i+1] = pending[i+1], pending[i]
		}
	case "join":
		sc.join(user, Options{Hold: st.N%2 == 0})
	case "rejoin": // where a client has been, or anywhere
		at := sc.s.head(user)
		at.Value = max(0, at.Value+int64(st.N)-20)
		sc.join(user, Options{From: &at})
	case "trim":
		sc.s.trim(user, st.N%8)
	case "down":
		sc.s.set(func(s *streams) { s.down = true })
	case "up":
		sc.s.set(func(s *streams) { s.down, s.slow = false, 0 })
	case "slow":
		sc.s.set(func(s *streams) { s.slow = time.Duration(st.N) * 10 * time.Millisecond })
	case "replace":
		if st.N%4 == 0 {
			sc.s.replace()
			sc.pending = map[string][]domain.Event{}
			sc.past = nil
			time.Sleep(5 * time.Second) // until it was seen: an old broadcast can't be told from a new one
		}
	case "wait":
		time.Sleep(time.Duration(st.N) * 50 * time.Millisecond)
	default:
		if len(sc.clients) > 0 {
			sc.act(sc.clients[st.N%len(sc.clients)], st)
		}
	}
	if st.N%2 == 0 {
		synctest.Wait()
	}
}

func (sc *scene) join(user string, o Options) {
	if c, err := tryJoin(sc.h, user, o); err == nil {
		sc.clients = append(sc.clients, c)
	}
}

func (sc *scene) act(c *client, st step) {
	switch st.What {
	case "resume":
		at := sc.s.head(c.user)
		at.Value = max(0, at.Value-int64(st.N%10))
		c.resume(at)
	case "resume wrongly":
		at := sc.s.head(c.user)
		at.Value += 5
		if st.N%2 == 0 {
			at.Epoch = uuid.New()
		}
		c.resume(at)
	case "speak":
		c.conn.Spoke()
	case "leave":
		c.mu.Lock()
		c.gone = true
		c.mu.Unlock()
		c.conn.Leave()
	case "stall":
		c.stall()
	case "flow":
		c.flow()
	}
}
