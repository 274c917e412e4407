// Package sqlstore keeps everything Tasktide remembers in PostgreSQL or SQLite.
//
// A DB is one database; the types beside it (Tasks, Audit, Outbox, Streams,
// Reminders, Notifications, DeadLetters, State) are its repositories and may
// share it. All are safe for concurrent use. Opening does no I/O; DB.Run is the
// only thing that lives in the background: on PostgreSQL it listens for other
// processes' commits and tells them of ours.
//
// What holds on both dialects:
//
//   - a write that was answered survives a crash of the process and of the machine;
//   - a task's write, its event and its outbox row are one transaction;
//   - positions of a user have no gap and are committed in their order, because
//     the row of user_streams stays locked until the commit and is only touched
//     when the task's row was written;
//   - one transaction takes rows of user_streams in the order of user ids;
//   - what an event leads to asks, in its own statement, whether its user had that
//     event erased (erased.go says how an erasure makes sure of the answer);
//   - every query that serves a user has user_id in its WHERE; the queries of
//     the system, which see all users, stand in the files named system_*.go;
//   - errors are of package domain: whatever may go away by itself (connection,
//     failover, full disk, lock) is domain.KindUnavailable of "database".
//
// Writes that are in flight together are written together: on PostgreSQL by one
// statement for many creates, state items, audit rows or settlements; on SQLite,
// which has one writer, by one transaction for whatever waits for it.
package sqlstore
