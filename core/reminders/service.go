package reminders

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Options of a Service. Zero values are the defaults in brackets.
type Options struct {
	Batch      int           // reminders that are read, and sent at the same time [256]
	Gap        time.Duration // from a wake-up to the look it causes; later wake-ups share it [10 ms]
	Deadline   time.Duration // of one call of the store [30 s]
	BackoffMin time.Duration // wait after the first failed look [100 ms]
	BackoffMax time.Duration // longest such wait [5 s]
	RetryMin   time.Duration // wait before a reminder that can't be sent is tried again [1 s]
	RetryMax   time.Duration // longest such wait [5 min]
	IDs        IDs           // [NewIDs]

	// Sent is told of each reminder that was sent, and how long after its time [nobody is].
	Sent func(late time.Duration)
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	if o.Batch <= 0 {
		o.Batch = 256
	}
	set(&o.Gap, 10*time.Millisecond)
	set(&o.Deadline, 30*time.Second)
	set(&o.BackoffMin, 100*time.Millisecond)
	set(&o.BackoffMax, 5*time.Second)
	set(&o.RetryMin, time.Second)
	set(&o.RetryMax, 5*time.Minute)
	if o.IDs.Event == nil {
		o.IDs = NewIDs()
	}
	if o.Sent == nil {
		o.Sent = func(time.Duration) {}
	}
	return o
}

// Service sends what is due.
type Service struct {
	store   ports.ReminderStore
	clock   ports.Clock
	log     *slog.Logger
	opts    Options
	tick    chan struct{}
	held    held
	backoff time.Duration // after failed looks; of Run's goroutine, as is pause
	pause   time.Duration // after looks at what others were writing

	mu     sync.Mutex
	outage error // why the last look failed, errUnlooked before the first; nil when it did not

	sent, failures, looked, waiting atomic.Int64 // looked: when a look last succeeded, Unix nanoseconds; waiting: how many are held
}

// New makes a Service.
func New(store ports.ReminderStore, clock ports.Clock, log *slog.Logger, opts Options) *Service {
	opts = opts.withDefaults()
	return &Service{
		store: store, clock: clock, log: log, opts: opts, tick: make(chan struct{}, 1),
		held: held{entries: map[key]*entry{}, least: opts.RetryMin, most: opts.RetryMax}, outage: errUnlooked,
	}
}

var errUnlooked = errors.New("what is due was not looked for yet")

// Tick makes a running Service look for what is due. It never blocks; ticks merge.
func (s *Service) Tick() {
	select {
	case s.tick <- struct{}{}:
	default:
	}
}

// Ready says why the last look for what is due failed, or that there was none yet; nil when it succeeded.
func (s *Service) Ready(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outage
}

// Stats counts what a Service did since it was made.
type Stats struct {
	Sent, Failures int64
	Looked         time.Time // when a look for what is due last succeeded; zero before the first
	Held           int       // reminders that could not be sent and wait for another try
}

// Stats reads the counters.
func (s *Service) Stats() Stats {
	stats := Stats{Sent: s.sent.Load(), Failures: s.failures.Load(), Held: int(s.waiting.Load())}
	if at := s.looked.Load(); at != 0 {
		stats.Looked = time.Unix(0, at)
	}
	return stats
}

// Run sends until ctx ends, then returns when no call of the store is under way any
// more.
func (s *Service) Run(ctx context.Context) {
	for ctx.Err() == nil {
		wait, err := s.round(ctx)
		if err != nil {
			s.failed(ctx, err)
			_ = s.clock.Wait(ctx, s.backoff)
			continue
		}
		s.succeeded(ctx)
		if wait > 0 {
			s.rest(ctx, wait)
		}
	}
}

// rest waits for d, a tick or a wake-up.
func (s *Service) rest(ctx context.Context, d time.Duration) {
	alarm, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = s.clock.Wait(alarm, d)
	}()
	woken := false
	select {
	case <-over:
	case <-s.tick:
	case <-s.store.Wake():
		woken = true
	}
	cancel()
	<-over
	if woken {
		_ = s.clock.Wait(ctx, s.opts.Gap)
	}
}

