package boot

import (
	"net/url"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/gateway"
	"github.com/tasktide/tasktide/apps/frontend/web"
	"github.com/tasktide/tasktide/core/domain"
)

// Page adds the web page to the process's port, behind all other routes.
func Page() fx.Option {
	return fx.Module("page", fx.Invoke(func(s *server, cfg Config) (err error) {
		s.page, s.withoutPage, err = newPage(cfg)
		return err
	}))
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
