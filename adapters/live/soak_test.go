package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
)

// TestNothingIsLostRepeatedOrOutOfOrder: two instances, broadcasts that are lost,
// repeated and out of order, clients that reconnect at random to any instance.
func TestNothingIsLostRepeatedOrOutOfOrder(t *testing.T) {
	t.Parallel()
	shared := &stream{Tasks: memory.NewTasks()}
	instances := []*world{start(t, options{stream: shared}), start(t, options{stream: shared})}
	const users, each, clients = 5, 200, 4
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all sync.WaitGroup
	var followers []*follower
	for u := range users {
		for c := range clients {
			f := &follower{user: fmt.Sprint("u", u), instances: instances, random: rand.New(rand.NewPCG(uint64(u), uint64(c)))}
			followers = append(followers, f)
			all.Go(func() { f.run(ctx) })
		}
	}
	var writers sync.WaitGroup
	for u := range users {
		writers.Go(func() {
			r := rand.New(rand.NewPCG(9, uint64(u)))
			for range each {
				e := shared.commit(t, fmt.Sprint("u", u))
				for _, w := range instances {
					broadcast(r, w, e)
				}
				time.Sleep(time.Duration(r.IntN(8)) * time.Millisecond)
			}
		})
	}
	writers.Wait()
	for _, f := range followers {
		eventually(t, "every client is at the end", func() bool {
			place, err := f.state()
			return place == each || err != nil
		})
	}
	cancel()
	all.Wait()
	connections := 0
	for _, f := range followers {
		if _, err := f.state(); err != nil {
			t.Errorf("%s: %v", f.user, err)
		}
		connections += f.connections
	}
	t.Logf("%d clients made %d connections; the instances read %d and %d times", len(followers), connections,
		instances[0].hub.Stats().Reads, instances[1].hub.Stats().Reads)
}

// broadcast loses one of five, repeats one of five, delays one of five.
func broadcast(r *rand.Rand, w *world, e domain.Event) {
	switch r.IntN(5) {
	case 0:
	case 1:
		w.news(e)
		w.news(e)
	case 2:
		time.AfterFunc(time.Duration(r.IntN(20))*time.Millisecond, func() { w.news(e) })
	default:
		w.news(e)
	}
}

// follower is a client that keeps its place over its connections.
type follower struct {
	user        string
	instances   []*world
	random      *rand.Rand
	connections int

	mu    sync.Mutex
	place int64
	err   error
}

func (f *follower) state() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.place, f.err
}

func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		f.connections++
		if err := f.once(ctx); err != nil {
			f.mu.Lock()
			f.err = err
			f.mu.Unlock()
			return
		}
	}
}

// once follows one connection until its life is over.
func (f *follower) once(ctx context.Context) error {
	w := f.instances[f.random.IntN(len(f.instances))]
	c, _, err := websocket.DefaultDialer.Dial("ws://"+w.addr+"/ws/"+f.user, http.Header{"Sec-WebSocket-Protocol": {"tasktide.v1, bearer.user:" + f.user}})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	life, cancel := context.WithTimeout(ctx, time.Duration(20+f.random.IntN(1500))*time.Millisecond)
	defer cancel()
	defer context.AfterFunc(life, func() { _ = c.Close() })()
	for first := true; ; first = false {
		_, body, err := c.ReadMessage()
		if life.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		m := parse(w.t, body)
		switch {
		case first:
			place, _ := f.state()
			if err := c.WriteJSON(map[string]any{"type": "resume", "epoch": m.Epoch, "position": place}); err != nil && life.Err() == nil {
				return err
			}
		case m.Type == "task_update":
			f.mu.Lock()
			if m.Position != f.place+1 {
				f.mu.Unlock()
				return fmt.Errorf("event %d came after %d", m.Position, f.place)
			}
			f.place++
			f.mu.Unlock()
		default:
			return errors.New("got " + m.Type + " " + m.Reason)
		}
	}
}
