package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tasktide/tasktide/test/device"
)

// crowd is the users with their devices.
type crowd struct {
	system *system
	users  []user
	seen   *board
	leave  func()

	mu     sync.Mutex
	broken error // the first device that saw what must not be
}

type user struct{ name, token string }

func newCrowd(ctx context.Context, s *system, n int) (*crowd, error) {
	c := &crowd{system: s, users: make([]user, n), seen: newBoard()}
	errs := make([]error, n)
	slots := make(chan struct{}, 4)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			c.users[i].name = fmt.Sprintf("measured-%03d", i)
			c.users[i].token, errs[i] = s.token(ctx, c.users[i].name)
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, c.connect(ctx)
}

// connect gives each user a device, and waits until all are connected.
func (c *crowd) connect(ctx context.Context) error {
	running, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	c.leave = func() { cancel(); all.Wait() }
	devices := make([]*device.Device, len(c.users))
	for i, u := range c.users {
		d := device.New(device.Options{
			API: c.system.api, Live: func() string { return c.system.live }, User: u.name, Token: u.token, Seen: c.note,
		})
		devices[i] = d
		all.Go(func() {
			if err := d.Run(running); err != nil {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.broken = err
			}
		})
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		connected := 0
		for _, d := range devices {
			connected += d.Counts().Connections
		}
		if connected == len(devices) {
			return nil
		}
		if time.Since(began) > time.Minute {
			c.leave()
			return errors.Join(fmt.Errorf("%d of %d devices are connected", connected, len(devices)), c.failed())
		}
	}
}

func (c *crowd) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken
}

// note tells the board what a device was told.
func (c *crowd) note(m device.Message, at time.Time) {
	var data struct {
		Task     string  `json:"task_id"`
		Previous *string `json:"previous_task_id"`
	}
	if json.Unmarshal(m.Data, &data) != nil {
		return
	}
	switch {
	case m.Type == "notification-created":
		c.seen.arrived("reminded "+data.Task, at)
	case data.Previous != nil:
		c.seen.arrived("next "+*data.Previous, at)
	default:
		c.seen.arrived(m.Action+" "+data.Task, at)
	}
}

// board brings together when something began and when a device was told. Either may come first.
type board struct {
	mu    sync.Mutex
	began map[string]begin
	told  map[string]time.Time
}

type begin struct {
	at   time.Time
	into *spread
}

func newBoard() *board { return &board{began: map[string]begin{}, told: map[string]time.Time{}} }

// expect starts the clock of key at the given time, which may lie ahead.
func (b *board) expect(key string, at time.Time, into *spread) {
	b.mu.Lock()
	told, ok := b.told[key]
	if ok {
		delete(b.told, key)
	} else {
		b.began[key] = begin{at, into}
	}
	b.mu.Unlock()
	if ok {
		into.add(max(0, told.Sub(at)))
	}
}

func (b *board) arrived(key string, at time.Time) {
	b.mu.Lock()
	began, ok := b.began[key]
	if ok {
		delete(b.began, key)
	} else {
		b.told[key] = at
	}
	b.mu.Unlock()
	if ok {
		began.into.add(max(0, at.Sub(began.at)))
	}
}

// open is how many of those that began before a time have not arrived.
func (b *board) open(before time.Time) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, began := range b.began {
		if began.at.Before(before) {
			n++
		}
	}
	return n
}
