package rest

import (
	"strconv"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
)

// TestAMillionWritersTakeBoundedMemory: those who have not written for longest are forgotten, the others keep their limit.
func TestAMillionWritersTakeBoundedMemory(t *testing.T) {
	t.Parallel()
	w := NewWrites(0.001, 1, memory.Clock{})
	at := time.Now()
	for i := range 1_000_000 {
		w.of("u"+strconv.Itoa(i), at)
		if n := len(w.now) + len(w.last); n > 2*mostWriters {
			t.Fatalf("after %d users %d are remembered", i, n)
		}
	}
	of := w.of("steady", at)
	if !of.AllowN(at, 1) {
		t.Fatal("a new user may not write")
	}
	for i := range mostWriters {
		w.of("v"+strconv.Itoa(i), at)
	}
	if again := w.of("steady", at); again != of {
		t.Error("who wrote a moment ago was forgotten among many others")
	}
}

// TestWhoHasNotWrittenForAWindowIsForgotten, since nothing is left to remember.
func TestWhoHasNotWrittenForAWindowIsForgotten(t *testing.T) {
	t.Parallel()
	w := NewWrites(10, 100, memory.Clock{})
	at := w.turned
	first := w.of("u", at)
	first.AllowN(at, 100)
	if w.of("u", at.Add(9*time.Second)) != first || w.of("u", at.Add(11*time.Second)) != first {
		t.Error("a user was forgotten while the bucket was not full")
	}
	w.of("x", at.Add(22*time.Second))
	w.of("x", at.Add(33*time.Second))
	if w.now["u"] != nil || w.last["u"] != nil || w.now["x"] == nil {
		t.Errorf("remembered are %v and %v", w.now, w.last)
	}
}
