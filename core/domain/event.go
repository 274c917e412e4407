package domain

import (
	"encoding/json"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Event is one change of one user's data: the seed's envelope (ID, Time, Type,
// UserID, CorrelationID, Data) and what CloudEvents and the stream add.
type Event struct {
	ID            uuid.UUID // version 4, unique for ever
	Time          time.Time // UTC, microseconds
	Type          EventType
	UserID        string
	CorrelationID string
	Source        Service
	Subject       string // the id of the task
	Position      int64  // in the user's stream, from 1, without gap; 0 before it is stored
	TraceParent   string // W3C trace context; "" when there is none
	Data          json.RawMessage
}

// PreviousTaskID is which task the task of an event's data is the occurrence after;
// uuid.Nil for none, and for data that can't be read.
func PreviousTaskID(data []byte) uuid.UUID {
	var of struct {
		Previous uuid.UUID `json:"previous_task_id"`
	}
	if json.Unmarshal(data, &of) != nil {
		return uuid.Nil
	}
	return of.Previous
}

// Shards is the number of relay shards; a user belongs to one for ever.
const Shards = 64

// ShardOf is the relay shard of a user.
func ShardOf(userID string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(userID))
	return int(h.Sum32() % Shards)
}

// Position is a place in one user's stream. Epoch names the database that
// counts; positions of two epochs can't be compared.
type Position struct {
	Epoch uuid.UUID
	Value int64
}

// String is "<epoch>:<position>", as in the X-Stream-Position header.
func (p Position) String() string { return p.Epoch.String() + ":" + strconv.FormatInt(p.Value, 10) }

// ParsePosition reads what String wrote.
func ParsePosition(s string) (Position, error) {
	epoch, value, ok := strings.Cut(s, ":")
	id, err := uuid.Parse(epoch)
	n, err2 := strconv.ParseInt(value, 10, 64)
	if !ok || err != nil || err2 != nil || n < 0 {
		return Position{}, Malformed("a stream position looks like <epoch>:<number>, not %.80q", s)
	}
	return Position{Epoch: id, Value: n}, nil
}

// Head is where a user's stream is. Erased is the position of the last event
// that was there when the user's data was erased, 0 without: events up to it are
// gone for good and have no effect any more. Positions go on behind it.
type Head struct{ Position, Erased int64 }

// Pending is an event that is stored and not yet published.
type Pending struct {
	Topic Topic
	Event Event
}

// Lease is the right to relay the pending events of some shards of one
// publisher until a time; nobody else holds any of them before that.
type Lease struct {
	Publisher Service
	Owner     string
	Shards    []int
	Until     time.Time
}

// ProcessedKey is the idempotency key of an event in a group: processed-{event_id}-{service_name}.
func ProcessedKey(id uuid.UUID, group string) string {
	return "processed-" + id.String() + "-" + group
}

// TimeFormat is how times go out: UTC, six digits and Z, so that text order is time order.
const TimeFormat = "2006-01-02T15:04:05.000000Z"

// FormatTime writes t in TimeFormat.
func FormatTime(t time.Time) string { return t.UTC().Format(TimeFormat) }
