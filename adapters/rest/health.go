package rest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
)

// Check is one dependency that a service needs to be ready.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
}

const checkTimeout = 2 * time.Second

// MountHealth adds /health (the process answers; depends on nothing), /ready (every
// check passes within 2 s) and, with a registry, /metrics. None needs a token, and
// none says more about a dependency than its name, and what its operator can do when
// that is known.
func MountHealth(app fiber.Router, registry *prometheus.Registry, checks []Check) {
	mount(app, healthRoutes(registry, checks))
}

func healthRoutes(registry *prometheus.Registry, checks []Check) []spec.Route {
	table := []spec.Route{{
		Method: fiber.MethodGet, Path: "/health", ID: "getHealth", Tag: "Health", Access: spec.Public, Summary: "Is the process alive",
		About:   "Depends on nothing. On every service.",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "It is.", Schema: spec.Object(spec.Has("status", spec.OneOf("ok"))).Named("Health")}},
		Handle:  func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok"}) },
	}, {
		Method: fiber.MethodGet, Path: "/ready", ID: "getReadiness", Tag: "Health", Access: spec.Public, Summary: "Can the service do its work",
		About:   "200 when every dependency answers within 2 s, else 503. On every service.",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "It can.", Schema: readinessSchema()}},
		Errors:  []int{fiber.StatusServiceUnavailable},
		Handle: func(c *fiber.Ctx) error {
			states, err := run(c.UserContext(), checks)
			if err != nil {
				return err
			}
			return c.JSON(fiber.Map{"status": "ready", "checks": states})
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
		spec.Has("status", spec.OneOf("ready")),
		spec.Has("checks", spec.Map(spec.OneOf("ok")).About("Each dependency by its name.")),
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

// run makes all checks. The error names the first that failed, in their
// order, and has the reasons of all for the log.
func run(ctx context.Context, checks []Check) (map[string]string, error) {
	errs := runAll(ctx, checks)
	states, failed, full, advice := make(map[string]string, len(checks)), "", false, ""
	for i, check := range checks {
		states[check.Name] = "ok"
		if errs[i] != nil {
			errs[i] = fmt.Errorf("%s: %w", check.Name, errs[i])
			failed = cmp.Or(failed, check.Name)
			var known *domain.Error
			if errors.As(errs[i], &known) {
				full = full || known.Full
				if known.Advice != "" {
					advice = cmp.Or(advice, check.Name+": "+known.Advice)
				}
			}
		}
	}
	if full {
		return nil, &domain.Error{Kind: domain.KindUnavailable, Dependency: failed, Detail: failed + ": the disk is full, nothing can be stored until there is room", Err: errors.Join(errs...)}
	}
	if advice != "" {
		return nil, &domain.Error{Kind: domain.KindUnavailable, Dependency: failed, Detail: advice, Err: errors.Join(errs...)}
	}
	if failed != "" {
		return nil, domain.Unavailable(failed, errors.Join(errs...))
	}
	return states, nil
}
