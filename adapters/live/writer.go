package live

import (
	"context"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/realtime"
	"github.com/tasktide/tasktide/ports"
)

// maxWrite is how many bytes are gathered for one write.
const maxWrite = 64 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// writer writes what the hub has for one connection.
type writer struct {
	server *Server
	socket net.Conn
	encode func([]byte, *realtime.Message) []byte
	ended  atomic.Bool  // the client has sent its close: after ours the socket is closed at once
	until  atomic.Int64 // the write deadline, Unix nanoseconds
}

// wake is realtime.Options.Wake.
func (w *writer) wake(c *realtime.Conn) { w.server.all.Go(func() { w.drain(c) }) }

// drain writes all that is queued. After a close, or when the client takes
// nothing, the reader has a moment for the client's answer, then ends.
func (w *writer) drain(c *realtime.Conn) {
	runtime.Gosched()                 // whoever is ready goes first: what they queue goes out with the same write
	buffer := buffers.Get().(*[]byte) //nolint:forcetypeassert // nothing else is put there
	defer func() {
		if cap(*buffer) <= 2*maxWrite {
			buffers.Put(buffer)
		}
	}()
	for {
		messages := c.Next()
		if messages == nil {
			return
		}
		b, closing, first := (*buffer)[:0], false, 0
		began := time.Now()
		for i, m := range messages {
			b = w.encode(b, m)
			closing = closing || m.Kind == realtime.Close
			if len(b) >= maxWrite {
				w.observe(c, messages[first:i+1], began, w.put(b))
				b, first, began = b[:0], i+1, time.Now()
			}
		}
		w.observe(c, messages[first:], began, w.put(b))
		*buffer = b
		switch {
		case closing && w.ended.Load():
			_ = w.socket.Close()
		case closing:
			_ = w.socket.SetReadDeadline(time.Now().Add(closeWithin))
		}
	}
}

// observe tells of the events among messages that they were written, or not.
func (w *writer) observe(c *realtime.Conn, messages []*realtime.Message, began time.Time, err error) {
	outcome := ports.Done
	if err != nil {
		outcome = ports.GaveUp
	}
	for _, m := range messages {
		if m.Step.Event == uuid.Nil {
			continue
		}
		step := m.Step
		step.Began = began
		if !c.Fresh(m) {
			step.Made = time.Time{}
		}
		w.server.Observer.End(w.server.Observer.Begin(context.Background(), step), step, outcome, err)
	}
}

// write writes what is of no event.
func (w *writer) write(b []byte) { _ = w.put(b) }

// put ends the connection when it fails: the reader sees it and leaves the hub.
func (w *writer) put(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	// A deadline costs a tenth of a write: one that was set a second ago will do.
	if until := time.Now().Add(writeWithin); until.UnixNano()-w.until.Load() > int64(time.Second) {
		w.until.Store(until.UnixNano())
		_ = w.socket.SetWriteDeadline(until)
	}
	_, err := w.socket.Write(b)
	if err != nil {
		_ = w.socket.Close()
	}
	return err
}
