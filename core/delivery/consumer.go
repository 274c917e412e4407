package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Handler is a use case that takes one event. Its effect must be idempotent by a
// unique key. A returned error decides the outcome by its kind; see the package.
type Handler func(ctx context.Context, e domain.Event) error

// Deps are what a Consumer needs from outside.
type Deps struct {
	State   ports.StateStore
	Letters ports.DeadLetterStore
	Clock   ports.Clock
	Probe   func(context.Context) error // do the dependencies of handler, state and letters answer?
	Log     *slog.Logger

	Observer ports.Observer // sees each delivery; nil: nobody does
}

// Consumer applies the delivery contract for one durable group.
type Consumer struct {
	Deps
	group   string
	handler Handler
	opts    Options
	circuit *Circuit
	stats   stats

	id     string // of this instance, in the nonces
	starts atomic.Uint64
	owed   refunds
}

// NewConsumer returns a Consumer that hands the events of group to handler.
func NewConsumer(group string, handler Handler, d Deps, o Options) *Consumer {
	o = o.withDefaults()
	if d.Observer == nil {
		d.Observer = ports.Unobserved{}
	}
	return &Consumer{
		Deps: d, group: group, handler: handler, opts: o,
		circuit: NewCircuit(d.Probe, d.Clock, o.ProbeEvery),
		id:      uuid.NewString()[:8],
	}
}

// Handle is the ports.Handler of the group.
func (c *Consumer) Handle(ctx context.Context, m ports.Message) ports.Answer {
	if ok, wait := c.circuit.Allow(ctx); !ok {
		return ports.Answer{Again: true, After: wait}
	}
	e, err := decode(m)
	step := ports.StepOf(ports.StepProcess, domain.Service(c.group), m.Topic, &e, c.Clock.Now())
	ctx = c.Observer.Begin(domain.WithRequest(ctx, e.CorrelationID, e.TraceParent), step)
	v := c.deliver(ctx, m, e, err)
	c.Observer.End(ctx, step, v.outcome, v.cause)
	return v.answer
}

// verdict is what a delivery came to: what the transport is told, and what is seen from outside.
type verdict struct {
	answer  ports.Answer
	outcome ports.Outcome
	cause   error // nil when nothing is wrong
}

func again(after time.Duration, cause error) verdict {
	return verdict{ports.Answer{Again: true, After: after}, ports.Again, cause}
}

// deliver takes the steps of the package comment; unread is why the event can't be read.
func (c *Consumer) deliver(ctx context.Context, m ports.Message, e domain.Event, unread error) verdict {
	if unread != nil {
		return c.bury(ctx, m, e, record{Attempts: 1}, unread)
	}
	key := domain.ProcessedKey(e.ID, c.group)
	started, ended := c.start(ctx, m, e, key)
	if ended != nil {
		return *ended
	}
	c.stats.attempts.Add(1)
	return c.finish(ctx, m, e, key, started, c.run(ctx, e))
}

// decode reads the event and checks it against where it was found.
func decode(m ports.Message) (domain.Event, error) {
	e, err := domain.DecodeEvent(m.Body)
	switch {
	case err != nil:
		return e, err
	case !m.Topic.Carries(e.Type):
		return e, domain.Malformed("topic %s does not carry %s", m.Topic, e.Type)
	case m.Key != "" && m.Key != e.UserID:
		return e, domain.Malformed("the record's key %.80q is not the user %.80q", m.Key, e.UserID)
	}
	return e, nil
}

