package rest

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
)

// routes is the table of what MountAPI serves, in the order of mounting: of two
// paths that match, the first wins. Each resource declares its own.
func (a *api) routes() []spec.Route {
	return slices.Concat(
		a.taskRoutes(),
		a.auditRoutes(),
		a.statsRoutes(),
		a.eventRoutes(),
		a.preferenceRoutes(),
		a.notificationRoutes(),
		a.accountRoutes(),
		a.deadLetterRoutes(),
		a.operatorRoutes(),
		documentRoutes(),
	)
}

// mount adds the routes of a table to an app.
func mount(app fiber.Router, table []spec.Route) {
	for _, r := range table {
		path := strings.NewReplacer("{", ":", "}", "").Replace(r.Path)
		switch {
		case r.Handle == nil: // another adapter serves it
		case r.Method == fiber.MethodGet:
			app.Get(path, r.Handle) // and HEAD
		default:
			app.Add(r.Method, path, r.Handle)
		}
	}
}
