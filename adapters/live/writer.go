package live

import (
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tasktide/tasktide/core/realtime"
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
		b, closing := (*buffer)[:0], false
		for _, m := range messages {
			b = w.encode(b, m)
			closing = closing || m.Kind == realtime.Close
			if len(b) >= maxWrite {
				w.write(b)
				b = b[:0]
			}
		}
		w.write(b)
		*buffer = b
		switch {
		case closing && w.ended.Load():
			_ = w.socket.Close()
		case closing:
			_ = w.socket.SetReadDeadline(time.Now().Add(closeWithin))
		}
	}
}

// write ends the connection when it fails: the reader sees it and leaves the hub.
func (w *writer) write(b []byte) {
	if len(b) == 0 {
		return
	}
	// A deadline costs a tenth of a write: one that was set a second ago will do.
	if until := time.Now().Add(writeWithin); until.UnixNano()-w.until.Load() > int64(time.Second) {
		w.until.Store(until.UnixNano())
		_ = w.socket.SetWriteDeadline(until)
	}
	if _, err := w.socket.Write(b); err != nil {
		_ = w.socket.Close()
	}
}
