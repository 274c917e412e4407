package domain

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// AuditEntry is what the audit trail keeps of one event. ID is the event's id.
type AuditEntry struct {
	ID         uuid.UUID
	UserID     string // the actor
	Position   int64
	EventType  string // created, updated, completed, deleted
	EntityType string // task
	EntityID   string
	Time       time.Time       // when the change was made
	Data       json.RawMessage // {"old": {…}|null, "new": {…}|null, …}
}

// AuditQuery narrows one user's audit trail; newest (highest position) first.
type AuditQuery struct {
	EventType  string // "" is all
	EntityType string // "" is all
	EntityID   string // "" is all
	Limit      int    // 1 to 500
	Offset     int
}

// DeadLetter is an event that a group gave up on, with the bytes as they came.
type DeadLetter struct {
	ID          string // hash of group and event id; of group, topic and bytes when that can't be read
	UserID      string // "" when it can't be read
	EventID     string // "" when it can't be read
	EventType   string
	Position    int64 // in the user's stream; 0 when it can't be read; not stored
	Topic       Topic
	Group       string
	Key         string
	Body        []byte
	Reason      string // malformed, permanent, exhausted
	Error       string
	Attempts    int // all counted attempts, over every redrive
	FirstFailed time.Time
	LastFailed  time.Time
	TraceParent string
	RedriveAt   *time.Time // set while a redrive is asked for and not finished
}

// The reasons of a dead letter.
const (
	ReasonMalformed = "malformed"
	ReasonPermanent = "permanent"
	ReasonExhausted = "exhausted"
)

// DeadLetterQuery selects dead letters; zero values do not narrow.
type DeadLetterQuery struct {
	ID, Group, UserID, ErrorContains string
	Topic                            Topic
	After, Before                    *time.Time      // by LastFailed
	Behind                           *DeadLetterMark // a page begins behind this letter
	Limit                            int             // 0: no limit
}
