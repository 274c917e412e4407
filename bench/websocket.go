package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"github.com/tasktide/tasktide/adapters/live"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/realtime"
)

const (
	devices   = 5         // connections of a user
	firstAt   = 1_000_000 // so that all positions have as many digits, and all messages the same size
	inFlight  = 20        // messages for each connection that may be on their way
	eachBurst = 4         // events of a user that come together
)

// webSocket pushes events to 10,000 connections, five for each user, through the hub and live connections beside a loop
// that writes the same messages with the bare library. Rates are deliveries for each second of processor time of this
// process, the clients being another one. It also measures the memory of idle connections of both.
func webSocket(ctx context.Context, e *env) (result, error) {
	n, events := e.n(10_000), e.n(200)
	if err := manyFiles(uint64(n + 1000)); err != nil {
		return result{}, err
	}
	var kept [2][]float64
	measure := func(i int, serve func(*env) (*pushing, error)) func(context.Context) (outcome, error) {
		return func(ctx context.Context) (outcome, error) {
			before := inUse()
			p, err := serve(e)
			if err != nil {
				return outcome{}, err
			}
			defer p.stop()
			if err := p.connect(ctx, n); err != nil {
				return outcome{}, err
			}
			kept[i] = append(kept[i], (inUse()-before)/float64(n))
			e.prepared()
			return p.run(ctx, events)
		}
	}
	r, err := e.pairs(ctx, measure(0, ourPushing), measure(1, barePushing))
	r.goal = "≥ 500,000/s for a processor; ≤ 10,240 bytes for an idle connection beyond the library's own"
	if err == nil {
		r.notes = append(r.notes, fmt.Sprintf("%d idle connections: ours %.0f bytes each, the bare library's %.0f; processor times above are with the clients'",
			n, median(kept[0]), median(kept[1])))
	}
	return r, err
}

// pushing is a server with its clients.
type pushing struct {
	address string
	send    func(user int, e *domain.Event) error // to all devices of a user
	ready   func() int                            // connections
	stop    func()
	clients *drainer
	users   int
	sent    int64 // messages
	size    int64 // bytes of a message on the wire
	at      int64
}

func (p *pushing) connect(ctx context.Context, n int) error {
	p.users = n / devices
	var err error
	if p.clients, err = newDrainer(ctx, p.address, n); err != nil {
		return err
	}
	for end := time.Now().Add(2 * time.Minute); p.ready() < n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("only %d of %d connections after two minutes", p.ready(), n)
		}
	}
	return p.settled(ctx)
}

// settled waits until the clients take nothing any more.
func (p *pushing) settled(ctx context.Context) error {
	for last := int64(-1); ; time.Sleep(300 * time.Millisecond) {
		now := p.clients.bytes.Load()
		if now == last || ctx.Err() != nil {
			return ctx.Err()
		}
		last = now
	}
}

// run sends so many events to each user, never more than inFlight messages ahead of the clients.
func (p *pushing) run(ctx context.Context, events int) (outcome, error) {
	from := p.clients.bytes.Load()
	p.sent = 0
	spent := processorTime()
	for range events / eachBurst {
		if err := p.burst(); err != nil {
			return outcome{}, err
		}
		p.sent += int64(p.users * devices * eachBurst)
		ahead := int64(p.users * devices * inFlight)
		for p.clients.bytes.Load()-from < (p.sent-ahead)*p.size && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}
	for p.clients.bytes.Load()-from < p.sent*p.size && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	return outcome{n: int(p.sent), rate: float64(p.sent) / (processorTime() - spent).Seconds()}, ctx.Err()
}

// burst sends eachBurst events to each user, by as many senders as there are processors.
func (p *pushing) burst() error {
	var all sync.WaitGroup
	errs := make(chan error, runtime.GOMAXPROCS(0))
	for part := range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			e := created(1, 1)[0]
			for user := part; user < p.users; user += runtime.GOMAXPROCS(0) {
				for i := range eachBurst {
					e.UserID, e.Position = userName(user), p.at+int64(i)+1
					if err := p.send(user, &e); err != nil {
						errs <- err
						return
					}
				}
			}
		})
	}
	all.Wait()
	p.at += eachBurst
	close(errs)
	return <-errs
}

