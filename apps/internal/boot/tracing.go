package boot

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"strings"
	"time"

	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/telemetry"
)

// otelPrefix is what OpenTelemetry's own variables begin with: they are settings by its
// names, and most are read by its library.
const otelPrefix = "OTEL_"

// otelSettings are those that are set.
func otelSettings(vars map[string]string) telemetry.Settings {
	out := telemetry.Settings{}
	for name, value := range vars {
		if strings.HasPrefix(name, otelPrefix) && value != "" {
			out[name] = value
		}
	}
	return out
}

// sendWithin is how long a stop waits for the last traces to be sent.
const sendWithin = 3 * time.Second

// newTracing is nil when nothing is traced. It stops last, so that a stop is traced too.
func newTracing(lc fx.Lifecycle, cfg Config, log *slog.Logger) (*telemetry.Tracing, error) {
	if !cfg.otel.Enabled() {
		return nil, nil
	}
	for name, value := range cfg.otel { // what a file said: the library only looks here
		if os.Getenv(name) == "" {
			if err := os.Setenv(name, value); err != nil {
				return nil, err
			}
		}
	}
	t, err := telemetry.New(cfg.otel, telemetry.Process{
		Service: cmp.Or(string(cfg.Service), "tasktide"), Version: Version().Version, Transport: cfg.Transport, Database: cfg.databaseSystem(),
	}, log)
	if err != nil {
		return nil, err
	}
	lc.Append(fx.Hook{OnStart: t.Start, OnStop: func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, sendWithin)
		defer cancel()
		if err := t.Stop(ctx); err != nil {
			log.WarnContext(ctx, "the last traces were not sent", "error", err)
		}
		return nil
	}})
	log.Info("traces are sent by OTEL_* settings")
	return t, nil
}

// databaseSystem is the database's name in OpenTelemetry's words.
func (c *Config) databaseSystem() string {
	if c.Embedded() {
		return "sqlite"
	}
	return "postgresql"
}
