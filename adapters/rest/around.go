package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/core/domain"
)

const maxRequestID = 128

// Around is the first middleware of an app: it gives the request its id and trace,
// turns errors and panics into problems, and measures. registry may be nil. The
// timeout (0: none) ends the request's context; a handler that goes on after it
// returned, as a stream does, must not use that context.
func Around(log *slog.Logger, registry *prometheus.Registry, timeout time.Duration) fiber.Handler {
	log = logger(log)
	m := newMeter(registry)
	return func(c *fiber.Ctx) error {
		begin := time.Now()
		ctx := named(c)
		if timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		c.SetUserContext(ctx)
		err := guarded(c)
		switch {
		case err == nil:
		case c.Method() == fiber.MethodOptions && methodMissing(err): // Allow is the answer
			c.Status(fiber.StatusNoContent)
		default:
			fail(c, log, err)
		}
		m.observe(c, err, time.Since(begin))
		return nil
	}
}

// named gives a request its id and trace.
func named(c *fiber.Ctx) context.Context {
	id := requestID(c.Request().Header.Peek(fiber.HeaderXRequestID))
	c.Set(fiber.HeaderXRequestID, id)
	ctx := domain.WithRequest(c.UserContext(), id, traceParent(c.Request().Header.Peek("Traceparent")))
	c.SetUserContext(ctx)
	return ctx
}

// guarded runs the handlers; a panic becomes an error that has the stack for the log.
func guarded(c *fiber.Ctx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return c.Next()
}

// requestID takes over what a client or proxy sent, if it is printable and short,
// else makes one.
func requestID(sent []byte) string {
	if len(sent) == 0 || len(sent) > maxRequestID {
		return uuid.NewString()
	}
	for _, b := range sent {
		if b <= ' ' || b > '~' {
			return uuid.NewString()
		}
	}
	return string(sent)
}

// traceParent takes over a W3C trace context of version 00; "" for anything else.
func traceParent(sent []byte) string {
	s := string(sent)
	if _, _, ok := domain.TraceIDs(s); !ok {
		return ""
	}
	return s
}

// meter observes how long requests take, by route, method and status.
type meter struct {
	vec       *prometheus.HistogramVec
	mu        sync.RWMutex
	observers map[label]prometheus.Observer
}

type label struct {
	route, method string
	status        int
}

func newMeter(registry *prometheus.Registry) *meter {
	if registry == nil {
		return nil
	}
	vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "http_request_duration_seconds",
		Help:    "How long HTTP requests took to answer.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	}, []string{"route", "method", "status"})
	if err := registry.Register(vec); err != nil {
		var there prometheus.AlreadyRegisteredError
		if errors.As(err, &there) {
			if old, ok := there.ExistingCollector.(*prometheus.HistogramVec); ok {
				vec = old
			}
		}
	}
	return &meter{vec: vec, observers: map[label]prometheus.Observer{}}
}

func (m *meter) observe(c *fiber.Ctx, err error, took time.Duration) {
	if m == nil {
		return
	}
	l := label{route: c.Route().Path, method: c.Method(), status: c.Response().StatusCode()}
	if err != nil && noRoute(err) {
		l.route = "unmatched" // the route that Fiber names is the one of a middleware
	}
	m.mu.RLock()
	o, ok := m.observers[l]
	m.mu.RUnlock()
	if !ok {
		l.method = strings.Clone(l.method) // Fiber uses its memory again
		o = m.vec.WithLabelValues(l.route, l.method, strconv.Itoa(l.status))
		m.mu.Lock()
		m.observers[l] = o
		m.mu.Unlock()
	}
	o.Observe(took.Seconds())
}

func noRoute(err error) bool {
	var web *fiber.Error
	return errors.As(err, &web) && (web.Code == fiber.StatusNotFound || web.Code == fiber.StatusMethodNotAllowed)
}

func methodMissing(err error) bool {
	var web *fiber.Error
	return errors.As(err, &web) && web.Code == fiber.StatusMethodNotAllowed
}
