package outbox

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Options of a Relay. Zero values are the defaults in brackets.
type Options struct {
	InFlight   int           // users whose events are being published at the same time [2048]
	Pace       time.Duration // least time from one read of heads to the next: what is committed meanwhile goes out together [10 ms]
	Poll       time.Duration // how often to look without being woken [1 s]
	LeaseTTL   time.Duration // how long a dead relay keeps its shards [4 s]
	BackoffMin time.Duration // wait after the first failed publish of a user [50 ms]
	BackoffMax time.Duration // longest such wait [1 s]

	// Owner is who this relay is to the leases [a random name]. One that is the same
	// after a restart goes on at once after a crash, without waiting for the dead
	// one's leases to run out. It must never be the name of two that run.
	Owner string

	Observer ports.Observer // sees each publish; nil: nobody does
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	if o.InFlight <= 0 {
		o.InFlight = 2048
	}
	if o.Owner == "" {
		o.Owner = uuid.NewString()
	}
	if o.Observer == nil {
		o.Observer = ports.Unobserved{}
	}
	set(&o.Pace, 10*time.Millisecond)
	set(&o.Poll, time.Second)
	set(&o.LeaseTTL, 4*time.Second)
	set(&o.BackoffMin, 50*time.Millisecond)
	set(&o.BackoffMax, time.Second)
	return o
}

// Relay publishes the pending events of one service.
type Relay struct {
	service   domain.Service
	owner     string
	outbox    ports.Outbox
	publisher ports.Publisher
	clock     ports.Clock
	log       *slog.Logger
	opts      Options

	slots  chan struct{} // one for each publish that is under way
	again  chan struct{} // something was settled: there may be a next head
	wg     sync.WaitGroup
	mu     sync.Mutex
	busy   map[string]struct{} // users with an event in this relay's hands
	recent map[string]int64    // positions settled since the present read of heads began
	shards map[int]int         // how many of them are in each shard
	lease  domain.Lease

	leasing, reading error            // why that failed when it was last done, errUntried before the first read; nil when it did not
	read             bool             // once
	unpublished      map[string]error // why users' events can't be published
	unsettled        map[string]error // why users' events can't be removed that were published
	removals         *removals
	complaints       struct{ lease, read, publish, remove complaint }

	published, failures atomic.Int64
}

// NewRelay returns a Relay of service's events.
func NewRelay(service domain.Service, o ports.Outbox, p ports.Publisher, c ports.Clock, log *slog.Logger, opts Options) *Relay {
	opts = opts.withDefaults()
	return &Relay{
		service: service, owner: opts.Owner, outbox: o, publisher: p, clock: c, log: log, opts: opts,
		slots: make(chan struct{}, opts.InFlight), again: make(chan struct{}, 1),
		busy: map[string]struct{}{}, recent: map[string]int64{}, shards: map[int]int{}, unsettled: map[string]error{}, unpublished: map[string]error{},
		reading: errUntried, removals: newRemovals(opts.BackoffMin),
	}
}

// Run relays until ctx ends, then gives its leases up and returns when no
// publish is under way any more.
func (r *Relay) Run(ctx context.Context) {
	renewals := make(chan struct{})
	go func() {
		defer close(renewals)
		r.renew(ctx)
	}()
	for ctx.Err() == nil {
		began := r.clock.Now() // after a quiet time the pace costs nothing: it is over before the wake-up
		if !r.round(ctx) {
			r.rest(ctx)
		}
		if wait := r.opts.Pace - r.clock.Now().Sub(began); wait > 0 {
			_ = r.clock.Wait(ctx, wait)
		}
	}
	<-renewals
	r.wg.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if _, err := r.outbox.Lease(last, r.service, r.owner, 0, r.opts.LeaseTTL, nil); err != nil {
		r.log.DebugContext(ctx, "leases run out by themselves", "error", err)
	}
}

