package rest

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tasktide/tasktide/adapters/rest/spec"
)

// Need says what a service does not do while a Check fails.
type Need int

const (
	// ToServe is what requests need: who is without it gets none.
	ToServe Need = iota
	// ToStart is what every process must have had once: one that never had it is set up wrongly, and must not take the
	// place of one that works. After that requests go on without it, the work behind them waits, and it is told.
	ToStart
)

// Check is one dependency of a service.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
	Need Need

	Worked func() bool // whether it did once, where Run may pass with nothing tried yet; nil: it did when Run has passed
}

const checkTimeout = 2 * time.Second

// MountHealth adds /health (the process answers; depends on nothing), /ready (every
// check that requests need passes within 2 s) and, with a registry, /metrics. None needs
// a token, and none says more about a dependency than its name, and what its operator
// can do when that is known; log has the reasons.
func MountHealth(app fiber.Router, registry *prometheus.Registry, checks []Check, log *slog.Logger) {
	mount(app, healthRoutes(registry, checks, log))
}

func healthRoutes(registry *prometheus.Registry, checks []Check, log *slog.Logger) []spec.Route {
	ready := newReadiness(checks, log)
	table := []spec.Route{{
		Method: fiber.MethodGet, Path: "/health", ID: "getHealth", Tag: "Health", Access: spec.Public, Summary: "Is the process alive",
		About:   "Depends on nothing. On every service.",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "It is.", Schema: spec.Object(spec.Has("status", spec.OneOf("ok"))).Named("Health")}},
		Handle:  func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok"}) },
	}, {
		Method: fiber.MethodGet, Path: "/ready", ID: "getReadiness", Tag: "Health", Access: spec.Public, Summary: "Can the service do its work",
		About: "503 when a dependency that requests need does not answer within 2 s, else 200. `degraded` when others don't: requests are answered, work behind them waits. " +
			"What every process must have had once (the broker, the sidecar, what its work behind requests needs) counts as needed until it was there. On every service.",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "It can.", Schema: readinessSchema()}},
		Errors:  []int{fiber.StatusServiceUnavailable},
		Handle: func(c *fiber.Ctx) error {
			said, err := ready.ask(c.UserContext())
			if err != nil {
				return err
			}
			return c.JSON(said)
		},
	}}
	if registry == nil {
		return table
	}
	return append(table, spec.Route{
		Method: fiber.MethodGet, Path: "/metrics", ID: "getMetrics", Tag: "Health", Access: spec.Public, Summary: "Metrics for Prometheus",
		About:   "On every service.",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "The metrics.", Type: fiber.MIMETextPlain, Schema: spec.Text()}},
		Handle:  adaptor.HTTPHandler(promhttp.HandlerFor(registry, promhttp.HandlerOpts{})),
	})
}

func readinessSchema() *spec.Schema {
	return spec.Object(
		spec.Has("status", spec.OneOf("ready", "degraded")),
		spec.Has("checks", spec.Map(spec.Text().Like("ok")).About("Each dependency by its name: `ok`, or `degraded` and what to do where that is known.")),
	).Named("Readiness")
}

// runAll makes all checks at once, and returns what each says.
func runAll(ctx context.Context, checks []Check) []error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	errs := make([]error, len(checks))
	var all sync.WaitGroup
	for i, check := range checks {
		all.Go(func() { errs[i] = check.Run(ctx) })
	}
	all.Wait()
	return errs
}
