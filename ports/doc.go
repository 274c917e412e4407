// Package ports has the small interfaces that the core needs from outside, and
// nothing else. Each is a contract: its comments say what an adapter must hold,
// and test/contract checks it on every adapter.
package ports
