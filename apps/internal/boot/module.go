// Package boot is what every app starts from: configuration, logging, the one
// transport switch, the database, the ports, health, and the life cycle of
// relays and consumers. An app is boot.Options(cfg) and the modules of its
// services.
//
// Order at start: the HTTP port opens, the schema is checked or migrated, the port opens
// that a Dapr sidecar waits for, then relays and consumers begin. At stop the reverse: no new
// deliveries, running ones finish within DRAIN_TIMEOUT, then the ports close,
// then the database.
package boot

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"github.com/tasktide/tasktide/adapters/auth"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/ports"
)

// foundation is what every process has: configuration, log and metrics.
func foundation(cfg Config) fx.Option {
	return fx.Options(
		fx.Supply(cfg),
		fx.StartTimeout(startTimeout+15*time.Second),
		fx.StopTimeout(cfg.Drain+15*time.Second),
		fx.WithLogger(func(log *slog.Logger) fxevent.Logger {
			l := &fxevent.SlogLogger{Logger: log}
			l.UseLogLevel(slog.LevelDebug)
			l.UseErrorLevel(slog.LevelDebug) // Run prints the cause, once
			return l
		}),
		fx.Provide(NewLogger, newRegistry, newTracing),
	)
}

// Options is the shared part of a service: the foundation, the database, the transport.
func Options(cfg Config) fx.Option {
	return fx.Options(
		foundation(cfg),
		fx.Provide(
			newDataDir,
			newObserver,
			newDB,
			newDatabase,
			newTransport,
			newServer,
			newClients,
			newIssuer,
			newVerifier,
			func() ports.Clock { return memory.Clock{} },
			func(t *transport) ports.Publisher { return t.publisher },
			func(t *transport) ports.Subscriber { return t.subscriber },
			func(t *transport) ports.StateStore { return t.state },
			fx.Annotate(sqlstore.NewTasks, fx.As(new(ports.TaskStore))),
			fx.Annotate(sqlstore.NewAudit, fx.As(new(ports.AuditStore))),
			fx.Annotate(sqlstore.NewDeadLetters, fx.As(new(ports.DeadLetterStore))),
		),
		fx.Invoke(func(*server, *transport, *database) {}),
	)
}

// Run runs an app until it is told to stop, and returns the process's exit code.
func Run(cfg Config, modules ...fx.Option) int {
	return run(append([]fx.Option{Options(cfg)}, modules...)...)
}

func run(options ...fx.Option) int {
	app := fx.New(options...)
	ctx, cancel := context.WithTimeout(context.Background(), app.StartTimeout())
	defer cancel()
	if err := app.Start(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "can't start:", oneLine(rootCause(err)))
		stop(app)
		return 1
	}
	signal := <-app.Wait()
	return max(stop(app), signal.ExitCode)
}

// oneLine is err as a line: the last one of a process that ends is what is shown of it by kubectl describe pod.
func oneLine(err error) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(err.Error(), "\n", "; ")), " ")
}

func stop(app *fx.App) int {
	ctx, cancel := context.WithTimeout(context.Background(), app.StopTimeout())
	defer cancel()
	if err := app.Stop(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "did not stop cleanly:", err)
		return 1
	}
	return 0
}

func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	b := Version()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tasktide_build_info", Help: "Always 1; the labels say what this process was built of.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit},
	})
	info.Set(1)
	r.MustRegister(info)
	return r
}

// newVerifier verifies the tokens of whoever issues them: with the built-in accounts
// in this process their keys come from the store, and JWT_SECRET signs beside them.
func newVerifier(cfg Config, i *issuer) (rest.Verify, error) {
	c := auth.Config{Secret: []byte(cfg.JWTSecret), Issuer: cfg.JWTIssuer, Audience: cfg.JWTAudience}
	switch {
	case i != nil:
		c.Fetch = i.deps.Tokens.JWKS
	case cfg.BetterAuthURL != "":
		c.JWKSURL = cfg.BetterAuthURL + "/api/auth/jwks"
	}
	v, err := auth.NewVerifier(c)
	if err != nil {
		return nil, err
	}
	return v.Verify, nil
}
