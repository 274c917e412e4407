// Package memory has the adapters of the one-binary mode and of fast tests: the
// bus, the state store, the clock, dead letters and small stores. They hold the
// same contract suites as the real ones. Nothing survives the process: in the
// one binary the outbox does, whose rows go only when the bus has settled them.
package memory
