package kafka

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/tasktide/tasktide/ports"
)

func messages(from, n int, key func(i int) string) []*sarama.ConsumerMessage {
	out := make([]*sarama.ConsumerMessage, n)
	for i := range out {
		out[i] = &sarama.ConsumerMessage{Key: []byte(key(from + i)), Value: []byte("0123456789"), Offset: int64(from + i)}
	}
	return out
}

func each(int) string        { return "one" }
func different(i int) string { return fmt.Sprint(i) }

func gated(t *testing.T, l limits) (d *dispatcher, gate chan ports.Answer) {
	t.Helper()
	gate = make(chan ports.Answer)
	d = newDispatcher(t.Context(), topic, func(context.Context, ports.Message) ports.Answer { return <-gate }, l, &counters{})
	t.Cleanup(func() {
		d.close()
		close(gate)
		<-d.idle
	})
	return d, gate
}

func TestAWindowTakesNoMoreThanItsRecordsAndBytes(t *testing.T) {
	for name, c := range map[string]struct {
		limits limits
		taken  int
	}{
		"records":               {limits{inFlight: 2, window: 16, bytes: 1 << 20}, 16},
		"bytes":                 {limits{inFlight: 2, window: 1024, bytes: 55}, 5},
		"one that is too large": {limits{inFlight: 2, window: 1024, bytes: 1}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			d, gate := gated(t, c.limits)
			rest := d.offer(messages(0, 100, different))
			if taken := 100 - len(rest); taken != c.taken {
				t.Fatalf("took %d, want %d", taken, c.taken)
			}
			for taken := c.taken; taken < 100; {
				gate <- ports.Answer{}
				select {
				case <-d.space:
				case <-time.After(time.Millisecond): // not the first of the window
				}
				before := len(rest)
				rest = d.offer(rest)
				taken += before - len(rest)
			}
		})
	}
}

func TestAtMostInFlightHandlersRunAndOneForEachKey(t *testing.T) {
	for name, c := range map[string]struct {
		key  func(int) string
		most int
	}{"many keys": {different, 3}, "one key": {each, 1}} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			running, most, total := 0, 0, 0
			all := make(chan struct{})
			d := newDispatcher(t.Context(), topic, func(context.Context, ports.Message) ports.Answer {
				mu.Lock()
				running++
				most = max(most, running)
				mu.Unlock()
				time.Sleep(time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				running--
				if total++; total == 60 {
					close(all)
				}
				return ports.Answer{}
			}, limits{inFlight: 3, window: 100, bytes: 1 << 20}, &counters{})
			d.offer(messages(0, 60, c.key))
			<-all
			d.close()
			<-d.idle
			if most != c.most {
				t.Errorf("%d handlers ran at once, want %d", most, c.most)
			}
		})
	}
}

func TestTheMarkStopsAtTheFirstThatIsNotDone(t *testing.T) {
	stuck := make(chan struct{})
	others := make(chan struct{}, 100)
	d := newDispatcher(t.Context(), topic, func(_ context.Context, m ports.Message) ports.Answer {
		if m.Key == "3" {
			<-stuck
		} else {
			others <- struct{}{}
		}
		return ports.Answer{}
	}, limits{inFlight: 4, window: 100, bytes: 1 << 20}, &counters{})
	if d.mark() != -1 {
		t.Error("a mark before anything was done")
	}
	d.offer(messages(0, 50, different))
	for range 49 {
		<-others
	}
	d.close()
	if m := d.mark(); m > 3 {
		t.Errorf("offset 3 is not done, but the mark is %d", m)
	}
	close(stuck)
	<-d.idle
	if m := d.mark(); m != 50 {
		t.Errorf("all done, but the mark is %d", m)
	}
}

// Whatever the handlers answer and however the batches fall: one key in order,
// every record done once, the mark never beyond an unfinished one, nothing
// left over.
func TestRandomAnswersKeepOrderAndMark(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 0))  // the test's
		answers := rand.New(rand.NewPCG(seed, 1)) // the handlers', under mu
		var mu sync.Mutex
		next := map[string]int64{}
		undone := map[int64]bool{}
		const total = 2000
		finished := 0
		all := make(chan struct{})
		var d *dispatcher
		keys := 1 + random.IntN(40)
		batch := messages(0, total, func(i int) string { return fmt.Sprint(i * 31 % keys) })
		byKey := map[string][]int64{}
		for _, m := range batch {
			m.Value = fmt.Append(nil, m.Offset)
			byKey[string(m.Key)] = append(byKey[string(m.Key)], m.Offset)
			undone[m.Offset] = true
		}
		d = newDispatcher(t.Context(), topic, func(_ context.Context, m ports.Message) ports.Answer {
			mu.Lock()
			defer mu.Unlock()
			var offset int64
			_, _ = fmt.Sscan(string(m.Body), &offset)
			if want := byKey[m.Key][next[m.Key]]; offset != want {
				t.Errorf("seed %d key %s: got %d, want %d", seed, m.Key, offset, want)
			}
			if answers.IntN(4) == 0 {
				return ports.Answer{Again: true, After: time.Duration(answers.IntN(3)) * 100 * time.Microsecond}
			}
			next[m.Key]++
			delete(undone, offset)
			if finished++; finished == total {
				close(all)
			}
			return ports.Answer{}
		}, limits{inFlight: 1 + random.IntN(8), window: 1 + random.IntN(200), bytes: 1 << 20}, &counters{})
		for len(batch) > 0 {
			n := min(len(batch), 1+random.IntN(100))
			rest := d.offer(batch[:n])
			batch = batch[n-len(rest):]
			mark := d.mark()
			mu.Lock()
			for o := range undone {
				if o < mark {
					t.Fatalf("seed %d: the mark is %d, but %d is not done", seed, mark, o)
				}
			}
			mu.Unlock()
			if len(rest) > 0 {
				<-d.space
			}
		}
		<-all
		d.close()
		<-d.idle
		if m := d.mark(); m != total || d.ring.head != d.ring.tail || d.ring.bytes != 0 {
			t.Errorf("seed %d: mark %d, %d records and %d bytes left", seed, m, d.ring.tail-d.ring.head, d.ring.bytes)
		}
	}
}

func TestACopyOverlapsNothing(t *testing.T) {
	var a arena
	var made [][]byte
	for i := range 3000 {
		b := make([]byte, i%2000)
		for j := range b {
			b[j] = byte(i)
		}
		c := a.clone(b)
		_ = append(c, 0xee, 0xee)
		made = append(made, c)
	}
	for i, c := range made {
		if len(c) != i%2000 {
			t.Fatalf("copy %d has length %d", i, len(c))
		}
		for _, x := range c {
			if x != byte(i) {
				t.Fatalf("copy %d was overwritten", i)
			}
		}
	}
}
