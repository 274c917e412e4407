package live

import (
	"encoding/binary"

	"github.com/gobwas/ws"

	"github.com/tasktide/tasktide/core/realtime"
)

// appendFrame is a writer's encode for WebSocket: one unmasked frame for each message.
func appendFrame(b []byte, m *realtime.Message) []byte {
	switch m.Kind {
	case realtime.Ping:
		return frame(b, ws.OpPing, nil)
	case realtime.Pong:
		return frame(b, ws.OpPong, m.Body)
	case realtime.Close:
		return closeFrame(b, m.Code, m.Reason)
	case realtime.Text:
	}
	return frame(b, ws.OpText, m.Body)
}

// closeFrame shortens a reason to what a control frame can carry, in ASCII, so
// that no letter is cut.
func closeFrame(b []byte, code realtime.Code, reason string) []byte {
	body := binary.BigEndian.AppendUint16(make([]byte, 0, ws.MaxControlFramePayloadSize), uint16(code))
	for _, r := range reason {
		if len(body) == ws.MaxControlFramePayloadSize {
			break
		}
		if r < ' ' || r > '~' {
			r = '?'
		}
		body = append(body, byte(r))
	}
	return frame(b, ws.OpClose, body)
}

// frame is RFC 6455, 5.2 for a server that fragments nothing.
func frame(b []byte, op ws.OpCode, body []byte) []byte {
	b = append(b, 0x80|byte(op))
	switch n := len(body); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, body...)
}
