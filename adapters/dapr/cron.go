package dapr

import "github.com/gofiber/fiber/v2"

// CronRoute adds what the sidecar calls for a cron binding: POST on a path that is
// the component's name, and before that, once, OPTIONS to learn whether it is wanted.
// daprd calls it in every replica and does nothing about the answer, so tick must not
// block and must not mind being called too often. Like the event routes it is open to
// the sidecar only, where there is an AppToken.
func CronRoute(app *fiber.App, cfg Config, component string, tick func()) {
	ok := func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusOK) }
	app.Options("/"+component, onlySidecar(cfg), ok)
	app.Post("/"+component, onlySidecar(cfg), func(c *fiber.Ctx) error {
		tick()
		return ok(c)
	})
}