// start is step 1. It returns the record that is now in force, or the verdict
// that ends the delivery.
func (c *Consumer) start(ctx context.Context, m ports.Message, e domain.Event, key string) (record, *verdict) {
	by, now := nonce(c.id, c.starts.Add(1)), c.Clock.Now()
	err := c.put(ctx, ports.Item{Key: key, Value: firstStart(by, now), Mode: ports.IfAbsent})
	if err == nil {
		c.owed.take(key)
		return record{State: stateStarted, Attempts: 1, By: by, At: &now}, nil
	}
	for range 16 { // each round lost to another instance means that one made progress
		if !errors.Is(err, domain.ErrConflict) {
			c.owed.add(key) // it may have been written all the same
			return record{}, c.interrupted(ctx, err)
		}
		entries, getErr := c.State.Get(ctx, key)
		if getErr != nil {
			return record{}, c.interrupted(ctx, getErr)
		}
		item := ports.Item{Key: key, Value: firstStart(by, now), Mode: ports.IfAbsent}
		next := record{State: stateStarted, Attempts: 1, By: by, At: &now}
		if len(entries) == 1 { // else it expired or was cleared just now
			seen := decodeRecord(entries[0].Value)
			if v := c.refuse(ctx, m, e, seen, now); v != nil {
				return record{}, v
			}
			next = seen
			next.Attempts, next.By, next.At, next.NextAt = seen.Attempts+1, by, &now, nil
			if c.owed.take(key) {
				next.Attempts = max(seen.Attempts, 1)
			}
			item = ports.Item{Key: key, Value: next.encode(), Mode: ports.IfMatch, ETag: entries[0].ETag}
		}
		if err = c.put(ctx, item); err == nil {
			return next, nil
		}
	}
	lost := again(c.opts.BackoffMin, err)
	return record{}, &lost
}

// refuse is the verdict on a delivery whose record says not to handle it now; nil
// to handle it.
func (c *Consumer) refuse(ctx context.Context, m ports.Message, e domain.Event, seen record, now time.Time) *verdict {
	if seen.State == stateDone {
		c.stats.duplicates.Add(1)
		return &verdict{outcome: ports.Duplicate}
	}
	if seen.NextAt != nil && seen.NextAt.After(now) {
		early := again(seen.NextAt.Sub(now), nil)
		return &early
	}
	if seen.Attempts < c.opts.Attempts || c.owed.has(domain.ProcessedKey(e.ID, c.group)) {
		return nil
	}
	// All attempts were started. The last may still run somewhere (its failure would
	// have set NextAt or kept a letter): wait until it can't any more.
	if seen.NextAt == nil && seen.At != nil {
		if left := seen.At.Add(c.opts.HandlerTimeout).Sub(now); left > 0 {
			early := again(min(left, time.Second), nil)
			return &early
		}
	}
	cause := seen.Error
	if cause == "" {
		cause = fmt.Sprintf("the process ended during each of %d attempts", seen.Attempts)
	}
	buried := c.bury(ctx, m, e, seen, errors.New(cause))
	return &buried
}

// run is step 2: the use case with its deadline; a panic is an error.
func (c *Consumer) run(ctx context.Context, e domain.Event) (err error) {
	limited := &attempt{Context: ctx, end: c.Clock.Now().Add(c.opts.HandlerTimeout)}
	defer limited.cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	return c.handler(limited, e)
}

// put writes one item, always with the TTL: a write without would erase it.
func (c *Consumer) put(ctx context.Context, i ports.Item) error {
	i.TTL = c.opts.TTL
	return c.State.Put(ctx, i)[0]
}

// interrupted ends a delivery that could not get through to state or letters.
// Nothing was counted.
func (c *Consumer) interrupted(ctx context.Context, err error) *verdict {
	if ctx.Err() == nil {
		c.down(ctx, err)
		c.Log.WarnContext(ctx, "delivery interrupted", "group", c.group, "error", err)
	}
	v := again(c.opts.ProbeEvery, err)
	return &v
}

// Ready is nil while the group takes events, else why it waits.
func (c *Consumer) Ready(context.Context) error { return c.circuit.Err() }

// Worked says whether this instance has done an event since it was made.
func (c *Consumer) Worked() bool { return c.stats.handled.Load() > 0 }

// refunds remembers attempts that could not be given back in the state store,
// because it was down too. They are lost with the process: then an outage costs
// one attempt.
type refunds struct {
	some atomic.Bool // there may be keys; read without the lock by every delivery
	mu   sync.Mutex
	keys map[string]struct{}
}

const maxRefunds = 100_000

func (r *refunds) add(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys == nil {
		r.keys = map[string]struct{}{}
	}
	if len(r.keys) < maxRefunds {
		r.keys[key] = struct{}{}
		r.some.Store(true)
	}
}

func (r *refunds) has(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.keys[key]
	return ok
}

func (r *refunds) take(key string) bool {
	if !r.some.Load() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.keys[key]
	delete(r.keys, key)
	r.some.Store(len(r.keys) > 0)
	return ok
}
