package kafka

import (
	"context"
	"time"

	"github.com/IBM/sarama"
)

const (
	batchSize = 256 // records handed to a dispatcher under one lock
	markEvery = 200 * time.Millisecond
)

// read feeds d from messages until ctx ends or messages is closed, and calls
// mark now and then. While d is full it does not read, which is the back
// pressure. It blocks in no handler.
func read(ctx context.Context, messages <-chan *sarama.ConsumerMessage, d *dispatcher, mark func()) {
	tick := time.NewTicker(markEvery)
	defer tick.Stop()
	buffer := make([]*sarama.ConsumerMessage, 0, batchSize)
	rest := buffer
	for {
		in := messages
		if len(rest) > 0 {
			in = nil // full: wait for space
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			mark()
			continue
		case <-d.space:
			if len(rest) == 0 {
				continue
			}
		case m, ok := <-in:
			if !ok {
				return
			}
			rest = collect(append(buffer[:0], m), messages)
		}
		rest = d.offer(rest)
	}
}

// collect appends what is there without waiting.
func collect(batch []*sarama.ConsumerMessage, messages <-chan *sarama.ConsumerMessage) []*sarama.ConsumerMessage {
	for len(batch) < batchSize {
		select {
		case m, ok := <-messages:
			if !ok {
				return batch // the next read sees the end
			}
			batch = append(batch, m)
		default:
			return batch
		}
	}
	return batch
}

// drain closes d and waits for its running handlers: for limit as they are, then
// with their context cancelled.
func drain(d *dispatcher, cancel context.CancelFunc, limit time.Duration) {
	d.close()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-d.idle:
	case <-timer.C:
		cancel()
		<-d.idle
	}
	cancel()
}
