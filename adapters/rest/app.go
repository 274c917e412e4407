package rest

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/core/audit"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/reminders"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/core/users"
)

// MaxBody is the largest request body in bytes.
const MaxBody = 64 << 10

// Deps is what the REST API is made of. The use cases and Verify are required for
// the user routes; the rest may be left out.
type Deps struct {
	Tasks   *tasks.Service
	Once    *tasks.Once
	Audit   *audit.Reader
	Users   *users.Service
	Verify  Verify
	Ready   []Check
	Metrics *prometheus.Registry // nil: no metrics
	Origins []string             // of CORS_ORIGINS: other origins that browsers may call from
	Log     *slog.Logger         // nil: slog.Default()
	Timeout time.Duration        // of one request; 0: none
	Writes  *Writes              // of one user; nil: no limit

	Notifications *reminders.Notifications
	Operator      Operator
}

// Verify says who a token speaks for. It must not keep the token, whose memory is
// used again. Errors: domain.KindUnauthorized, domain.ErrUnavailable.
type Verify func(ctx context.Context, token string) (domain.Principal, error)

// New makes an app that serves everything of d.
func New(d Deps) *fiber.App {
	app := fiber.New(Config(d.Log))
	app.Use(Around(d.Log, d.Metrics, d.Timeout))
	app.Use(CORS(d.Origins))
	MountHealth(app, d.Metrics, d.Ready, d.Log)
	MountAPI(app, d)
	return app
}

// Config is the configuration that the routes of this package rely on: for an app
// that has others beside them. The app should serve a Listener.
func Config(log *slog.Logger) fiber.Config {
	return fiber.Config{
		AppName:               "tasktide",
		CaseSensitive:         true,
		BodyLimit:             MaxBody,
		ReadBufferSize:        16 << 10, // a token may have 8 KiB
		ReadTimeout:           30 * time.Second,
		IdleTimeout:           2 * time.Minute,
		DisableStartupMessage: true,
		// Reached only by what fails before any middleware, such as a body too large.
		ErrorHandler: func(c *fiber.Ctx, err error) error {
			Linger(c)
			named(c)
			fail(c, logger(log), err)
			return nil
		},
	}
}

// MountAPI adds the routes of the table. The app must have Around in front, and
// Config.
func MountAPI(app fiber.Router, d Deps) {
	a := &api{tasks: d.Tasks, once: d.Once, audit: d.Audit, users: d.Users, verify: d.Verify, writes: d.Writes, notifications: d.Notifications, ops: d.Operator}
	mount(app, a.routes())
}

type api struct {
	tasks  *tasks.Service
	once   *tasks.Once
	audit  *audit.Reader
	users  *users.Service
	verify Verify
	writes *Writes
	bodies buffers

	notifications *reminders.Notifications
	ops           Operator
	exports       atomic.Int32 // under way
}

func logger(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.Default()
	}
	return log
}
