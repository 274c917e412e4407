package main

import (
	"encoding/json"
	"io"

	"github.com/tasktide/tasktide/core/domain"
)

// show prints a letter as JSON; its bytes as text where they are, else in base64.
func show(w io.Writer, l domain.DeadLetter) error {
	out := map[string]any{
		"id": l.ID, "group": l.Group, "topic": l.Topic, "event_id": l.EventID, "event_type": l.EventType, "user_id": l.UserID, "key": l.Key,
		"reason": l.Reason, "error": l.Error, "attempts": l.Attempts, "traceparent": l.TraceParent,
		"first_failed": domain.FormatTime(l.FirstFailed), "last_failed": domain.FormatTime(l.LastFailed),
	}
	if json.Valid(l.Body) {
		out["body"] = json.RawMessage(l.Body)
	} else {
		out["body_base64"] = l.Body
	}
	if l.RedriveAt != nil {
		out["redrive_at"] = domain.FormatTime(*l.RedriveAt)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
