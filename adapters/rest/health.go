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
// none says more about a dependency than its name.
func MountHealth(app fiber.Router, registry *prometheus.Registry, checks []Check) {
	app.Get("/health", func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok"}) })
	app.Get("/ready", func(c *fiber.Ctx) error {
		states, err := run(c.UserContext(), checks)
		if err != nil {
			return err
		}
		return c.JSON(fiber.Map{"status": "ready", "checks": states})
	})
	if registry != nil {
		app.Get("/metrics", adaptor.HTTPHandler(promhttp.HandlerFor(registry, promhttp.HandlerOpts{})))
	}
}

// run makes all checks at once. The error names the first that failed, in their
// order, and has the reasons of all for the log.
func run(ctx context.Context, checks []Check) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	errs := make([]error, len(checks))
	var all sync.WaitGroup
	for i, check := range checks {
		all.Go(func() { errs[i] = check.Run(ctx) })
	}
	all.Wait()
	states, failed := make(map[string]string, len(checks)), ""
	for i, check := range checks {
		states[check.Name] = "ok"
		if errs[i] != nil {
			errs[i] = fmt.Errorf("%s: %w", check.Name, errs[i])
			failed = cmp.Or(failed, check.Name)
		}
	}
	if failed != "" {
		return nil, domain.Unavailable(failed, errors.Join(errs...))
	}
	return states, nil
}
