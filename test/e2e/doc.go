// Package e2e tests the whole system from outside: programs that were built, processes that are killed, requests over
// HTTP, the operator's command line. Nothing of it looks into a process.
//
//   - crash tests, one for each transport and one with two transports at once: 50 users make 2,000 writes while every
//     process is killed with SIGKILL again and again, during its start too. Afterwards every answered write must be there,
//     audited exactly once, in order; every completed task that recurs must have one next occurrence, which an oracle of
//     dates knows; every reminder that was due one notification and one event; and every device, by WebSocket and by
//     Server-Sent Events, the same tasks as the list.
//   - rolling updates (make rolling): every pod of the chart is replaced while users write and devices look on; no request fails.
//   - absence tests: services that are down for a while slow nobody and catch up.
//   - operator tests: dead letters of malformed and of permanently failing events, seen and handled with tasktide.
//   - newcomer tests: one process with SQLite, killed under load, and every start that must be refused with a reason.
//
// The moments of the kills and the writes follow from one number that is printed; E2E_SEED=n repeats it (the scheduler of
// the machine is not repeated with it).
package e2e
