package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/gateway"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/adapters/telemetry"
)

// server is the process's HTTP port, and the only one without Dapr. Everything that
// has routes mounts them while the graph is built; the port opens before anything else
// starts.
type server struct {
	log    *slog.Logger
	reg    *prometheus.Registry
	cfg    Config
	mounts []func(*fiber.App)
	checks []rest.Check
	trace  rest.Trace  // nil: requests are not traced
	up     atomic.Bool // every start hook has run and no stop hook has

	parting rest.Farewell
	open    func() int32 // connections on which requests come; nil before the start

	page        *gateway.Page // nil: another process serves it
	withoutPage bool          // it is here, and was not built
}

func newServer(lc fx.Lifecycle, cfg Config, log *slog.Logger, reg *prometheus.Registry, tracing *telemetry.Tracing, _ *sqlstore.DB) *server {
	s := &server{log: log, reg: reg, cfg: cfg}
	if tracing != nil {
		s.trace = tracing.Request
	}
	s.checks = []rest.Check{{Name: "startup", Run: func(context.Context) error {
		if !s.up.Load() {
			return errors.New("the process is starting or stopping")
		}
		return nil
	}}}
	var app *fiber.App
	var listener *rest.TrackedListener
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			app = s.app()
			s.open = app.Server().GetOpenConnectionsCount
			l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Address())
			if err != nil {
				return fmt.Errorf("can't listen on API_HOST:API_PORT %s: %w", cfg.Address(), err)
			}
			listener = rest.Listener(l)
			go func() {
				if err := app.Listener(listener); err != nil {
					log.ErrorContext(context.WithoutCancel(ctx), "the HTTP server ended", "error", err)
				}
			}()
			log.InfoContext(ctx, "listening", "address", "http://"+l.Addr().String(), "transport", cfg.Transport)
			return nil
		},
		OnStop: func(ctx context.Context) error {
			if listener == nil {
				return nil
			}
			return listener.Shutdown(ctx, app)
		},
	})
	return s
}

func (s *server) mount(f func(*fiber.App)) { s.mounts = append(s.mounts, f) }

// mountFirst is for routes with a fixed word where others have a user's id: of two
// that match, the first wins.
func (s *server) mountFirst(f func(*fiber.App)) {
	s.mounts = append([]func(*fiber.App){f}, s.mounts...)
}

func (s *server) ready(c rest.Check) { s.checks = append(s.checks, c) }

func (s *server) app() *fiber.App {
	c := rest.Config(s.log)
	c.ErrorHandler = errorHandler(c.ErrorHandler, s.cfg.servesAccounts())
	app := fiber.New(c)
	app.Use(s.parting.Handle, rest.Around(s.log, s.reg, 0))
	if s.trace != nil {
		app.Use(rest.Traced(s.trace))
	}
	app.Use(rest.CORS(s.cfg.CORSOrigins))
	rest.MountHealth(app, s.reg, s.checks, s.log)
	for _, m := range s.mounts {
		m(app)
	}
	if s.page != nil {
		app.Use(s.servePage)
	}
	return app
}

// Last marks the process as started; it must be the last module of an app.
func Last() fx.Option {
	return fx.Invoke(func(lc fx.Lifecycle, s *server, db *database, t *transport) {
		s.ready(rest.Check{Name: "database", Run: db.db.Ping})
		if t.check != nil {
			s.ready(*t.check)
		}
		for _, c := range t.sidecar {
			s.ready(c)
		}
		lc.Append(fx.StartStopHook(func() {
			s.up.Store(true)
			s.log.Info("ready", "address", "http://"+s.cfg.Address())
		}, func() { s.up.Store(false); s.parting.Begin() }))
	})
}

// farewell is how long a stop waits, while everything goes on, for clients to go that keep connections: longer than the
// gateway keeps one that is idle.
const farewell = gateway.KeepIdle + time.Second

// leave waits for that. It is for a service that others like it stand in for.
func (s *server) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, min(farewell, s.cfg.Drain))
	defer cancel()
	for ctx.Err() == nil && s.open != nil && s.open() > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}
