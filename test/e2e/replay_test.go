package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tasktide/tasktide/test/device"
)

// row is one event in a table.
type row struct {
	position          int64
	id, kind, subject string
	time, data        string // of the stream only
}

const reminderDue = "reminder.due.v1"

// replay goes through one user's stream, event by event, and says of each whether it is the user's own next write, or
// something that the system had to do at this point: a next occurrence, a reminder.
type replay struct {
	user   string
	log    []write         // the user's own, what was replayed is taken away
	unseen map[string]bool // titles of creates that may have been applied late

	tasks     map[string]object   // as they are at this point
	start     map[string]object   // the first task of each task's series
	completed map[string]string   // when a recurring task was completed first
	again     map[string]bool     // completed since its next occurrence was made
	since     map[string][]object // its states from then on
	next      map[string]string   // the occurrence after it
	reminders map[string]object   // the payloads of reminder-due by task and time

	late, unreminded, occurrences int
}

func newReplay(u *user) *replay {
	return &replay{
		user: u.user, log: slices.Clone(u.log), unseen: maps.Clone(u.unseen),
		tasks: map[string]object{}, start: map[string]object{}, completed: map[string]string{}, again: map[string]bool{}, since: map[string][]object{},
		next: map[string]string{}, reminders: map[string]object{},
	}
}

// change is an event of a task and the entry of the trail at its position.
func (r *replay) change(e row, got object) error {
	data, _ := got["data"].(map[string]any)
	if fresh, ok := data["new"].(map[string]any); ok && got["eventType"] == "created" {
		task := object(device.FromPayload(r.user, fresh))
		if task["previousTaskId"] != nil {
			return errors.Join(r.occurrence(e, task), recorded(e, "created", nil, task, got))
		}
		if r.unseen[task.text("title")] {
			delete(r.unseen, task.text("title"))
			r.late++
			r.set(task)
			return recorded(e, "created", nil, task, got)
		}
	}
	if len(r.log) == 0 {
		return fmt.Errorf("nobody made the change %v", got)
	}
	w := r.log[0]
	r.log = r.log[1:]
	before := r.tasks[e.subject]
	after := w.after
	switch {
	case w.event == "deleted":
		after = nil
	case w.event != "created" && before == nil:
		return fmt.Errorf("position %d changes a task that is not there: %v", e.position, got)
	case w.event != "created":
		after = changed(before, w.asked)
		after["updatedAt"] = e.time
		r.overdue(before, after, e.time)
	}
	if err := recorded(e, w.event, before, after, got); err != nil {
		return fmt.Errorf("answered %t: %w", w.answered, err)
	}
	if w.after != nil {
		if err := same("the answer", after, w.after); err != nil {
			return err
		}
	}
	if after == nil {
		delete(r.tasks, e.subject)
		return nil
	}
	if w.event == "completed" && after["recurringRule"] != nil {
		r.again[e.subject] = true
		if r.completed[e.subject] == "" {
			r.completed[e.subject] = e.time
		}
	}
	r.set(after)
	return nil
}

// recorded says what is wrong with the entry of an event.
func recorded(e row, event string, before, after, got object) error {
	want := entry(event, before, after)
	want["id"], want["timestamp"] = e.id, e.time
	return same(fmt.Sprintf("entry at %d", e.position), want, got)
}

func (r *replay) set(task object) {
	id := task.text("id")
	r.tasks[id] = task
	if r.start[id] == nil {
		r.start[id] = task
	}
	if r.completed[id] != "" {
		r.since[id] = append(r.since[id], task)
	}
}

