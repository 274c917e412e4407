package rest

import (
	"sync/atomic"

	"github.com/gofiber/fiber/v2"
)

// Farewell is how a server that is going parts with clients that keep their connections. A server that closes a kept
// connection may do so just when a request comes on it: the client can't know whether it was handled, and a proxy
// answers 502. So from Begin on each answer says that its connection ends, and the next request of that client comes
// elsewhere; who waits longer than clients keep idle connections closes none that is of use.
type Farewell struct{ begun atomic.Bool }

// Begin has every answer from now on end its connection.
func (f *Farewell) Begin() { f.begun.Store(true) }

// Handle is middleware, in front of everything that answers.
func (f *Farewell) Handle(c *fiber.Ctx) error {
	err := c.Next()
	if f.begun.Load() {
		c.Context().SetConnectionClose()
	}
	return err
}
