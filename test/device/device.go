package device

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"
)

// Options are how a device connects. Functions are called from its own goroutine.
type Options struct {
	API    string        // address of the REST API
	Live   func() string // address for the next connection
	User   string
	Token  string
	SSE    bool                          // else WebSocket
	Life   func() time.Duration          // how long the device keeps the next connection; nil: as long as it lasts
	Seen   func(m Message, at time.Time) // told each event when it is applied; may be nil
	Closed func(err error)               // told why a connection or an attempt ended; may be nil
}

// Device is one.
type Device struct {
	o    Options
	rest http.Client

	mu          sync.Mutex
	copy        tasks
	place       Place
	loads       int
	connections int
	events      int
}

// New makes a device; Run connects it.
func New(o Options) *Device {
	return &Device{o: o, rest: http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
}

// Run follows the stream until ctx ends (nil) or something is seen that must not be.
func (d *Device) Run(ctx context.Context) error {
	wait := time.Duration(0)
	for ctx.Err() == nil {
		if wait > 0 {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(wait):
			}
		}
		before := d.Counts().Events
		err := d.once(ctx)
		if d.o.Closed != nil && ctx.Err() == nil {
			d.o.Closed(err)
		}
		var wrong *Refused
		if errors.As(err, &wrong) && ctx.Err() == nil {
			return fmt.Errorf("%s, at %s: %w", d.o.User, d.Place(), err)
		}
		wait = min(max(2*wait, 20*time.Millisecond), 500*time.Millisecond)
		if d.Counts().Events > before {
			wait = 20 * time.Millisecond
		}
	}
	return nil
}

// once is one connection, and the list before it when the copy is of no use.
func (d *Device) once(ctx context.Context) error {
	if d.Place().Epoch == "" {
		if err := d.load(ctx); err != nil {
			return err
		}
	}
	dial := dialSocket
	if d.o.SSE {
		dial = dialEvents
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := dial(ctx, d.o.Live(), d.o.User, d.o.Token, d.Place())
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.connections++
	n := d.connections
	d.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { c.close(true) })
	defer stop()
	defer c.close(true)
	if d.o.Life != nil {
		end := time.AfterFunc(d.o.Life(), func() { c.close(n%2 == 0) })
		defer end.Stop()
	}
	for {
		m, err := c.next()
		if err != nil {
			return err
		}
		if err := d.take(m); err != nil {
			return err
		}
	}
}

// take handles one message.
func (d *Device) take(m Message) error {
	switch {
	case m.Type == "resync":
		d.mu.Lock()
		defer d.mu.Unlock()
		d.place = Place{}
		return fmt.Errorf("told to load the list again: %s", m.Reason)
	case !m.IsEvent():
		return nil
	case m.UserID != d.o.User:
		return &Refused{Reason: fmt.Sprintf("an event of %q", m.UserID)}
	}
	at := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if m.Position != d.place.Position+1 {
		return &Refused{Reason: fmt.Sprintf("position %d came after %d", m.Position, d.place.Position)}
	}
	if err := d.copy.apply(m); err != nil {
		return &Refused{Reason: fmt.Sprintf("position %d: %v", m.Position, err)}
	}
	d.place.Position++
	d.events++
	if d.o.Seen != nil {
		d.o.Seen(m, at)
	}
	return nil
}

// load reads the list and its place in the stream.
func (d *Device) load(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.o.API+"/api/"+d.o.User+"/tasks", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+d.o.Token)
	answer, err := d.rest.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return refusal(answer.StatusCode, string(body))
	}
	var list []Task
	if err := json.Unmarshal(body, &list); err != nil {
		return &Refused{Reason: err.Error()}
	}
	place, err := parsePlace(answer.Header.Get("X-Stream-Position"))
	if err != nil {
		return &Refused{Reason: err.Error()}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.copy, d.place = tasks{}, place
	d.loads++
	for _, t := range list {
		id, _ := t["id"].(string)
		d.copy[id] = t
	}
	return nil
}

// Place is up to where the device has seen the stream.
func (d *Device) Place() Place {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.place
}

// Tasks is the device's copy, by id.
func (d *Device) Tasks() map[string]Task {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.copy)
}

// Counts is what the device did.
type Counts struct{ Loads, Connections, Events int }

// Counts says how often the device loaded the list and connected, and how many events it was told.
func (d *Device) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Counts{Loads: d.loads, Connections: d.connections, Events: d.events}
}
