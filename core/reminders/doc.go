// Package reminders is the use case of notification-service: it sends the
// reminders that are due. Beside it, Notifications is what users do with what they
// were sent; that is called by the REST adapter.
//
// A Service guarantees: a reminder is sent once for each task and time, whatever
// number of services run on one store and whatever their clocks say; within
// milliseconds of its time when the process runs, else as soon as one does, with
// late_by telling how late; never for a task that is completed or deleted, or whose
// reminder was moved, at the moment of sending. One that can't be sent is tried
// again alone, and holds up no other.
//
// It looks for what is due at its start, when the next one becomes due, when the
// store says that one was set, and at each Tick. A tick is the safety net only: for
// signals that were lost.
//
// It reads no clock but the store's and, to wait, ports.Clock; it publishes nothing
// (the relay does) and starts no goroutine that outlives Run.
package reminders
