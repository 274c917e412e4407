package delivery

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/tasktide/tasktide/core/jsonappend"
)

// The states of a record. Any other is read as started.
const (
	stateStarted = "started"
	stateDone    = "done"
)

// record is the value of an idempotency key. Every transport and every state
// adapter shares it, so its fields are part of the contract.
type record struct {
	State       string     `json:"state"`
	Attempts    int        `json:"attempts,omitempty"`     // started so far, the present one included
	By          string     `json:"by,omitempty"`           // makes each start's bytes unique
	At          *time.Time `json:"at,omitempty"`           // of the last start
	First       *time.Time `json:"first_failed,omitempty"` // of the first failure
	NextAt      *time.Time `json:"next_at,omitempty"`      // not before; unset while an attempt runs
	Error       string     `json:"error,omitempty"`        // of the last failure
	ProcessedAt *time.Time `json:"processed_at,omitempty"`
	DeadLetter  string     `json:"dead_letter,omitempty"` // done because this letter was kept
}

func (r record) encode() []byte {
	b, _ := json.Marshal(r) // no field can fail
	return b
}

// firstStart is the value of a first attempt, by hand because every event pays for it.
func firstStart(by string, now time.Time) []byte {
	b := make([]byte, 0, 112)
	b = append(b, `{"state":"started","attempts":1,"by":"`...)
	b = append(b, by...)
	b = append(b, `","at":`...)
	return append(jsonappend.Time(b, now), '}')
}

// processed is the value of an event that is done, by hand for the same reason.
func processed(now time.Time) []byte {
	b := make([]byte, 0, 72)
	b = append(b, `{"state":"done","processed_at":`...)
	return append(jsonappend.Time(b, now), '}')
}

// decodeRecord reads a value. Bytes that are no record (somebody else wrote the
// key) count as a start that was never finished: the event is handled again,
// which is harmless, and never lost.
func decodeRecord(b []byte) record {
	var r record
	if json.Unmarshal(b, &r) != nil || r.State == "" {
		// The document this grew from marks an event as {"processed_at": …} only.
		if r.ProcessedAt != nil {
			return record{State: stateDone, ProcessedAt: r.ProcessedAt}
		}
		return record{State: stateStarted}
	}
	return r
}

func nonce(prefix string, n uint64) string {
	return prefix + "-" + strconv.FormatUint(n, 36)
}