// renew keeps the leases. Without an answer they run out: present stops the work.
func (r *Relay) renew(ctx context.Context) {
	for {
		asked := r.clock.Now()
		l, err := r.outbox.Lease(ctx, r.service, r.owner, domain.Shards, r.opts.LeaseTTL, r.busyShards())
		if err == nil {
			l.Until = asked.Add(r.opts.LeaseTTL) // on our clock, from before the question
			r.mu.Lock()
			changed := r.lease.Until.IsZero() || !slices.Equal(l.Shards, r.lease.Shards)
			r.lease, r.leasing = l, nil
			r.mu.Unlock()
			r.over(ctx, &r.complaints.lease, "the relay's leases are renewed again")
			if changed {
				r.signal()
			}
		} else if ctx.Err() == nil {
			r.complain(ctx, &r.complaints.lease, "can't renew the relay's leases", err)
			r.note(&r.leasing, err)
		}
		wait := r.opts.LeaseTTL / 4
		if err != nil {
			wait = r.opts.LeaseTTL / 20
		}
		if r.clock.Wait(ctx, wait) != nil {
			return
		}
	}
}

func (r *Relay) busyShards() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]int, 0, len(r.shards))
	for s := range r.shards {
		out = append(out, s)
	}
	return out
}

// present is the lease while it holds, with a margin for what is sent under it.
func (r *Relay) present() (domain.Lease, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lease, len(r.lease.Shards) > 0 && r.clock.Now().Before(r.lease.Until.Add(-r.opts.LeaseTTL/10))
}

// round reads heads once and starts publishing those that are new. It returns
// true when there may be more behind what it read.
func (r *Relay) round(ctx context.Context) (more bool) {
	l, ok := r.present()
	if !ok {
		r.idle(ctx)
		return false
	}
	r.mu.Lock()
	limit := r.opts.InFlight + len(r.busy)
	clear(r.recent)
	r.mu.Unlock()
	heads, ok := r.heads(ctx, l, limit)
	if !ok {
		return false
	}
	for _, p := range heads {
		if !r.claim(p.Event) {
			continue
		}
		if !r.slot(ctx) {
			r.release(p.Event.UserID)
			return false
		}
		r.wg.Go(func() { r.relay(ctx, p) })
	}
	return len(heads) >= limit
}

func (r *Relay) heads(ctx context.Context, l domain.Lease, limit int) (heads []domain.Pending, ok bool) {
	heads, err := r.outbox.Heads(ctx, l, limit)
	if ctx.Err() != nil {
		return heads, err == nil
	}
	r.mu.Lock()
	r.reading, r.read = err, r.read || err == nil
	r.mu.Unlock()
	if err == nil {
		r.over(ctx, &r.complaints.read, "the outbox is read again")
	} else {
		r.failures.Add(1)
		r.complain(ctx, &r.complaints.read, "can't read the outbox", err)
		_ = r.clock.Wait(ctx, r.opts.BackoffMin)
	}
	return heads, err == nil
}

// idle is a round without shards. One that other relays left none yet reads once all the same, for nothing: then it is
// known that it can.
func (r *Relay) idle(ctx context.Context) {
	r.mu.Lock()
	leased, read := !r.lease.Until.IsZero(), r.read
	if read {
		r.reading = nil // what failed before says nothing of what is not done any more
	}
	r.mu.Unlock()
	if leased && !read {
		r.heads(ctx, domain.Lease{Publisher: r.service, Owner: r.owner, Shards: []int{0}}, 1)
	}
}

// rest waits until there may be something to do.
func (r *Relay) rest(ctx context.Context) {
	poll, cancel := context.WithTimeout(ctx, r.opts.Poll)
	defer cancel()
	select {
	case <-poll.Done():
	case <-r.outbox.Wake():
	case <-r.again:
	}
}

func (r *Relay) signal() {
	select {
	case r.again <- struct{}{}:
	default:
	}
}

// claim is false for an event that is, or was a moment ago, in hand: heads are
// read while publishes end, so what was read may be settled by now.
func (r *Relay) claim(e domain.Event) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	user := e.UserID
	if _, ok := r.busy[user]; ok || r.recent[user] >= e.Position {
		return false
	}
	r.busy[user] = struct{}{}
	r.shards[domain.ShardOf(user)]++
	return true
}

