// Package e2e tests the whole system from outside: programs that were built, processes that are killed, requests over
// HTTP, the operator's command line. Nothing of it looks into a process.
//
//   - crash tests, one for each transport: 50 users make 2,000 writes while every process is killed with SIGKILL again
//     and again, during its start too. Afterwards every answered write must be there, audited exactly once, in order.
//   - operator tests: dead letters of malformed and of permanently failing events, seen and handled with tasktide.
//   - newcomer tests: one process with SQLite, killed under load, and every start that must be refused with a reason.
//
// The moments of the kills and the writes follow from one number that is printed; E2E_SEED=n repeats it (the scheduler of
// the machine is not repeated with it).
package e2e
