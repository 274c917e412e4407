package domain

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// MaxEventBytes is the largest event that is encoded or decoded. It is below
// the smallest usual maximum of a broker (1 MB) with room for base64 on Dapr.
const MaxEventBytes = 700_000

// EncodeEvent writes e as a structured-mode CloudEvent 1.0 (JSON). The bytes
// depend on e alone, so every transport and every retry sends the same ones.
// e must be stored: its Position is the sequence. Errors: domain.ErrTooLarge.
func EncodeEvent(e Event) ([]byte, error) {
	b := make([]byte, 0, 640+len(e.Data))
	str := func(name, value string) {
		b = append(b, name...)
		b = appendString(b, value)
	}
	id, at := e.ID.String(), FormatTime(e.Time)
	b = append(b, `{"specversion":"1.0","id":"`...)
	b = append(b, id...)
	str(`","source":`, string(e.Source))
	str(`,"type":`, string(e.Type))
	str(`,"subject":`, e.Subject)
	str(`,"time":`, at)
	str(`,"datacontenttype":"application/json","partitionkey":`, e.UserID)
	str(`,"sequence":`, strconv.FormatInt(e.Position, 10))
	if e.TraceParent != "" {
		str(`,"traceparent":`, e.TraceParent)
	}
	b = append(b, `,"data":{"event_id":"`...)
	b = append(b, id...)
	str(`","timestamp":`, at)
	str(`,"event_type":`, string(e.Type))
	str(`,"user_id":`, e.UserID)
	str(`,"correlation_id":`, e.CorrelationID)
	b = append(b, `,"data":`...)
	if len(e.Data) == 0 {
		b = append(b, "{}"...)
	} else {
		b = append(b, e.Data...)
	}
	b = append(b, "}}"...)
	if len(b) > MaxEventBytes {
		return nil, &Error{Kind: KindTooLarge, Detail: "an event of " + strconv.Itoa(len(b)) + " bytes is larger than " + strconv.Itoa(MaxEventBytes)}
	}
	return b, nil
}

// appendString appends s as a JSON string, without the escapes for HTML.
func appendString(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return appendEscaped(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func appendEscaped(b []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return append(b, bytes.TrimRight(buf.Bytes(), "\n")...)
}

type wireEvent struct {
	SpecVersion  string        `json:"specversion"`
	ID           string        `json:"id"`
	Source       string        `json:"source"`
	Type         string        `json:"type"`
	Subject      string        `json:"subject"`
	Time         string        `json:"time"`
	PartitionKey string        `json:"partitionkey"`
	Sequence     string        `json:"sequence"`
	TraceParent  string        `json:"traceparent"`
	Data         *wireEnvelope `json:"data"`
}

type wireEnvelope struct {
	EventID       string          `json:"event_id"`
	Timestamp     string          `json:"timestamp"`
	EventType     string          `json:"event_type"`
	UserID        string          `json:"user_id"`
	CorrelationID string          `json:"correlation_id"`
	Data          json.RawMessage `json:"data"`
}

// DecodeEvent reads a CloudEvent that carries the envelope and checks all that
// delivery relies on. The error is ErrMalformed and says what is wrong; the event
// returned with it has whatever could be read, so that a dead letter can name its
// user and id. The event keeps parts of body: the caller gives it away.
func DecodeEvent(body []byte) (Event, error) {
	if e, ok := decodeCanonical(body); ok {
		return e, nil
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return Event{}, Malformed("the record is empty (a tombstone)")
	}
	if len(body) > MaxEventBytes {
		return Event{}, Malformed("the record has %d bytes, more than %d", len(body), MaxEventBytes)
	}
	var w wireEvent
	if err := json.Unmarshal(body, &w); err != nil {
		return w.readable(), Malformed("not a CloudEvent in JSON: %v", err)
	}
	return w.event()
}

// readable is what a dead letter can say about an event that is wrong elsewhere.
func (w *wireEvent) readable() Event {
	e := Event{Type: EventType(clean(w.Type)), TraceParent: clean(w.TraceParent)}
	e.ID, _ = uuid.Parse(w.ID)
	if n, err := strconv.ParseInt(w.Sequence, 10, 64); err == nil && n > 0 {
		e.Position = n
	}
	if w.Data != nil {
		e.UserID = clean(w.Data.UserID)
	}
	return e
}

func (w *wireEvent) event() (Event, error) {
	e := w.readable()
	bad := func(format string, args ...any) (Event, error) { return e, Malformed(format, args...) }
	d := w.Data
	if d == nil {
		return bad("the CloudEvent has no data")
	}
	at, err := time.Parse(time.RFC3339Nano, d.Timestamp)
	position, err2 := strconv.ParseInt(w.Sequence, 10, 64)
	switch {
	case w.SpecVersion != "1.0":
		return bad("specversion is %.20q, want 1.0", w.SpecVersion)
	case e.ID == uuid.Nil:
		return bad("id is %.80q, want a UUID", w.ID)
	case d.EventID != w.ID:
		return bad("data.event_id %.80q differs from id %.80q", d.EventID, w.ID)
	case TopicOf(EventType(w.Type)) == "":
		return bad("type %.80q is unknown here; a newer producer may need a newer consumer", w.Type)
	case d.EventType != w.Type:
		return bad("data.event_type %.80q differs from type %.80q", d.EventType, w.Type)
	case d.UserID == "" || len(d.UserID) > MaxUserID || e.UserID != d.UserID:
		return bad("data.user_id must have 1 to %d bytes without control characters", MaxUserID)
	case w.PartitionKey != "" && w.PartitionKey != d.UserID:
		return bad("partitionkey %.80q differs from data.user_id %.80q", w.PartitionKey, d.UserID)
	case err != nil:
		return bad("data.timestamp is %.80q, want RFC 3339", d.Timestamp)
	case err2 != nil || position < 1:
		return bad("sequence is %.80q, want the position in the user's stream from 1", w.Sequence)
	case clean(w.Source) != w.Source || clean(w.Subject) != w.Subject || clean(d.CorrelationID) != d.CorrelationID || clean(w.TraceParent) != w.TraceParent:
		return bad("source, subject, correlation_id or traceparent has a control character or over %d bytes", maxAttribute)
	case len(d.Data) == 0 || d.Data[0] != '{':
		return bad("data.data must be an object")
	}
	e.Time, e.Position, e.Data = at.UTC(), position, d.Data
	e.Source, e.Subject, e.CorrelationID = Service(w.Source), w.Subject, d.CorrelationID
	if e.CorrelationID == "" {
		e.CorrelationID = w.ID
	}
	return e, nil
}

// MaxUserID is the longest user id in bytes.
const MaxUserID = 255

const maxAttribute = 1024

// clean is s when it can be stored and logged as it is, else "".
func clean(s string) string {
	if len(s) > maxAttribute || strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return ""
	}
	return s
}
