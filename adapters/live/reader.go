package live

import (
	"errors"
	"io"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/tasktide/tasktide/core/realtime"
)

// errGone: the socket is closed, or nothing came in time.
var errGone = errors.New("the connection is gone")

// fault is what a client must not do, in words for its developer.
type fault string

func (f fault) Error() string { return string(f) }

// newReader reads frames off a socket; it checks what RFC 6455 asks of a client.
func newReader(socket io.Reader) *wsutil.Reader {
	return &wsutil.Reader{Source: socket, State: ws.StateServerSide, CheckUTF8: true, MaxFrameSize: realtime.MaxRequest}
}

// read answers the client's messages until the connection ends.
func (one *session) read() {
	frames := newReader(one.socket)
	for {
		body, err := one.message(frames)
		if err == nil {
			err = one.answer(body)
		}
		switch wrong := fault(""); {
		case err == nil:
		case errors.As(err, &wrong):
			one.conn.End(realtime.Protocol, string(wrong))
			_, _ = io.CopyN(io.Discard, one.socket, 1<<20) // until the client has closed, or its time is up
			return
		default:
			return
		}
	}
}

// message is the next text message. Control frames before it are dealt with.
func (one *session) message(frames *wsutil.Reader) ([]byte, error) {
	frames.OnIntermediate = one.control
	for {
		head, err := frames.NextFrame()
		if err != nil {
			return nil, explain(err)
		}
		if head.OpCode.IsControl() {
			if err := one.control(head, frames); err != nil {
				return nil, err
			}
			continue
		}
		if !one.rate.allow(time.Now()) {
			return nil, fault("too many messages")
		}
		if head.OpCode != ws.OpText {
			return nil, fault("messages must be text")
		}
		body, err := io.ReadAll(io.LimitReader(frames, realtime.MaxRequest+1))
		if err != nil {
			return nil, explain(err)
		}
		if len(body) > realtime.MaxRequest {
			return nil, fault("the message is too large")
		}
		one.heard()
		return body, nil
	}
}

// control deals with a control frame, which may come between the parts of a message.
func (one *session) control(head ws.Header, r io.Reader) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return explain(err)
	}
	if !one.rate.allow(time.Now()) {
		return fault("too many messages")
	}
	one.heard()
	switch {
	case head.OpCode == ws.OpPing && one.conn != nil:
		one.conn.Send(&realtime.Message{Kind: realtime.Pong, Body: body})
	case head.OpCode == ws.OpClose:
		return one.closed()
	}
	return nil
}

// closed answers the client's close, unless it is the answer to ours.
func (one *session) closed() error {
	one.ended.Store(true)
	if one.conn != nil && one.conn.End(realtime.Closed, "") {
		_, _ = io.CopyN(io.Discard, one.socket, 1<<20) // until ours is written
	}
	return errGone
}

func (one *session) heard() {
	if one.conn != nil {
		one.conn.Heard()
	}
}

// explain tells a client's mistakes from a socket that has ended.
func explain(err error) error {
	var wrong ws.ProtocolError
	switch {
	case errors.Is(err, wsutil.ErrFrameTooLarge):
		return fault("the message is too large")
	case errors.Is(err, wsutil.ErrInvalidUTF8):
		return fault("text must be UTF-8")
	case errors.As(err, &wrong):
		return fault("the frame breaks the WebSocket protocol")
	}
	return errGone
}

// answer does what a message asks for.
func (one *session) answer(body []byte) error {
	request, err := realtime.ParseRequest(body)
	if err != nil {
		return fault(detail(err))
	}
	switch {
	case request.Ping:
		one.conn.Spoke()
		one.conn.Pong()
	case request.Resume != nil:
		one.conn.Resume(*request.Resume)
	default:
		one.conn.Spoke()
		one.refresh(request.Token)
	}
	return nil
}

// refresh replaces the token. When it can't be verified now, the one before
// stays in force until it expires.
func (one *session) refresh(token string) {
	p, code, reason := one.principal(token, one.user)
	switch code {
	case 0:
		one.conn.Extend(p.Expires)
	case realtime.Unavailable:
	default:
		one.conn.End(code, reason)
	}
}