// forever is how long there is nothing to do when no reminder is set.
const forever = time.Duration(math.MaxInt64)

// round sends one batch and says when to look again; 0 is at once. An error means
// that the store is away.
func (s *Service) round(ctx context.Context) (time.Duration, error) {
	// A tick or wake-up from before this look has nothing to say after it.
	drain(s.tick)
	drain(s.store.Wake())
	limit := s.opts.Batch + s.held.len()
	call, cancel := context.WithTimeout(ctx, s.opts.Deadline)
	defer cancel()
	read, err := s.store.Due(call, limit)
	if err != nil {
		return 0, err
	}
	now := s.clock.Now()
	if len(read.Due) < limit {
		s.held.keepOnly(read.Due)
	}
	due := s.held.ready(read.Due, now)
	sent, lost, err := s.sendAll(ctx, due, read.Now)
	s.waiting.Store(int64(s.held.len()))
	switch {
	case err != nil:
		return 0, err
	case sent > 0:
		s.pause = 0
		s.caughtUp(ctx, sent, read)
		return 0, nil
	}
	wait := s.held.next(now)
	if read.Next != nil {
		wait = min(wait, read.Next.Sub(read.Now))
	}
	if s.pause *= 2; lost == 0 {
		s.pause = 0
	} else { // others are at it; mostly it is done in a moment
		s.pause = min(max(s.pause, s.opts.Gap), longestPause)
		wait = min(wait, s.pause)
	}
	return wait, nil
}

const longestPause = time.Second

func drain(ch <-chan struct{}) {
	select {
	case <-ch:
	default:
	}
}

// sendAll sends due and returns how many were, and how many were lost to a change or
// to another replica.
func (s *Service) sendAll(ctx context.Context, due []domain.DueReminder, now time.Time) (sent, lost int, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Deadline)
	defer cancel()
	errs := make([]error, len(due))
	var wg sync.WaitGroup
	for i := range due {
		wg.Go(func() {
			_, errs[i] = s.store.Send(ctx, due[i], Compose(&due[i], now, s.opts.IDs))
		})
	}
	wg.Wait()
	for i, failure := range errs {
		switch {
		case failure == nil:
			sent++
			s.held.remove(&due[i])
			s.opts.Sent(now.Sub(due[i].ReminderAt))
		case errors.Is(failure, domain.ErrConflict):
			lost++
			s.held.remove(&due[i])
		case away(failure):
			err = failure
		default:
			wait := s.held.add(&due[i], s.clock.Now())
			s.failures.Add(1)
			s.log.ErrorContext(ctx, "a reminder can't be sent; it is tried again",
				"user_id", due[i].UserID, "task_id", due[i].TaskID, "again_in", wait, "error", failure)
		}
	}
	s.sent.Add(int64(sent))
	return sent, lost, err
}

// away says that the store failed, and not what was to be stored.
func away(err error) bool {
	return errors.Is(err, domain.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

const longAgo = time.Minute

// caughtUp logs what was due while nobody looked.
func (s *Service) caughtUp(ctx context.Context, sent int, read domain.Reminders) {
	level := slog.LevelDebug
	oldest := read.Due[0].ReminderAt
	for _, r := range read.Due[1:] {
		if r.ReminderAt.Before(oldest) {
			oldest = r.ReminderAt
		}
	}
	if oldest.Before(read.Now.Add(-longAgo)) {
		level = slog.LevelInfo
	}
	s.log.Log(ctx, level, "reminders sent", "count", sent, "oldest", oldest)
}

func (s *Service) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	s.failures.Add(1)
	s.backoff = min(max(2*s.backoff, s.opts.BackoffMin), s.opts.BackoffMax)
	s.log.WarnContext(ctx, "can't look for reminders that are due", "again_in", s.backoff, "error", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outage = err
}

func (s *Service) succeeded(ctx context.Context) {
	if s.backoff > 0 {
		s.log.InfoContext(ctx, "reminders are looked for again")
	}
	s.backoff = 0
	s.looked.Store(s.clock.Now().UnixNano())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outage = nil
}
