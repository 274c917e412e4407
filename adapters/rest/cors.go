package rest

import (
	"slices"

	"github.com/gofiber/fiber/v2"
)

// CORS lets pages of the listed origins call and read, with credentials, and
// answers their preflight requests. Requests of the same origin need none of it
// and always pass; so do those of other programs. "*" lets every origin read
// without credentials.
func CORS(origins []string) fiber.Handler {
	all := slices.Contains(origins, "*")
	return func(c *fiber.Ctx) error {
		origin := c.Request().Header.Peek(fiber.HeaderOrigin)
		preflight := c.Method() == fiber.MethodOptions && len(origin) > 0 &&
			len(c.Request().Header.Peek(fiber.HeaderAccessControlRequestMethod)) > 0
		if len(origins) > 0 {
			c.Vary(fiber.HeaderOrigin)
		}
		switch {
		case len(origin) == 0:
			return c.Next()
		case slices.Contains(origins, string(origin)):
			c.Set(fiber.HeaderAccessControlAllowOrigin, string(origin))
			c.Set(fiber.HeaderAccessControlAllowCredentials, "true")
		case all:
			c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
		case preflight:
			return c.SendStatus(fiber.StatusNoContent) // without the headers a browser stops here
		default:
			return c.Next()
		}
		if !preflight {
			c.Set(fiber.HeaderAccessControlExposeHeaders, "ETag, Location, Link, X-Stream-Position, X-Request-ID, Retry-After, RateLimit, RateLimit-Policy, Preference-Applied, WWW-Authenticate, Content-Disposition")
			return c.Next()
		}
		c.Set(fiber.HeaderAccessControlAllowMethods, "GET, HEAD, POST, PUT, PATCH, DELETE")
		c.Set(fiber.HeaderAccessControlAllowHeaders,
			"Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID, Prefer, Traceparent, X-Request-ID, X-Stream-Epoch")
		c.Set(fiber.HeaderAccessControlMaxAge, "600")
		return c.SendStatus(fiber.StatusNoContent)
	}
}
