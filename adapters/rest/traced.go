package rest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Trace begins the trace of a request and returns the context to serve it with, and
// what to call at its end: with the route ("" for none), the answer's status, and the
// error that it was made of.
type Trace func(ctx context.Context, method, path, scheme string) (of context.Context, ended func(route string, status int, err error))

var errPanicked = errors.New("the handler panicked")

// Traced is a middleware behind Around that has requests traced, those of the platform
// (health, readiness, metrics) excepted.
func Traced(begin Trace) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if slices.Contains([]string{"/health", "/ready", "/metrics"}, c.Path()) {
			return c.Next()
		}
		ctx, ended := begin(c.UserContext(), strings.Clone(c.Method()), strings.Clone(c.Path()), c.Protocol())
		c.SetUserContext(ctx)
		returned := false
		defer func() {
			if !returned { // Around makes an answer of it
				ended(c.Route().Path, http.StatusInternalServerError, errPanicked)
			}
		}()
		err := c.Next()
		returned = true
		status, route := c.Response().StatusCode(), c.Route().Path
		if err != nil {
			status = problemOf(err).Status
			if noRoute(err) {
				route = "" // Fiber names the one of a middleware
			}
		}
		ended(route, status, err)
		return err
	}
}
