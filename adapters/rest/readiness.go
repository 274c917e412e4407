package rest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
)

// readiness makes the checks, and knows how they came out before.
type readiness struct {
	checks           []Check
	log              *slog.Logger
	passed, degraded []atomic.Bool // once; the last time
}

func newReadiness(checks []Check, log *slog.Logger) *readiness {
	return &readiness{checks: checks, log: logger(log), passed: make([]atomic.Bool, len(checks)), degraded: make([]atomic.Bool, len(checks))}
}

// ask makes all checks. The error names the first of those that failed and that requests
// need, in their order, and has the reasons of all for the log.
func (r *readiness) ask(ctx context.Context) (fiber.Map, error) {
	errs := runAll(ctx, r.checks)
	status, states, failed := "ready", make(map[string]string, len(r.checks)), ""
	for i, err := range errs {
		name := r.checks[i].Name
		switch {
		case err == nil:
			states[name] = "ok"
			r.passed[i].Store(true)
			r.recovered(ctx, i)
		case r.decides(i):
			failed = cmp.Or(failed, name)
		default:
			status, states[name] = "degraded", stateOf(err)
			r.worsened(ctx, i, err)
		}
	}
	if failed != "" {
		return nil, unready(failed, r.checks, errs)
	}
	return fiber.Map{"status": status, "checks": states}, nil
}

func (r *readiness) decides(i int) bool {
	c := r.checks[i]
	if c.Need == ToServe {
		return true
	}
	if c.Worked != nil {
		return !c.Worked()
	}
	return !r.passed[i].Load()
}

// worsened logs what nobody else may say: the answer is no failure.
func (r *readiness) worsened(ctx context.Context, i int, err error) {
	if !r.degraded[i].Swap(true) {
		r.log.WarnContext(ctx, "degraded: requests are answered, work behind them waits", "check", r.checks[i].Name, "error", err)
	}
}

func (r *readiness) recovered(ctx context.Context, i int) {
	if r.degraded[i].Swap(false) {
		r.log.InfoContext(ctx, "not degraded any more", "check", r.checks[i].Name)
	}
}

func stateOf(err error) string {
	full, advice := known(err)
	switch {
	case full:
		return "degraded: the disk is full"
	case advice != "":
		return "degraded: " + advice
	}
	return "degraded"
}

// known is what of err may be told to anybody.
func known(err error) (full bool, advice string) {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Full, e.Advice
	}
	return false, ""
}

// unready is the failure of checks, of which failed is needed.
func unready(failed string, checks []Check, errs []error) error {
	detail, full := "", false
	var reasons []error
	for i, err := range errs {
		if err == nil {
			continue
		}
		reasons = append(reasons, fmt.Errorf("%s: %w", checks[i].Name, err))
		noRoom, advice := known(err)
		full = full || noRoom
		if advice != "" {
			detail = cmp.Or(detail, checks[i].Name+": "+advice)
		}
	}
	if full {
		detail = failed + ": the disk is full, nothing can be stored until there is room"
	}
	if detail == "" {
		return domain.Unavailable(failed, errors.Join(reasons...))
	}
	return &domain.Error{Kind: domain.KindUnavailable, Dependency: failed, Detail: detail, Err: errors.Join(reasons...)}
}
