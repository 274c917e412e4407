package boot

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/gateway"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/apps/frontend/web"
	"github.com/tasktide/tasktide/core/domain"
)

// Page adds the web page to the process's port, behind all other routes; and what the page
// needs there when another server has the accounts: the way to it, from the same origin.
func Page() fx.Option {
	return fx.Module("page", fx.Invoke(func(s *server, cfg Config, log *slog.Logger, who *clients) (err error) {
		if cfg.Auth == external && cfg.BetterAuthURL != "" {
			issuer, err := url.Parse(cfg.BetterAuthURL)
			if err != nil {
				return err
			}
			s.mountFirst(passAccounts(issuer, log, who))
		}
		s.page, s.withoutPage, err = newPage(cfg)
		return err
	}))
}

// passAccounts passes what is below /api/auth to the server that has the accounts, by the
// gateway's code. The requests are counted where all of this process are.
func passAccounts(issuer *url.URL, log *slog.Logger, who *clients) func(*fiber.App) {
	g := adaptor.HTTPHandler(withOwnContext(gateway.New(gateway.Options{
		Backend: issuer, Live: issuer, Issuer: issuer, Page: http.NotFoundHandler(), MaxBody: rest.MaxBody, Asked: who.asked, Metrics: prometheus.NewRegistry(), Log: log,
	})))
	return func(app *fiber.App) { app.All("/api/auth/*", withRequestID(g)) }
}

// withOwnContext gives the request a context that ends with it. The one that it comes with is
// fasthttp's, which belongs to another request afterwards, while a connection to a service
// may still look at it.
func withOwnContext(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

// withRequestID names the request as the process has named it.
func withRequestID(h fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Request().Header.Set(fiber.HeaderXRequestID, domain.CorrelationIDFrom(c.UserContext()))
		c.Response().Header.Del(fiber.HeaderXRequestID) // h sets it, too
		return h(c)
	}
}

// newPage is the page that was built into this binary, or what says that none was.
func newPage(cfg Config) (page *gateway.Page, without bool, err error) {
	files, built := web.Files()
	if !built {
		return gateway.NoPage(cfg.PublicURL), true, nil
	}
	page, err = gateway.NewPage(files, cfg.PublicURL)
	return page, false, err
}

// servePage serves the page by the handler that the gateway has, at the same paths.
func (s *server) servePage(c *fiber.Ctx) error {
	if !gateway.BelongsToPage(c.Path()) {
		return c.Next()
	}
	if _, err := url.ParseRequestURI(c.OriginalURL()); err != nil {
		return fiber.NewError(fiber.StatusBadRequest)
	}
	c.Request().Header.Set(fiber.HeaderXRequestID, domain.CorrelationIDFrom(c.UserContext()))
	return adaptor.HTTPHandler(s.page)(c)
}
