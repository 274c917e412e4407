package live

import (
	"crypto/sha1" //nolint:gosec // RFC 6455 asks for it; it protects nothing
	"encoding/base64"
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
)

var errEarly = errors.New("the client sent data before the answer")

// handshake checks what RFC 6455, 4.2.1 asks of a request and returns the answer's bytes.
func handshake(c *fiber.Ctx, speaks bool) ([]byte, error) {
	h := &c.Request().Header
	key := string(h.Peek("Sec-WebSocket-Key"))
	raw, err := base64.StdEncoding.DecodeString(key)
	switch {
	case !hasToken(string(h.Peek(fiber.HeaderConnection)), "upgrade") || !hasToken(string(h.Peek(fiber.HeaderUpgrade)), "websocket"):
		c.Set(fiber.HeaderUpgrade, "websocket")
		return nil, fiber.NewError(fiber.StatusUpgradeRequired, "this address is a WebSocket; a browser connects with new WebSocket(url)")
	case string(h.Peek("Sec-WebSocket-Version")) != "13":
		c.Set("Sec-WebSocket-Version", "13")
		return nil, fiber.NewError(fiber.StatusUpgradeRequired, "only version 13 of the WebSocket protocol is spoken here")
	case err != nil || len(raw) != 16:
		return nil, domain.Malformed("Sec-WebSocket-Key must be 16 bytes in base64")
	}
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // see the import
	out := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n"
	if speaks {
		out += "Sec-WebSocket-Protocol: " + protocol + "\r\n"
	}
	return []byte(out + "X-Request-ID: " + domain.CorrelationIDFrom(c.UserContext()) + "\r\n\r\n"), nil
}

// hasToken looks for a token in a header's list.
func hasToken(header, token string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if strings.EqualFold(strings.TrimSpace(part), token) {
			return true
		}
	}
	return false
}
