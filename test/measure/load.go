package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// workers are the connections of the load generator, kept alive. More would not make it faster: they share the processors
// with the system.
const workers = 24

// load is what a time of load showed.
type load struct {
	create    *spread // from the moment a create is due to be sent to its answer
	device    *spread // from the answer to a write to another connection's being told
	next      *spread // from the answer to a completion to a connection's being told of the next occurrence
	reminder  *spread // from the time of a reminder to a connection's being told
	others    int     // writes that were no creates
	behind    *spread // by how much the generator itself was late
	open      int     // writes that no device was told of within a second after the last one
	failed    int
	firstFail string
}

// findRate returns the highest rate that is held for some seconds: every write answered, and the devices up to date.
func (c *crowd) findRate(ctx context.Context, rate int) (int, error) {
	for ; rate >= 10; rate = rate * 7 / 10 {
		l, err := c.load(ctx, rate, 5*time.Second)
		if err != nil {
			return 0, err
		}
		held := l.failed == 0 && l.create.at(0.99) < 250*time.Millisecond && l.device.at(0.99) < time.Second && l.open == 0
		fmt.Printf("  %4d writes/s: create %s, device %s, open %d: held %t\n", rate, l.create, l.device, l.open, held)
		if held {
			return rate, nil
		}
	}
	return 0, errors.New("not even 10 writes a second are held")
}

// load sends writes at a rate. Seven of ten create a task (one of 20 of these with a reminder some seconds ahead), one
// creates a recurring task, one completes a recurring task, one changes a task.
func (c *crowd) load(ctx context.Context, rate int, during time.Duration) (*load, error) {
	l := &load{create: &spread{}, device: &spread{}, next: &spread{}, reminder: &spread{}, behind: &spread{}}
	g := &generatorState{crowd: c, load: l, plain: make(chan made, 4096), recurring: make(chan made, 4096),
		client: clientOf(workers)}
	began, total := time.Now().Add(50*time.Millisecond), int64(float64(rate)*during.Seconds())
	var turn atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				n := turn.Add(1) - 1
				if n >= total || ctx.Err() != nil {
					return
				}
				at := began.Add(time.Duration(float64(n) / float64(rate) * float64(time.Second)))
				time.Sleep(time.Until(at))
				l.behind.add(time.Since(at))
				g.write(int(n), at)
			}
		})
	}
	all.Wait()
	end := time.Now()
	time.Sleep(time.Second)
	l.open = c.seen.open(end)
	l.failed, l.firstFail = g.failed, g.first
	return l, c.settle(ctx)
}

// settle waits until everything has arrived, the last reminders too.
func (c *crowd) settle(ctx context.Context) error {
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if err := c.failed(); err != nil {
			return err
		}
		n := c.seen.open(time.Now().Add(time.Hour))
		if n == 0 {
			return nil
		}
		if time.Since(began) > 2*time.Minute || ctx.Err() != nil {
			return fmt.Errorf("%d changes were not seen by a device within %s", n, time.Since(began).Round(time.Second))
		}
	}
}

// made is a task that may be changed.
type made struct {
	user user
	id   string
}

type generatorState struct {
	crowd            *crowd
	load             *load
	client           *fasthttp.Client
	plain, recurring chan made

	mu     sync.Mutex
	failed int
	first  string
}

func (g *generatorState) write(n int, at time.Time) {
	u := g.crowd.users[(n*7919)%len(g.crowd.users)]
	switch n % 10 {
	case 7:
		g.create(n, at, u, `,"recurringRule":"daily","dueDate":"2031-01-02T03:04:05Z"`, g.recurring)
		return
	case 8:
		select {
		case m := <-g.recurring:
			g.complete(m)
			return
		default:
		}
	case 9:
		select {
		case m := <-g.plain:
			g.update(n, m)
			return
		default:
		}
	}
	if n%20 == 3 {
		g.remind(n, at, u)
		return
	}
	g.create(n, at, u, "", g.plain)
}

func (g *generatorState) create(n int, at time.Time, u user, more string, keep chan made) (id string) {
	body := fmt.Sprintf(`{"title":"Measured %d","description":"What is measured is what is promised.","priority":"high","category":"work","tags":["load"]%s}`, n, more)
	answer, ok := g.send("POST", u, "", body, 201)
	if !ok {
		return ""
	}
	now := time.Now()
	g.load.create.add(now.Sub(at))
	var t struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(answer, &t); err != nil {
		g.fail(err.Error())
		return ""
	}
	g.crowd.seen.expect("created "+t.ID, now, g.load.device)
	select {
	case keep <- made{u, t.ID}:
	default:
	}
	return t.ID
}

func (g *generatorState) remind(n int, at time.Time, u user) {
	due := time.Now().Add(time.Duration(2000+n%3000) * time.Millisecond).UTC().Truncate(time.Microsecond)
	nobody := make(chan made) // a task that waits for its reminder is left alone
	if id := g.create(n, at, u, `,"reminderAt":"`+due.Format(time.RFC3339Nano)+`"`, nobody); id != "" {
		g.crowd.seen.expect("reminded "+id, due, g.load.reminder)
	}
}

func (g *generatorState) complete(m made) {
	if _, ok := g.send("PATCH", m.user, m.id+"/complete", "", 200); ok {
		now := time.Now()
		g.crowd.seen.expect("completed "+m.id, now, g.load.device)
		g.crowd.seen.expect("next "+m.id, now, g.load.next)
		g.other()
	}
}

func (g *generatorState) update(n int, m made) {
	if _, ok := g.send("PUT", m.user, m.id, fmt.Sprintf(`{"title":"Changed %d"}`, n), 200); ok {
		g.crowd.seen.expect("updated "+m.id, time.Now(), g.load.device)
		g.other()
	}
}

func (g *generatorState) other() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.load.others++
}

// send returns the answer's body, good until the next call of the same goroutine.
func (g *generatorState) send(method string, u user, path, body string, want int) ([]byte, bool) {
	r, a := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(r)
	defer fasthttp.ReleaseResponse(a)
	r.Header.SetMethod(method)
	url := g.crowd.system.api + "/api/" + u.name + "/tasks"
	if path != "" {
		url += "/" + path
	}
	r.SetRequestURI(url)
	r.Header.Set("Authorization", "Bearer "+u.token)
	if body != "" {
		r.Header.SetContentType("application/json")
		r.SetBodyString(body)
	}
	if err := g.client.Do(r, a); err != nil {
		g.fail(err.Error())
		return nil, false
	}
	if a.StatusCode() != want {
		g.fail(fmt.Sprintf("%s: %d %s", method, a.StatusCode(), a.Body()))
		return nil, false
	}
	return append([]byte(nil), a.Body()...), true
}

func (g *generatorState) fail(what string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failed++; g.first == "" {
		g.first = what
	}
}

func clientOf(connections int) *fasthttp.Client {
	return &fasthttp.Client{MaxConnsPerHost: connections, ReadTimeout: 30 * time.Second, NoDefaultUserAgentHeader: true}
}
