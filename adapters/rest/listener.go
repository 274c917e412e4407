package rest

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Ears is a listener whose connections Linger can make close gently, and which knows those that said nothing yet.
type Ears struct {
	net.Listener
	mu     sync.Mutex
	silent map[*connection]time.Time // since when
}

// Listener is l with all that.
func Listener(l net.Listener) *Ears { return &Ears{Listener: l, silent: map[*connection]time.Time{}} }

// Accept implements net.Listener.
func (l *Ears) Accept() (net.Conn, error) {
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

func (l *Ears) forget(c *connection) {
	if c.known.Swap(true) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.silent, c)
}

type connection struct {
	*net.TCPConn
	from   *Ears
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
func (l *Ears) Shutdown(ctx context.Context, app *fiber.App) error {
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

func (l *Ears) hangUp(before time.Time) {
	var all []*connection
	l.mu.Lock()
	for c, since := range l.silent {
		if since.Before(before) {
			all = append(all, c)
		}
	}
	l.mu.Unlock()
	for _, c := range all {
		_ = c.Close()
	}
}
