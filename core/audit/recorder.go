package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Recorder turns task events into audit entries.
type Recorder struct{ store ports.AuditStore }

// NewRecorder makes a recorder.
func NewRecorder(store ports.AuditStore) *Recorder { return &Recorder{store: store} }

// Handle records e. Handling it again changes nothing. Errors:
// domain.ErrPermanent for an event that is not a task event, domain.ErrMalformed
// for one whose payload can't be read or stored; those of ports.AuditStore.
func (r *Recorder) Handle(ctx context.Context, e domain.Event) error {
	entry, err := Entry(e)
	if err != nil {
		return err
	}
	return r.store.Append(ctx, entry)
}

// Entry is the audit entry of a task event: Data has "title", "old" and "new".
// Created: old is null, new the task. Updated: the changed fields on both sides.
// Completed: completed and status on both sides. Deleted: old is the last state,
// new is null.
func Entry(e domain.Event) (domain.AuditEntry, error) {
	entry := domain.AuditEntry{
		ID: e.ID, UserID: e.UserID, Position: e.Position, EntityType: "task", Time: e.Time,
	}
	switch e.Type {
	case domain.TaskCreatedV1:
		entry.EventType = "created"
	case domain.TaskUpdatedV1:
		entry.EventType = "updated"
	case domain.TaskCompletedV1:
		entry.EventType = "completed"
	case domain.TaskDeletedV1:
		entry.EventType = "deleted"
	default:
		return domain.AuditEntry{}, domain.Permanent(fmt.Errorf("an event of type %.80q has no audit entry", e.Type))
	}
	if e.Type != domain.TaskUpdatedV1 {
		if id, title, ok := canonical(e.Data); ok {
			entry.EntityID, entry.Data = id, appendSides(title, e)
			return entry, nil
		}
	}
	p, err := read(e)
	if err != nil {
		return domain.AuditEntry{}, err
	}
	entry.EntityID = p.TaskID
	entry.Data, err = p.data(e)
	return entry, err
}

type payload struct {
	TaskID  string  `json:"task_id"`
	Title   *string `json:"title"`
	Changes map[string]struct {
		Old json.RawMessage `json:"old"`
		New json.RawMessage `json:"new"`
	} `json:"changes"`
}

func read(e domain.Event) (p payload, err error) {
	if hasNUL(e.Data) {
		return p, domain.Malformed("the data of a %s event has a NUL character, which can't be stored", e.Type)
	}
	if err := json.Unmarshal(e.Data, &p); err != nil {
		return p, domain.Malformed("the data of a %s event can't be read: %v", e.Type, err)
	}
	if id, err := uuid.Parse(p.TaskID); err != nil || len(p.TaskID) != 36 || id == uuid.Nil {
		return p, domain.Malformed("the data of a %s event has the task_id %.80q, want a UUID", e.Type, p.TaskID)
	}
	if p.Title == nil {
		return p, domain.Malformed("the data of a %s event has no title", e.Type)
	}
	if e.Type == domain.TaskUpdatedV1 && p.Changes == nil {
		return p, domain.Malformed("the data of a %s event has no changes", e.Type)
	}
	return p, nil
}

// canonical reads task_id and title from where core/tasks writes them. ok is
// false for everything else, and for what the general path might refuse.
func canonical(data []byte) (id string, title []byte, ok bool) {
	const first, second = `{"task_id":"`, `","title":"`
	const at = len(first) + 36 + len(second)
	if len(data) < at || string(data[:len(first)]) != first || string(data[len(first)+36:at]) != second {
		return "", nil, false
	}
	end := at
	for ; end < len(data) && data[end] != '"'; end++ {
		if c := data[end]; c < 0x20 || c > 0x7e || c == '\\' {
			return "", nil, false
		}
	}
	id = string(data[len(first) : len(first)+36])
	if u, err := uuid.Parse(id); err != nil || u == uuid.Nil || hasNUL(data) || !domain.ValidJSON(data) {
		return "", nil, false
	}
	return id, data[at-1 : end+1], true // with the quotes
}

// appendSides is payload.data of a canonical event that has no changes.
func appendSides(title []byte, e domain.Event) json.RawMessage {
	b := make([]byte, 0, len(title)+len(e.Data)+96)
	b = append(append(b, `{"title":`...), title...)
	b = append(b, `,"old":`...)
	switch e.Type {
	case domain.TaskCreatedV1:
		b = append(append(b, `null,"new":`...), e.Data...)
	case domain.TaskDeletedV1:
		b = append(append(b, e.Data...), `,"new":null`...)
	default:
		b = append(b, completedBefore+`,"new":`+completedAfter...)
	}
	return append(b, '}')
}

const (
	completedBefore = `{"completed":false,"status":"pending"}`
	completedAfter  = `{"completed":true,"status":"completed"}`
)

type sides struct {
	Title string `json:"title"`
	Old   any    `json:"old"`
	New   any    `json:"new"`
}

func (p *payload) data(e domain.Event) (json.RawMessage, error) {
	d := sides{Title: *p.Title}
	switch e.Type {
	case domain.TaskCreatedV1:
		d.New = e.Data
	case domain.TaskDeletedV1:
		d.Old = e.Data
	case domain.TaskCompletedV1:
		d.Old = json.RawMessage(completedBefore)
		d.New = json.RawMessage(completedAfter)
	default:
		before, after := make(map[string]json.RawMessage, len(p.Changes)), make(map[string]json.RawMessage, len(p.Changes))
		for field, change := range p.Changes {
			before[field], after[field] = change.Old, change.New
		}
		d.Old, d.New = before, after
	}
	b, err := json.Marshal(d)
	if err != nil {
		return nil, domain.Malformed("the data of a %s event can't be stored: %v", e.Type, err)
	}
	return b, nil
}

var escapedNUL = []byte(`\u0000`)

// hasNUL finds \u0000 in JSON text: valid there, but no database stores it.
func hasNUL(b []byte) bool {
	if !bytes.Contains(b, escapedNUL) {
		return false
	}
	for i := 0; i+1 < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		if b[i+1] == 'u' && i+6 <= len(b) && string(b[i+2:i+6]) == "0000" {
			return true
		}
		i++ // what follows a backslash is escaped, another backslash too
	}
	return false
}
