// Package coalesce writes calls that are in flight together as one batch.
//
// A call that finds nothing under way starts at once, with the calls that were
// ready to run at the same moment: nothing ever waits for company, so a quiet
// system has no added latency. Calls that arrive while
// MaxFlushes flushes are running queue up and go out together with the next one.
// Latency of one call is one or two flushes, whatever the load.
//
// A Group has no life cycle: goroutines exist only while calls are in flight.
package coalesce

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Result is what became of one request of a batch.
type Result[R any] struct {
	Value R
	Err   error
}

// Options bound a Group. Zero values are the defaults in brackets.
type Options struct {
	MaxBatch   int           // requests in one flush [512]
	MaxFlushes int           // flushes at the same time [1]
	Timeout    time.Duration // of one flush [15 s]
	Watch      *Watch        // nil: nobody follows the calls
}

// Watch follows calls through the batches that they share.
type Watch struct {
	// Call begins a call of Do. The context that it returns stands for the call in Batch; ended
	// is told how the call came out.
	Call func(ctx context.Context) (of context.Context, ended func(error))
	// Batch begins a flush for calls and returns the context to flush with.
	Batch func(ctx context.Context, calls []context.Context) (of context.Context, ended func())
}

// Flush does a batch. It returns one result for each request, in order. Its
// context is not the callers': it ends only by Options.Timeout, because the
// batch belongs to many callers.
type Flush[Q, R any] func(ctx context.Context, batch []Q) []Result[R]

// Group coalesces calls of Do into calls of its flush function.
type Group[Q, R any] struct {
	flush Flush[Q, R]
	opts  Options

	calls sync.Pool // of *call, whose answers were read

	mu      sync.Mutex
	queue   []*call[Q, R]
	running int
}

type call[Q, R any] struct {
	req  Q
	ctx  context.Context // of Watch.Call; nil without
	res  Result[R]
	done chan struct{} // capacity 1: an answer never waits for its reader
}

// New returns a Group over flush.
func New[Q, R any](flush Flush[Q, R], o Options) *Group[Q, R] {
	if o.MaxBatch <= 0 {
		o.MaxBatch = 512
	}
	if o.MaxFlushes <= 0 {
		o.MaxFlushes = 1
	}
	if o.Timeout <= 0 {
		o.Timeout = 15 * time.Second
	}
	return &Group[Q, R]{flush: flush, opts: o}
}

// Do has req done in some batch and returns its own result. When ctx ends
// first, Do returns its error and what becomes of req is unknown. It may be
// called concurrently; requests enter batches in the order of the calls.
func (g *Group[Q, R]) Do(ctx context.Context, req Q) (R, error) {
	if g.opts.Watch == nil {
		return g.call(ctx, nil, req)
	}
	of, ended := g.opts.Watch.Call(ctx)
	res, err := g.call(ctx, of, req)
	ended(err)
	return res, err
}

func (g *Group[Q, R]) call(ctx, watched context.Context, req Q) (R, error) {
	c, ok := g.calls.Get().(*call[Q, R])
	if !ok {
		c = &call[Q, R]{done: make(chan struct{}, 1)}
	}
	c.req, c.ctx = req, watched
	g.mu.Lock()
	g.queue = append(g.queue, c)
	if g.running < g.opts.MaxFlushes {
		g.running++
		go g.run()
	}
	g.mu.Unlock()
	select {
	case <-c.done:
		res, done := c.res, c.done
		*c = call[Q, R]{done: done} // keeps nothing alive
		g.calls.Put(c)
		return res.Value, res.Err
	case <-ctx.Done(): // c is not used again: its answer is still to come
		var zero R
		return zero, ctx.Err()
	}
}

func (g *Group[Q, R]) run() {
	runtime.Gosched() // who was woken together with the first caller comes along
	for {
		g.mu.Lock()
		n := min(len(g.queue), g.opts.MaxBatch)
		if n == 0 {
			g.running--
			g.mu.Unlock()
			return
		}
		batch := g.queue[:n:n]
		g.queue = g.queue[n:]
		if len(g.queue) == 0 {
			g.queue = nil
		}
		g.mu.Unlock()
		g.do(batch)
	}
}

func (g *Group[Q, R]) do(batch []*call[Q, R]) {
	reqs := make([]Q, len(batch))
	for i, c := range batch {
		reqs[i] = c.req
	}
	ctx, cancel := context.WithTimeout(context.Background(), g.opts.Timeout)
	defer cancel()
	ctx, ended := g.watch(ctx, batch)
	results := g.safely(ctx, reqs)
	ended()
	for i, c := range batch {
		c.res = results[i]
		c.done <- struct{}{} // from here on c is the caller's
	}
}

func (g *Group[Q, R]) watch(ctx context.Context, batch []*call[Q, R]) (context.Context, func()) {
	if g.opts.Watch == nil {
		return ctx, func() {}
	}
	calls := make([]context.Context, len(batch))
	for i, c := range batch {
		calls[i] = c.ctx
	}
	return g.opts.Watch.Batch(ctx, calls)
}

// safely turns a panic or a wrong number of results into an error of every
// caller: they wait for an answer and must get one.
func (g *Group[Q, R]) safely(ctx context.Context, reqs []Q) (results []Result[R]) {
	fail := func(err error) []Result[R] {
		out := make([]Result[R], len(reqs))
		for i := range out {
			out[i].Err = err
		}
		return out
	}
	defer func() {
		if p := recover(); p != nil {
			results = fail(fmt.Errorf("batch of %d panicked: %v", len(reqs), p))
		}
	}()
	results = g.flush(ctx, reqs)
	if len(results) != len(reqs) {
		return fail(fmt.Errorf("batch of %d got %d results", len(reqs), len(results)))
	}
	return results
}
