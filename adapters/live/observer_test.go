package live

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/ports"
)

// witness notes the writes of events, and says so.
type witness struct {
	mu    sync.Mutex
	steps []ports.Step
	more  chan struct{}
}

func (w *witness) Begin(ctx context.Context, _ ports.Step) context.Context { return ctx }

func (w *witness) End(_ context.Context, s ports.Step, _ ports.Outcome, _ error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.steps = append(w.steps, s)
	w.more <- struct{}{}
}

func TestAnObserverSeesEachEventThatIsWrittenAndWhichOfThemTheConnectionWaitedFor(t *testing.T) {
	t.Parallel()
	saw := &witness{more: make(chan struct{}, 16)}
	w := start(t, options{deps: func(d *Deps) { d.Observer = saw }})
	old := w.stream.commit(t, "u")
	s, _ := w.dial("/ws/u", "Sec-WebSocket-Protocol: tasktide.v1, bearer.user:u")
	connected := s.read()
	s.say(fmt.Sprintf(`{"type":"resume","epoch":%q,"position":0}`, connected.Epoch))
	s.want("event 1")
	fresh := w.stream.commit(t, "u")
	fresh.Time = time.Now().Add(time.Minute) // whatever the clock's resolution is
	w.news(fresh)
	s.want("event 2")
	<-saw.more
	<-saw.more
	saw.mu.Lock()
	defer saw.mu.Unlock()
	i := slices.IndexFunc(saw.steps, func(x ports.Step) bool { return x.Event == old.ID })
	j := slices.IndexFunc(saw.steps, func(x ports.Step) bool { return x.Event == fresh.ID })
	if len(saw.steps) != 2 || i < 0 || j < 0 || !saw.steps[i].Made.IsZero() || !saw.steps[j].Made.Equal(fresh.Time) ||
		saw.steps[j].Kind != ports.StepPush || saw.steps[j].TraceParent != fresh.TraceParent || saw.steps[j].Began.IsZero() {
		t.Errorf("the steps are %+v", saw.steps)
	}
}
