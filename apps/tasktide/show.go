package main

import (
	"encoding/json"

	"github.com/tasktide/tasktide/core/domain"
)

// summary is a letter without its bytes.
func summary(l domain.DeadLetter) map[string]any {
	out := map[string]any{
		"id": l.ID, "group": l.Group, "topic": l.Topic, "event_id": l.EventID, "event_type": l.EventType, "user_id": l.UserID, "key": l.Key,
		"reason": l.Reason, "error": l.Error, "attempts": l.Attempts, "traceparent": l.TraceParent,
		"first_failed": domain.FormatTime(l.FirstFailed), "last_failed": domain.FormatTime(l.LastFailed),
	}
	if l.RedriveAt != nil {
		out["redrive_at"] = domain.FormatTime(*l.RedriveAt)
	}
	return out
}

// whole has its bytes, too: as text where they are, else in base64.
func whole(l domain.DeadLetter) map[string]any {
	out := summary(l)
	if json.Valid(l.Body) {
		out["body"] = json.RawMessage(l.Body)
	} else {
		out["body_base64"] = l.Body
	}
	return out
}