// occurrence must come after the completion of a task that recurs, once, and be what the rule says for a state that the
// task has had since. Only who deletes the occurrence and completes the task again gets another.
func (r *replay) occurrence(e row, task object) error {
	previous := task.text("previousTaskId")
	states := r.since[previous]
	if len(states) == 0 {
		return fmt.Errorf("position %d: an occurrence after a task that was never completed: %v", e.position, task)
	}
	if other := r.next[previous]; other != "" && (r.tasks[other] != nil || !r.again[previous]) {
		return fmt.Errorf("position %d: %s and %s are both the occurrence after %s", e.position, other, task.text("id"), previous)
	}
	from, _ := time.Parse(time.RFC3339Nano, r.completed[previous])
	to, _ := time.Parse(time.RFC3339Nano, e.time)
	start := instant(r.start[previous], "dueDate")
	var wrong error
	for _, s := range slices.Backward(states) {
		if wrong = follows(s, task, *start, from, to); wrong == nil {
			break
		}
	}
	if wrong != nil {
		return fmt.Errorf("position %d: %w", e.position, wrong)
	}
	r.next[previous], r.again[previous] = task.text("id"), false
	r.start[task.text("id")] = r.start[previous]
	r.occurrences++
	r.set(task)
	return nil
}

// reminder must find its task pending, due and not yet reminded of.
func (r *replay) reminder(e row) error {
	var data map[string]any
	if err := json.Unmarshal([]byte(e.data), &data); err != nil {
		return err
	}
	t := r.tasks[e.subject]
	at, sent := instant(t, "reminderAt"), e.time
	switch {
	case t == nil || at == nil || t["completed"] != false || t["reminderSent"] != false:
		return fmt.Errorf("position %d: a reminder of the task %v", e.position, t)
	case at.Format(timeFormat) > sent:
		return fmt.Errorf("position %d: a reminder at %s of the task %v, too early", e.position, sent, t)
	case data["title"] != t["title"] || data["due_date"] != t["dueDate"] || data["task_id"] != t["id"]:
		return fmt.Errorf("position %d: the reminder says %v of the task %v", e.position, data, t)
	}
	key := e.subject + " " + t.text("reminderAt")
	if r.reminders[key] != nil {
		return fmt.Errorf("position %d: a second reminder of %s", e.position, key)
	}
	r.reminders[key] = data
	after := maps.Clone(t)
	after["reminderSent"], after["version"], after["updatedAt"] = true, float64(t.version()+1), sent
	r.set(after)
	return nil
}

// overdue counts reminders that their user took back after they were due and before they were sent.
func (r *replay) overdue(before, after object, at string) {
	if t := before.text("reminderAt"); t != "" && t < at && before["completed"] == false && before["reminderSent"] == false &&
		(after["completed"] == true || after["reminderAt"] != before["reminderAt"]) {
		r.unreminded++
	}
}

// finish says what is missing at the end.
func (r *replay) finish() error {
	var errs []error
	if len(r.log) > 0 {
		errs = append(errs, fmt.Errorf("%d writes that were applied are not in the stream, the first is %v", len(r.log), r.log[0]))
	}
	for id, states := range r.since {
		last := states[len(states)-1]
		_, more := nextDue(last.text("recurringRule"), last.text("timeZone"), *instant(r.start[id], "dueDate"), *instant(last, "dueDate"),
			time.Now(), instant(last, "recurringEndDate"))
		if more != (r.next[id] != "") {
			errs = append(errs, fmt.Errorf("task %s was completed at %s: there is a next occurrence: %t, must be %t", id, r.completed[id], !more, more))
		}
	}
	now := time.Now().UTC().Add(-2 * time.Second).Format(timeFormat)
	for id, t := range r.tasks {
		if at := t.text("reminderAt"); at != "" && at < now && t["completed"] == false && t["reminderSent"] == false {
			errs = append(errs, fmt.Errorf("the reminder of %s at %s was never sent", id, at))
		}
	}
	return errors.Join(errs...)
}

// notified compares the user's notifications with the reminders.
func (r *replay) notified(all []object) error {
	byID := map[string]object{}
	for _, n := range all {
		byID[n.text("id")] = n
	}
	for key, data := range r.reminders {
		id, _ := data["notification_id"].(string)
		n := byID[id]
		delete(byID, id)
		if n == nil || n["taskId"] != data["task_id"] || n["type"] != "reminder" || n["read"] != false || n["userId"] != r.user || n.text("message") == "" {
			return fmt.Errorf("the reminder of %s has the notification %v", key, n)
		}
	}
	if len(byID) > 0 {
		return fmt.Errorf("notifications without a reminder: %v", byID)
	}
	return nil
}
