package rest

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
)

// TrackedListener is a listener whose connections Linger can make close gently, and which knows those on which nothing was sent yet.
type TrackedListener struct {
	net.Listener
	mu     sync.Mutex
	silent map[*connection]time.Time // since when
}

// Listener returns a TrackedListener on l.
func Listener(l net.Listener) *TrackedListener {
	return &TrackedListener{Listener: l, silent: map[*connection]time.Time{}}
}

// Accept implements net.Listener.
func (l *TrackedListener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	tcp, ok := accepted.(*net.TCPConn)
	if !ok {
		return accepted, err
	}
	c := &connection{TCPConn: tcp, from: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent[c] = time.Now()
	return c, err
}

func (l *TrackedListener) forget(c *connection) {
	if c.known.Swap(true) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.silent, c)
}

type connection struct {
	*net.TCPConn
	from   *TrackedListener
	known  atomic.Bool // it said something, or is closed
	linger atomic.Bool
}

// Read implements net.Conn.
func (c *connection) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	if n > 0 && !c.known.Load() {
		c.from.forget(c)
	}
	return n, err
}

// silence is how long a stop waits for the first word of a connection that was just opened.
const silence = time.Second

// Shutdown ends app, which serves l: no new connections, requests that are under way are answered, until ctx ends. Browsers
// open connections ahead, before they have anything to ask for; the server would wait for their first request.
func (l *TrackedListener) Shutdown(ctx context.Context, app *fiber.App) error {
	ended := make(chan error, 1)
	go func() { ended <- app.ShutdownWithContext(ctx) }()
	for {
		select {
		case err := <-ended:
			return err
		case <-time.After(50 * time.Millisecond):
			l.hangUp(time.Now().Add(-silence))
		}
	}
}

func (l *TrackedListener) hangUp(before time.Time) {
	var all []*connection
	l.mu.Lock()
	for c, since := range l.silent {
		if since.Before(before) {
			all = append(all, c)
		}
	}
	l.mu.Unlock()
	for _, c := range all {
		_ = c.CloseRead() // what was sent meanwhile is still read and answered; else the server sees an end, and closes it
	}
}
