package rest

import (
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
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

// TestWhoIsRefusedLosesNothing, however many ask at once.
func TestWhoIsRefusedLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := NewWrites(1, 1, memory.Clock{})
		if wait, _ := w.count("u"); wait != 0 {
			t.Fatal("the first has to wait")
		}
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				for range 500 {
					if wait, left := w.count("u"); wait != time.Second || left != 0 {
						t.Errorf("to wait %s, %g are left", wait, left)
					}
				}
			})
		}
		all.Wait()
		time.Sleep(time.Second)
		if wait, _ := w.count("u"); wait != 0 {
			t.Errorf("after a second without any there is none yet: to wait %s", wait)
		}
	})
}
