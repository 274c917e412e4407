package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func memoryBus(ctx context.Context, e *env) (result, error) {
	records, err := encoded(e.n(400_000), 5000)
	if err != nil {
		return result{}, err
	}
	effect := func(context.Context, domain.Event) error { return nil }
	r, err := e.pairs(ctx, func(ctx context.Context) (outcome, error) {
		bus, c := contract(e, effect)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		sub := ports.Subscription{Group: string(domain.AuditService), Topics: []domain.Topic{domain.TaskCreated}}
		go func() { _ = bus.Subscribe(ctx, sub, c.Handle) }()
		for c.Stats().Handled == 0 { // until the group is there
			if err := bus.Publish(ctx, first(records[0])); err != nil {
				return outcome{}, err
			}
			time.Sleep(time.Millisecond)
		}
		runtime.GC()
		e.prepared()
		began := time.Now()
		err := eachCPU(records[1:], func(r record) error { return bus.Publish(ctx, first(r)) })
		o := done(len(records)-1, began)
		if got := c.Stats().Handled; err == nil && got != int64(len(records)) {
			e.log.ErrorContext(ctx, "not every event was handled once", "handled", got, "of", len(records))
		}
		return o, err
	}, func(ctx context.Context) (outcome, error) {
		runtime.GC()
		e.prepared()
		began := time.Now()
		err := eachCPU(records, func(r record) error {
			ev, err := domain.DecodeEvent(append([]byte(nil), r.body...))
			if err != nil {
				return err
			}
			return effect(ctx, ev)
		})
		return done(len(records), began), err
	})
	r.goal = "≥ 1,000,000/s; the reference only copies and decodes the event and calls the effect"
	return r, err
}

func first(r record) ports.Record {
	return ports.Record{Topic: domain.TaskCreated, Key: r.user, Body: r.body}
}

func contract(e *env, effect delivery.Handler) (*memory.Bus, *delivery.Consumer) {
	clock := memory.Clock{}
	state := memory.NewState(clock)
	return memory.NewBus(clock, 0), delivery.NewConsumer(string(domain.AuditService), effect, delivery.Deps{
		State: state, Letters: memory.NewDeadLetters(clock, state.Forget), Clock: clock,
		Probe: func(context.Context) error { return nil }, Log: e.log,
	}, delivery.Options{})
}

// eachCPU calls f for each record, by as many callers as there are processors.
func eachCPU(records []record, f func(record) error) error {
	var next atomic.Int64
	var all sync.WaitGroup
	errs := make(chan error, runtime.GOMAXPROCS(0))
	const some = 256
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for {
				from := int(next.Add(some)) - some
				if from >= len(records) {
					return
				}
				for _, r := range records[from:min(from+some, len(records))] {
					if err := f(r); err != nil {
						errs <- err
						return
					}
				}
			}
		})
	}
	all.Wait()
	close(errs)
	return <-errs
}
