package ports

import (
	"context"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

// Record is what goes to the broker: the bytes are final.
type Record struct {
	Topic domain.Topic
	Key   string // the user's id: decides the partition
	Body  []byte
}

// Publisher puts records on topics.
type Publisher interface {
	// Publish returns nil when the record is durable at the broker (in memory:
	// when the durable groups have settled it). It may be called concurrently;
	// adapters send calls that are in flight together as one batch. Records of one
	// key keep the order of calls that follow each other.
	//
	// Errors: domain.ErrUnavailable (whether the record arrived is unknown; publish
	// it again), domain.ErrPermanent (the broker will never take it, for instance
	// because it is too large).
	Publish(ctx context.Context, r Record) error
}

// Mode says who of a group gets an event.
type Mode int

// Durable: the instances of a group compete, the group starts at the oldest
// event and remembers how far it came. Broadcast: every instance gets every
// event from its start on; nothing is remembered or repeated.
const (
	Durable Mode = iota
	Broadcast
)

// Subscription is what one instance of a group consumes.
type Subscription struct {
	Group  string
	Topics []domain.Topic
	Mode   Mode
	Drain  time.Duration // how long running handlers may go on after a stop
}

// Message is a delivery. The handler owns Body: no other delivery shares it.
type Message struct {
	Topic domain.Topic
	Key   string // "" when the record had none
	Body  []byte // empty for a tombstone
}

// Answer is what the handler tells the transport. The zero value: done, never
// deliver it to this group again. Again: deliver it again after After (a hint
// that a transport may shorten when it stops or hands over).
type Answer struct {
	Again bool
	After time.Duration
}

// Handler takes one delivery. A transport calls it for different keys
// concurrently, for one key and topic one after the other, in order; a delivery
// answered with Again holds back later ones of its key and topic.
type Handler func(ctx context.Context, m Message) Answer

// Subscriber brings messages.
type Subscriber interface {
	// Subscribe consumes until ctx ends, then takes no more deliveries, lets the
	// running handlers go on for s.Drain, cancels their context, and returns nil
	// when the last has returned; what was not answered with done is delivered
	// again, to whoever is in the group. It reconnects by itself for as long as ctx
	// lives and returns an error only for a subscription that can never work. It
	// may be called again after it returned.
	Subscribe(ctx context.Context, s Subscription, h Handler) error
}
