package rest

import (
	"io"
	"time"

	"github.com/gofiber/fiber/v2"
)

// A client that is refused before its body was read, as for a size that it announced,
// may go on sending. Closing its connection then makes the system reset it, and the
// client, or the proxy in front of it, may lose our answer: a proxy says 502 then.
// So such a connection is closed in our direction first, and what still comes is read
// and dropped, so much and so long.
const (
	lingerFor   = 5 * time.Second
	lingerBytes = 16 << 20
)

// Linger has the connection of c closed gently, once c was answered. Error handlers
// of an app call it for what fails before there is a route, since that is not read to its end.
func Linger(c *fiber.Ctx) {
	if conn, ok := c.Context().Conn().(*connection); ok {
		conn.linger.Store(true)
	}
}

// Close closes the connection, if need be gently.
func (c *connection) Close() error {
	if c.linger.Swap(false) && c.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerFor)) == nil {
		_, _ = io.CopyN(io.Discard, c.TCPConn, lingerBytes)
	}
	c.from.forget(c)
	return c.TCPConn.Close()
}
