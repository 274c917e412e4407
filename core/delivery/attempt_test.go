package delivery

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

type keyType struct{}

func TestAnAttemptEndsLikeAContextWithADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		parent, cancelParent := context.WithCancel(context.WithValue(t.Context(), keyType{}, "v"))
		newAttempt := func() *attempt { return &attempt{Context: parent, end: time.Now().Add(time.Second)} }

		late := newAttempt()
		if d, ok := late.Deadline(); !ok || time.Until(d) != time.Second {
			t.Errorf("deadline %v, %v", d, ok)
		}
		time.Sleep(700 * time.Millisecond) // the time counts from the begin, not from the first look
		if late.Err() != nil || late.Value(keyType{}) != "v" {
			t.Errorf("%v, %v", late.Err(), late.Value(keyType{}))
		}
		time.Sleep(301 * time.Millisecond)
		if !errors.Is(late.Err(), context.DeadlineExceeded) {
			t.Errorf("after its time: %v", late.Err())
		}

		never := newAttempt()
		never.cancel()
		select {
		case <-never.Done():
		default:
			t.Error("what is left over of an attempt does not see its end")
		}

		short, cancel := context.WithTimeout(parent, time.Millisecond)
		defer cancel()
		inner := &attempt{Context: short, end: time.Now().Add(time.Second)}
		if d, _ := inner.Deadline(); time.Until(d) != time.Millisecond {
			t.Errorf("the parent's earlier deadline is hidden: %v", d)
		}

		stopped := newAttempt()
		before := runtime.NumGoroutine()
		child, cancelChild := context.WithCancel(stopped)
		defer cancelChild()
		if runtime.NumGoroutine() > before {
			t.Error("a child needs a goroutine")
		}
		cancelParent()
		synctest.Wait()
		if stopped.Err() == nil || child.Err() == nil {
			t.Errorf("the parent's end: %v, the child %v", stopped.Err(), child.Err())
		}
	})
}
