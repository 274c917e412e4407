// Package store is the contract of everything that keeps data: suites that take
// only constructors and check the ports of package ports line by line, each
// line a subtest named after what must hold.
//
//	RunTaskStore    ports.TaskStore and ports.EventStream
//	RunTaskList     ports.TaskStore.List against an oracle
//	RunAudit        ports.AuditStore
//	RunOutbox       ports.Outbox over a task store
//	RunDeadLetters  ports.DeadLetterStore and ports.DeadLetterAdmin
//	RunState        ports.StateStore: databases, memory and Dapr
//	RunErase        ports.UserEraser and ports.CausedTaskStore, and that late effects have none
//	RunOnce         ports.OnceStore
//	RunIdentity     ports.AccountStore, AccountSessions, AccountAdmin and KeyStore
//	RunUsers        ports.TaskCounter and ports.PreferenceStore
//
// A constructor is called once for each subtest and cleans up with t.Cleanup.
// Subtests run in parallel. RunOutbox, RunDeadLetters and RunIdentity need an empty store each
// time; the others use users and keys of their own and may share one.
package store
