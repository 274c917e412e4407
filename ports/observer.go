package ports

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// StepKind is what is done with an event.
type StepKind uint8

// StepPublish hands an event to the broker, until the broker has it. StepProcess is
// one delivery to a group, until its outcome is stored. StepPush is the write to one
// live connection.
const (
	StepPublish StepKind = iota
	StepProcess
	StepPush
)

// Outcome is how a step came out.
type Outcome string

// The outcomes.
const (
	Done      Outcome = "done"
	Duplicate Outcome = "duplicate" // it was done before
	Again     Outcome = "again"     // it failed, or it is not its time yet
	GaveUp    Outcome = "dead_letter"
)

// Step is one thing that is done with one event.
type Step struct {
	Kind        StepKind
	Service     domain.Service // who does it: the publisher, or the group
	Topic       domain.Topic
	Event       uuid.UUID
	Type        domain.EventType
	Made        time.Time // when the change was made; zero: it is too long ago to say anything
	TraceParent string    // the event's
	Began       time.Time
}

// StepOf is a step of e.
func StepOf(kind StepKind, by domain.Service, topic domain.Topic, e *domain.Event, began time.Time) Step {
	return Step{Kind: kind, Service: by, Topic: topic, Event: e.ID, Type: e.Type, Made: e.Time, TraceParent: e.TraceParent, Began: began}
}

// Observer shows from outside what becomes of events, as metrics and traces. Nothing
// depends on it. Its methods neither block nor fail and may be called concurrently.
type Observer interface {
	// Begin returns the context to take s with, so that what is done meanwhile is seen as
	// a part of it. Where steps are traced, domain.TraceParentFrom of that context is s.
	Begin(ctx context.Context, s Step) context.Context
	// End is called once for each Begin, with the context that it returned; err is why
	// the outcome is not Done, nil when there is nothing wrong.
	End(ctx context.Context, s Step, o Outcome, err error)
}

// Unobserved is an Observer for nobody, at no cost.
type Unobserved struct{}

// Begin implements Observer.
func (Unobserved) Begin(ctx context.Context, _ Step) context.Context { return ctx }

// End implements Observer.
func (Unobserved) End(context.Context, Step, Outcome, error) {}
