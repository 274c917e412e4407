// Package tasks holds the use cases of tasks: create, read, change, complete,
// delete. It is called by the REST adapter.
//
// It guarantees that every stored task keeps the rules of the product (see
// Input), that each change is stored together with exactly one event, that a
// change which changes nothing makes neither an event nor a version, and that a
// change is never based on a state which somebody else has replaced meanwhile.
//
// It never reads a clock but the given one, never publishes and never logs.
package tasks
