package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/gateway"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/telemetry"
	"github.com/tasktide/tasktide/core/domain"
)

// Frontend is the process that serves the page and passes on the rest. It publishes and
// consumes nothing.
const Frontend domain.Service = "frontend"

func (c *Config) validateGateway(bad func(wrong bool, format string, args ...any)) {
	bad(!isOrigin(c.BackendURL), "BACKEND_URL=%q is no address such as http://backend-api:8000, without a path", c.BackendURL)
	bad(!isOrigin(c.WebsocketURL), "WEBSOCKET_URL=%q is no address such as http://websocket-service:8001, without a path", c.WebsocketURL)
	own := "http://" + c.Address()
	bad(c.BackendURL == own || c.WebsocketURL == own, "API_HOST:API_PORT, BACKEND_URL and WEBSOCKET_URL: the gateway at %s would pass requests to itself", own)
}

// gatewayOptions is the gateway that is configured.
func (c *Config) gatewayOptions(page http.Handler, log *slog.Logger, reg *prometheus.Registry) (o gateway.Options, err error) {
	who, err := newClients(*c, log)
	if err != nil {
		return o, err
	}
	o = gateway.Options{Page: page, MaxBody: rest.MaxBody, Origins: c.CORSOrigins, Asked: who.asked, Metrics: reg, Log: log}
	var errs [3]error
	o.Backend, errs[0] = url.Parse(c.BackendURL)
	o.Live, errs[1] = url.Parse(c.WebsocketURL)
	if c.BetterAuthURL != "" && c.BetterAuthURL != c.BackendURL && c.Auth != builtin {
		o.Issuer, errs[2] = url.Parse(c.BetterAuthURL)
	}
	return o, errors.Join(errs[:]...)
}

func gatewayModule() fx.Option {
	return fx.Module(string(Frontend), fx.Invoke(func(lc fx.Lifecycle, cfg Config, log *slog.Logger, reg *prometheus.Registry, tracing *telemetry.Tracing) error {
		page, without, err := newPage(cfg)
		if err != nil {
			return err
		}
		o, err := cfg.gatewayOptions(page, log, reg)
		if err != nil {
			return err
		}
		if tracing != nil {
			o.Trace = tracing.Request
		}
		g := gateway.New(o)
		f := &frontend{gateway: g, server: g.Server(), cfg: cfg, log: log}
		lc.Append(fx.StartStopHook(f.start, f.stop))
		if without {
			log.Warn("built without the web page; make page builds it")
		}
		return nil
	}))
}

// frontend is the gateway's server.
type frontend struct {
	gateway *gateway.Gateway
	server  *http.Server
	cfg     Config
	log     *slog.Logger
}

func (f *frontend) start(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.cfg.Address())
	if err != nil {
		return fmt.Errorf("can't listen on API_HOST:API_PORT %s: %w", f.cfg.Address(), err)
	}
	go func() {
		if err := f.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			f.log.ErrorContext(context.WithoutCancel(ctx), "the HTTP server ended", "error", err)
		}
	}()
	f.log.InfoContext(ctx, "listening", "address", "http://"+l.Addr().String(), "backend", f.cfg.BackendURL, "websocket", f.cfg.WebsocketURL)
	return nil
}

// stop lets requests finish that are under way; connections that last are ended over a few
// seconds, in which clients that keep theirs are told to go elsewhere.
func (f *frontend) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Drain)
	defer cancel()
	var parting sync.WaitGroup
	parting.Go(func() { f.gateway.Drain(ctx, min(drainLive, f.cfg.Drain/2)) })
	parting.Go(func() {
		limited, cancel := context.WithTimeout(ctx, f.cfg.Drain/2) // nobody here knows how long clients keep an idle connection
		defer cancel()
		f.gateway.Leave(limited)
	})
	parting.Wait()
	err := f.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		f.log.WarnContext(ctx, "requests were cut off at DRAIN_TIMEOUT", "drain_timeout", f.cfg.Drain.String())
		err = f.server.Close()
	}
	f.gateway.Close()
	return err
}
