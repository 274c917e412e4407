package rest

import (
	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/jsonappend"
)

func (a *api) statsRoutes() []spec.Route {
	return []spec.Route{{
		Method: fiber.MethodGet, Path: "/api/{user_id}/stats", ID: "getStats", Tag: "Tasks", Summary: "Count tasks",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "How many there are.", Schema: statsSchema()}},
		Handle:  a.getStats,
	}}
}

func statsSchema() *spec.Schema {
	count := func() *spec.Schema { return spec.Int().From(0, maxInteger) }
	return spec.Object(spec.Has("total", count()), spec.Has("pending", count()), spec.Has("completed", count())).Named("Stats")
}

func (a *api) getStats(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	n, err := a.users.Stats(ctx, user)
	if err != nil {
		return err
	}
	return a.bodies.send(c, fiber.StatusOK, func(b []byte) []byte {
		b = jsonappend.Int(append(b, `{"total":`...), n.Total)
		b = jsonappend.Int(append(b, `,"pending":`...), n.Pending)
		b = jsonappend.Int(append(b, `,"completed":`...), n.Completed)
		return append(b, '}')
	})
}