// fixed is a stream of which nobody reads: every user is at firstAt.
type fixed struct{ epoch uuid.UUID }

func (f fixed) After(_ context.Context, _ string, position int64, _ int) ([]domain.Event, domain.Position, error) {
	return nil, domain.Position{Epoch: f.epoch, Value: firstAt}, nil
}

func (f fixed) Heads(_ context.Context, users []string) (map[string]domain.Head, error) {
	out := map[string]domain.Head{}
	for _, u := range users {
		out[u] = domain.Head{Position: firstAt}
	}
	return out, nil
}

func ourPushing(e *env) (*pushing, error) {
	hub := realtime.NewHub(fixed{uuid.New()}, memory.Clock{}, e.log, realtime.Limits{})
	server := live.NewServer(live.Deps{Hub: hub, Heartbeat: time.Hour, Log: slog.New(slog.DiscardHandler),
		Verify: func(_ context.Context, token string) (domain.Principal, error) {
			return domain.Principal{UserID: strings.Clone(token), Expires: time.Now().Add(24 * time.Hour)}, nil
		}})
	app := fiber.New(rest.Config(e.log))
	server.Mount(app)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { _ = app.Listener(l) }()
	go func() { _ = hub.Run(ctx) }()
	sample := created(1, 1)[0]
	sample.Position = firstAt
	p := &pushing{address: l.Addr().String(), at: firstAt, size: messageSize(sample),
		ready: func() int { return int(hub.Stats().Connections) },
		send:  func(_ int, e *domain.Event) error { return hub.Handle(ctx, *e) },
	}
	p.stop = func() {
		p.clients.stop()
		server.Stop()
		cancel()
		_ = app.Shutdown()
	}
	return p, nil
}

// barePushing is the least that a server with the library does: a goroutine that reads each connection, and a loop that
// writes.
func barePushing(*env) (*pushing, error) {
	var mu sync.Mutex
	var count atomic.Int64
	users := map[string][]*websocket.Conn{}
	upgrader := websocket.FastHTTPUpgrader{WriteBufferPool: &sync.Pool{}, CheckOrigin: func(*fasthttp.RequestCtx) bool { return true }}
	server := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		user := strings.TrimPrefix(string(ctx.Request.Header.Peek("Authorization")), "Bearer ")
		_ = upgrader.Upgrade(ctx, func(c *websocket.Conn) {
			mu.Lock()
			users[user] = append(users[user], c)
			mu.Unlock()
			count.Add(1)
			for {
				if _, _, err := c.ReadMessage(); err != nil {
					return
				}
			}
		})
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() { _ = server.Serve(l) }()
	sample := created(1, 1)[0]
	sample.Position = firstAt
	body := make([]byte, messageSize(sample)-4)
	for i := range body {
		body[i] = 'x'
	}
	p := &pushing{address: l.Addr().String(), at: firstAt, size: int64(len(body)) + 4,
		ready: func() int { return int(count.Load()) },
		send: func(user int, _ *domain.Event) error {
			for _, c := range users[userName(user)] { // one sender for each user
				if err := c.WriteMessage(websocket.TextMessage, body); err != nil {
					return err
				}
			}
			return nil
		},
	}
	p.stop = func() {
		p.clients.stop()
		_ = server.Shutdown()
	}
	return p, nil
}

// messageSize is how large an event is on the wire, as a message in its frame.
func messageSize(e domain.Event) int64 {
	const envelope = `{"type":"task_update","action":"created","event_id":"","event_type":"task.created.v1","position":1000000,"user_id":"","timestamp":"","data":}`
	const header = 4
	return int64(header + len(envelope) + len(e.ID.String()) + len(e.UserID) + len(domain.FormatTime(e.Time)) + len(e.Data))
}

// inUse is what the heap and the stacks take.
func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}

// processorTime is what this process has used, without others that it runs.
func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// manyFiles raises the limit of open files, for this process and those that it starts.
func manyFiles(n uint64) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	if l.Cur >= n {
		return nil
	}
	l.Cur, l.Max = n, max(n, l.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return fmt.Errorf("%d open files are needed (ulimit -n): %w", n, err)
	}
	return nil
}
