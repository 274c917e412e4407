package live

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/realtime"
)

// events answers GET /api/sse/{user_id}.
func (s *Server) events(c *fiber.Ctx) error {
	p, _, err := s.authenticate(c, offer{}, streamAdvice)
	if err != nil {
		return err
	}
	from, head := lastEvent(c.Get("Last-Event-ID")), streamHead(c)
	s.take(c, func(socket net.Conn) { s.stream(socket, p, from, head) }, func() {})
	return nil
}

// stream runs until the client has gone or the stream has ended.
func (s *Server) stream(socket net.Conn, p domain.Principal, from *domain.Position, head string) {
	w := &writer{server: s, socket: socket, encode: appendEvent}
	ctx, cancel := context.WithTimeout(context.Background(), verifyWithin)
	defer cancel()
	first := sync.OnceFunc(func() {
		w.write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n" + head))
	})
	conn, err := s.Hub.Join(ctx, p.UserID, realtime.Options{
		Expires: p.Expires, From: from, Ping: keepAlive,
		Wake: func(conn *realtime.Conn) {
			s.all.Go(func() {
				first()
				w.drain(conn)
			})
		},
	})
	switch {
	case err == nil:
		defer conn.Leave()
		_, _ = io.Copy(io.Discard, socket)
		return
	case errors.Is(err, realtime.ErrTooMany):
		w.write(refusal("429 Too Many Requests", err.Error()+"; close one first", head))
	default:
		s.Log.WarnContext(ctx, "a connection could not join", "error", err)
		w.write(refusal("503 Service Unavailable", "the live connection is not there now; try again in 2 seconds", "Retry-After: 2\r\n"+head))
	}
}

// refusal is a problem as the REST API has them, written by hand: fasthttp has
// let go of the request.
func refusal(status, detail, head string) []byte {
	code, title, _ := strings.Cut(status, " ")
	body := `{"type":"about:blank","title":"` + title + `","status":` + code + `,"detail":"` + detail + `"}` + "\n"
	return []byte("HTTP/1.1 " + status + "\r\nContent-Type: application/problem+json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n" + head + body)
}

// lastEvent is where an EventSource that comes back was; nil without a place. A
// place that can't be read is one that no stream has: the client is told to resync.
func lastEvent(header string) *domain.Position {
	if header == "" {
		return nil
	}
	at, err := domain.ParsePosition(header)
	if err != nil {
		return &domain.Position{}
	}
	return &at
}

// streamHead is the part of the answer's head that is the same whatever comes.
// The stream ends when the connection does.
func streamHead(c *fiber.Ctx) string {
	var b strings.Builder
	b.WriteString("Cache-Control: no-store\r\nConnection: close\r\n")
	for name, value := range c.Response().Header.All() { // what middleware set, CORS above all
		switch string(name) {
		case fiber.HeaderContentType, fiber.HeaderContentLength, fiber.HeaderConnection, fiber.HeaderCacheControl, fiber.HeaderServer:
			continue
		}
		b.Write(name)
		b.WriteString(": ")
		b.Write(value)
		b.WriteString("\r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}

// appendEvent is a writer's encode for server-sent events. Why a stream ends is a
// comment, for who looks at it: EventSource reconnects by itself, and learns from
// the status of that answer whether it may.
func appendEvent(b []byte, m *realtime.Message) []byte {
	switch m.Kind {
	case realtime.Ping, realtime.Pong:
		return append(b, ": keep-alive\n\n"...)
	case realtime.Close:
		b = strconv.AppendInt(append(b, ": closed "...), int64(m.Code), 10)
		return append(append(append(b, ' '), m.Reason...), "\n\n"...)
	case realtime.Text:
	}
	if m.Place != (domain.Position{}) {
		b = append(b, "id: "...)
		b = append(b, m.Place.String()...)
		b = append(b, '\n')
	}
	b = append(b, "data: "...)
	b = append(b, m.Body...)
	return append(b, "\n\n"...)
}
