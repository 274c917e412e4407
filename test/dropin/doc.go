// Package dropin is a client of the system that Tasktide replaces, unchanged, against
// the real program over HTTP: its routes, names, letter cases, times, statuses and
// messages. docs/drop-in.md lists where the answers differ on purpose, and has a
// test here for each difference that a client can see.
package dropin