func (r *Relay) release(user string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.busy, user)
	left(&r.complaints.publish, user, r.unpublished)
	left(&r.complaints.remove, user, r.unsettled)
	s := domain.ShardOf(user)
	if r.shards[s]--; r.shards[s] == 0 {
		delete(r.shards, s)
	}
}

// relay publishes one user's head, then removes it. Each step is repeated by itself, while the lease holds: what is
// published is not published again because its removal fails. It enters with a slot and has none while it waits.
func (r *Relay) relay(ctx context.Context, p domain.Pending) {
	defer r.signal()
	defer r.release(p.Event.UserID)
	if r.deliver(ctx, p) && r.remove(ctx, p) {
		<-r.slots
	}
}

// deliver publishes until that succeeds. It is false, and the slot is given back, when ctx has ended or the lease was lost.
func (r *Relay) deliver(ctx context.Context, p domain.Pending) bool {
	failed := false
	for wait := r.opts.BackoffMin; ; wait = min(2*wait, r.opts.BackoffMax) {
		err := r.publish(ctx, p)
		if err == nil {
			if failed {
				r.mended(ctx, &r.complaints.publish, "events are published again", p.Event.UserID, r.unpublished)
			}
			return true
		}
		failed = true
		<-r.slots
		if ctx.Err() != nil || errors.Is(err, errLost) {
			return false
		}
		r.failed(ctx, &r.complaints.publish, "can't publish, the next events of these users wait", err, p, r.unpublished)
		if r.clock.Wait(ctx, wait) != nil || !r.slot(ctx) {
			return false
		}
	}
}

// slot waits for one. It is false when ctx has ended.
func (r *Relay) slot(ctx context.Context) bool {
	select {
	case r.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// errUntried is why a relay is not ready that has just been made.
var errUntried = errors.New("the outbox was not looked at yet")

// errLost is why a step is not repeated: the user is another relay's now, who begins with the event anew.
var errLost = errors.New("the lease was lost")

func (r *Relay) holds(user string) (domain.Lease, bool) {
	l, ok := r.present()
	return l, ok && slices.Contains(l.Shards, domain.ShardOf(user))
}

func (r *Relay) publish(ctx context.Context, p domain.Pending) error {
	if _, ok := r.holds(p.Event.UserID); !ok {
		return errLost
	}
	body, err := domain.EncodeEvent(p.Event)
	if err != nil {
		return err
	}
	step := ports.StepOf(ports.StepPublish, r.service, p.Topic, &p.Event, r.clock.Now())
	ctx = r.opts.Observer.Begin(ctx, step)
	if err := r.publisher.Publish(ctx, ports.Record{Topic: p.Topic, Key: p.Event.UserID, Body: body}); err != nil {
		r.opts.Observer.End(ctx, step, ports.Again, err)
		return err
	}
	r.opts.Observer.End(ctx, step, ports.Done, nil)
	r.published.Add(1)
	return nil
}

// settle removes what was published, which is right even when the lease is over or ctx ends meanwhile.
func (r *Relay) settle(ctx context.Context, p domain.Pending) error {
	user := p.Event.UserID
	l, held := r.holds(user)
	err := r.outbox.Settle(context.WithoutCancel(ctx), l, p)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.recent[user] = p.Event.Position
		return nil
	}
	if !held {
		return errors.Join(errLost, err)
	}
	return err
}

func (r *Relay) note(what *error, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*what = err
}

// Ready says why the outbox can't be worked through: the store refuses leases, reads, or that what was published is
// removed, or was not yet asked for leases and read. It is nil when the store does not, whatever the transport says: that has
// a check of its own, and whether there is an event or not. Nobody's requests need what is not ready here; the events are
// stored and wait.
func (r *Relay) Ready(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, err := range []error{r.leasing, r.reading} {
		if err != nil {
			return err
		}
	}
	for _, err := range r.unsettled {
		return err
	}
	return nil
}

// Stats counts what a Relay did since it was made.
type Stats struct{ Published, Failures int64 }

// Stats reads the counters.
func (r *Relay) Stats() Stats { return Stats{r.published.Load(), r.failures.Load()} }
