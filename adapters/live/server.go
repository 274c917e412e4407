package live

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/realtime"
	"github.com/tasktide/tasktide/ports"
)

// Deps is what the live connection is made of.
type Deps struct {
	Hub *realtime.Hub
	// Verify says who a token speaks for. Errors: domain.KindUnauthorized, domain.ErrUnavailable.
	Verify func(ctx context.Context, token string) (domain.Principal, error)
	// Exchange gives the token of a session cookie ("name=value"); nil: no cookies here.
	// Errors: domain.KindUnauthorized, domain.ErrUnavailable.
	Exchange func(ctx context.Context, cookie string) (token string, err error)
	Origins  []string // whose pages may use their cookie, beside those of the same origin
	// ClientAddress is who asks; nil: the peer of the connection.
	ClientAddress func(*fiber.Ctx) netip.Addr
	Heartbeat     time.Duration // between pings of a WebSocket
	Log           *slog.Logger
	Observer      ports.Observer // sees each event that is written to a connection; nil: nobody does
}

const (
	authWithin   = 5 * time.Second  // for the first message
	verifyWithin = 10 * time.Second // keys may have to be fetched
	writeWithin  = 10 * time.Second // a client that takes nothing for so long is gone
	closeWithin  = 2 * time.Second  // for a client to answer a close
	keepAlive    = 15 * time.Second // of server-sent events
)

// Server serves live connections until Stop.
type Server struct {
	Deps
	waiting waiting

	mu      sync.Mutex
	sockets map[net.Conn]struct{}
	stopped bool
	all     sync.WaitGroup
}

// NewServer makes a Server; it does nothing before Mount.
func NewServer(d Deps) *Server {
	if d.Observer == nil {
		d.Observer = ports.Unobserved{}
	}
	if d.ClientAddress == nil {
		d.ClientAddress = peer
	}
	return &Server{Deps: d, sockets: map[net.Conn]struct{}{}, waiting: waiting{of: map[netip.Prefix]int{}}}
}

func peer(c *fiber.Ctx) netip.Addr {
	address, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	return address
}

// Mount adds the routes. From now on the app leaves connections that a handler
// hijacks to that handler, which has to close them.
func (s *Server) Mount(app *fiber.App) {
	app.Server().KeepHijackedConns = true
	app.Get("/ws/:user_id", s.webSocket)
	app.Get("/ws", s.webSocket)
	app.Get("/api/sse/:user_id", s.events)
}

// Stop closes what is still open and waits for it.
func (s *Server) Stop() {
	s.mu.Lock()
	s.stopped = true
	for c := range s.sockets {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.all.Wait()
}

// take has f serve the connection of c, in a goroutine of its own, when c's
// handler has returned; abandoned runs in its place when that can't be.
func (s *Server) take(c *fiber.Ctx, f func(net.Conn), abandoned func()) {
	c.Context().HijackSetNoResponse(true)
	c.Context().Hijack(func(hijacked net.Conn) {
		socket, err := bare(hijacked)
		if err != nil || !s.open(socket) {
			_ = hijacked.Close()
			abandoned()
			return
		}
		s.all.Go(func() {
			defer s.close(socket)
			f(socket)
		})
	})
}

func (s *Server) open(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.sockets[c] = struct{}{}
	return true
}

func (s *Server) close(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sockets, c)
}

// bare is the socket without fasthttp's buffer, which is as large as the largest
// request may be. A client sends nothing before it has our answer; what one has
// sent all the same is lost, so that is an error.
func bare(c net.Conn) (net.Conn, error) {
	wrapped, ok := c.(interface{ UnsafeConn() net.Conn })
	if !ok {
		return c, nil
	}
	if err := c.SetReadDeadline(time.Unix(1, 0)); err != nil {
		return nil, err
	}
	var early [1]byte
	if n, _ := c.Read(early[:]); n > 0 {
		return nil, errEarly
	}
	return wrapped.UnsafeConn(), c.SetReadDeadline(time.Time{})
}
