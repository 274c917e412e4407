package reminders

import (
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// held is which reminders can't be sent, and when each is tried again. It belongs
// to Run's goroutine.
type held struct {
	entries     map[key]*entry
	least, most time.Duration
}

type key struct {
	user string
	task uuid.UUID
}

type entry struct {
	wait  time.Duration
	again time.Time
}

func keyOf(r *domain.DueReminder) key { return key{r.UserID, r.TaskID} }

func (h *held) len() int { return len(h.entries) }

// add puts r off, longer each time, and says for how long.
func (h *held) add(r *domain.DueReminder, now time.Time) time.Duration {
	e := h.entries[keyOf(r)]
	if e == nil {
		e = &entry{}
		h.entries[keyOf(r)] = e
	}
	e.wait = min(max(2*e.wait, h.least), h.most)
	e.again = now.Add(e.wait)
	return e.wait
}

func (h *held) remove(r *domain.DueReminder) { delete(h.entries, keyOf(r)) }

// keepOnly forgets what is not in all, which is everything that is due.
func (h *held) keepOnly(all []domain.DueReminder) {
	if len(h.entries) == 0 {
		return
	}
	still := make(map[key]*entry, len(h.entries))
	for i := range all {
		if e := h.entries[keyOf(&all[i])]; e != nil {
			still[keyOf(&all[i])] = e
		}
	}
	h.entries = still
}

// ready is what of due may be tried now.
func (h *held) ready(due []domain.DueReminder, now time.Time) []domain.DueReminder {
	out := make([]domain.DueReminder, 0, len(due))
	for i := range due {
		if e := h.entries[keyOf(&due[i])]; e == nil || !e.again.After(now) {
			out = append(out, due[i])
		}
	}
	return out
}

// next is how long until one may be tried again.
func (h *held) next(now time.Time) time.Duration {
	wait := forever
	for _, e := range h.entries {
		wait = min(wait, max(e.again.Sub(now), time.Millisecond))
	}
	return wait
}
