// Package recurring makes the next occurrence of a recurring task when one is
// completed. recurring-service calls it for each task.completed.v1.
//
// It guarantees that a completed task has at most one next occurrence, whatever is
// delivered again, by whomever, however often it is reopened and completed again:
// (user_id, previous_task_id) is unique in the store, and a conflict there means
// that somebody was faster. Everything about the new task except its id and its
// time of creation follows from the event and the task, so it does not matter who.
// An occurrence that was deleted does not come back by another delivery: its event
// has an id that follows from the completion's, and is unique too; and a completion that
// was before the deletion is refused by the store, however late it is handled. Only to complete
// the task once more, after that, makes another.
//
// Whether there is a next one is what the event says (a rule at the time of
// completion) and the task still says when it is handled; what it is like is the
// task as it is then. A task that was deleted meanwhile is read from the event of
// its deletion: to delete what is done does not end a series.
//
// It keeps nothing, logs nothing and reads no clock but the given one.
package recurring
