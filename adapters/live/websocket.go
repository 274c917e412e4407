package live

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/realtime"
)

// webSocket answers GET /ws/{user_id} and GET /ws?user_id=.
func (s *Server) webSocket(c *fiber.Ctx) error {
	o := parseOffer(c.Get("Sec-WebSocket-Protocol"))
	answer, err := handshake(c, o.speaks)
	if err != nil {
		return err
	}
	p, wait, err := s.authenticate(c, o, socketAdvice)
	if err != nil {
		return err
	}
	leave := func() {} // the place of who waits
	if wait {
		if leave, err = s.waiting.enter(domain.NetworkOf(s.ClientAddress(c))); err != nil {
			return err
		}
	}
	user := wanted(c)
	c.Status(fiber.StatusSwitchingProtocols) // for who measures
	s.take(c, func(socket net.Conn) {
		s.serve(&session{user: user, speaks: o.speaks, writer: writer{server: s, socket: socket, encode: appendFrame}}, p, wait, leave, answer)
	}, leave)
	return nil
}

// session is one WebSocket. Its goroutine reads; before it has joined the hub it
// also writes.
type session struct {
	writer
	user   string // of the address, or "" ; then of the token
	speaks bool
	conn   *realtime.Conn
	rate   rate
}

// serve runs until the socket is closed. It is small on purpose: its frame stays
// for as long as the connection.
func (s *Server) serve(one *session, p domain.Principal, wait bool, leave func(), answer []byte) {
	one.write(answer)
	if wait {
		var ok bool
		p, ok = one.firstMessage()
		leave()
		if !ok {
			return
		}
	}
	if !one.join(p) {
		return
	}
	defer one.conn.Leave()
	one.read()
}

func (one *session) join(p domain.Principal) bool {
	ctx, cancel := context.WithTimeout(context.Background(), verifyWithin)
	defer cancel()
	conn, err := one.server.Hub.Join(ctx, p.UserID, realtime.Options{
		Expires: p.Expires, Hold: one.speaks, Wake: one.wake,
		Ping: one.server.Heartbeat, Silence: 3 * one.server.Heartbeat,
	})
	one.user, one.conn = p.UserID, conn
	switch {
	case err == nil:
		return true
	case errors.Is(err, realtime.ErrTooMany):
		one.refuse(realtime.TooMany, err.Error())
	case errors.Is(err, realtime.ErrDraining):
		one.refuse(realtime.Draining, err.Error())
	default:
		one.server.Log.WarnContext(ctx, "a connection could not join", "error", err)
		one.refuse(realtime.Unavailable, "the database does not answer; reconnect")
	}
	return false
}

// refuse closes a connection that is not in the hub, and gives the client a
// moment to read why.
func (one *session) refuse(code realtime.Code, reason string) {
	one.write(closeFrame(nil, code, reason))
	_ = one.socket.SetReadDeadline(time.Now().Add(closeWithin))
	var rest [512]byte
	for range 64 { // not for ever: it may be sending all the time
		if _, err := one.socket.Read(rest[:]); err != nil {
			return
		}
	}
}

// firstMessage waits for the token that the client promised.
func (one *session) firstMessage() (domain.Principal, bool) {
	_ = one.socket.SetReadDeadline(time.Now().Add(authWithin))
	body, fault := one.message(newReader(one.socket))
	if errors.Is(fault, errGone) {
		one.refuse(realtime.NoToken, "no auth message within 5 seconds")
		return domain.Principal{}, false
	}
	request, err := realtime.ParseRequest(body)
	if fault != nil || err != nil || request.Token == "" {
		one.refuse(realtime.NoToken, `the first message must be {"type":"auth","token":...}`)
		return domain.Principal{}, false
	}
	p, code, reason := one.principal(request.Token, one.user)
	if code != 0 {
		one.refuse(code, reason)
		return p, false
	}
	_ = one.socket.SetReadDeadline(time.Time{})
	return p, true
}

// principal verifies a token that must be user's ("": anybody's). A code other than 0 says how to close.
func (one *session) principal(token, user string) (p domain.Principal, code realtime.Code, reason string) {
	p, err := one.server.verify(context.Background(), token)
	switch {
	case errors.Is(err, domain.ErrUnavailable):
		return p, realtime.Unavailable, "the token can't be verified now; reconnect"
	case err != nil:
		return p, realtime.NoToken, detail(err)
	case user != "" && p.UserID != user:
		return p, realtime.NotThisUser, "the token is of another user"
	}
	return p, 0, ""
}

func detail(err error) string {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Detail
	}
	return "the token is not valid"
}
