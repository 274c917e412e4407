package delivery

import (
	"context"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Redriver runs the dead letters of one group again, once an operator has asked
// for it: the stored bytes through the same Consumer, without the broker. Only
// one user's letters wait for each other.
type Redriver struct {
	consumer *Consumer
	poll     time.Duration
}

// NewRedriver returns a Redriver for the group of c. It looks when the store
// wakes it and every poll.
func NewRedriver(c *Consumer, poll time.Duration) *Redriver {
	return &Redriver{consumer: c, poll: poll}
}

const redriveBatch = 64

// Run works until ctx ends.
func (r *Redriver) Run(ctx context.Context) {
	c := r.consumer
	for ctx.Err() == nil {
		letters, err := c.Letters.Marked(ctx, c.group, redriveBatch)
		if err != nil && ctx.Err() == nil {
			c.Log.WarnContext(ctx, "can't read marked dead letters", "group", c.group, "error", err)
		}
		if len(letters) > 0 {
			r.all(ctx, letters)
			continue
		}
		wait, cancel := context.WithCancel(ctx)
		go func() {
			defer cancel()
			_ = c.Clock.Wait(wait, r.poll)
		}()
		select {
		case <-wait.Done():
		case <-c.Letters.Woken():
		}
		cancel()
	}
}

func (r *Redriver) all(ctx context.Context, letters []domain.DeadLetter) {
	byUser := map[string][]domain.DeadLetter{}
	for _, l := range letters {
		byUser[l.UserID] = append(byUser[l.UserID], l)
	}
	var wg sync.WaitGroup
	for _, own := range byUser {
		wg.Go(func() {
			for _, l := range own {
				r.one(ctx, l)
			}
		})
	}
	wg.Wait()
}

// one delivers a letter until it is done (or a letter again, which clears the
// mark, so that Resolve leaves it).
func (r *Redriver) one(ctx context.Context, l domain.DeadLetter) {
	c := r.consumer
	for {
		a := c.Handle(ctx, ports.Message{Topic: l.Topic, Key: l.Key, Body: append([]byte(nil), l.Body...)})
		if !a.Again {
			break
		}
		if c.Clock.Wait(ctx, max(a.After, time.Millisecond)) != nil {
			return
		}
	}
	if err := c.Letters.Resolve(ctx, l); err != nil && ctx.Err() == nil {
		c.Log.WarnContext(ctx, "can't remove a redriven dead letter, it is run again", "letter", l.ID, "error", err)
		_ = c.Clock.Wait(ctx, time.Second)
	}
}
