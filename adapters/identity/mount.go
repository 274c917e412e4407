package identity

import (
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
	core "github.com/tasktide/tasktide/core/identity"
)

// Deps is what the routes are made of.
type Deps struct {
	Service   *core.Service
	Tokens    *Tokens
	PublicURL string   // where people reach this server; https makes the cookies secure
	Origins   []string // whose pages may use cookies here, beside those of PublicURL
	// ClientAddress is who asks; nil: the peer of the connection.
	ClientAddress func(*fiber.Ctx) netip.Addr
	Limiter       *core.Limiter // of tries of passwords; nil: none
	// Writes counts a write of the account user, with all its others, and says how long to wait when there are too many; nil: no limit.
	Writes func(c *fiber.Ctx, user string) time.Duration
	Log    *slog.Logger
}

type api struct {
	Deps
	site    site
	cookies cookies
}

// route is one route. A limited one takes three tries in ten seconds from one address.
type route struct {
	method, path string
	limited      bool
	handle       fiber.Handler
}

const prefix = "/api/auth"

// Mount adds the routes. Whatever else is below /api/auth is not found.
func Mount(app fiber.Router, d Deps) {
	if d.ClientAddress == nil {
		d.ClientAddress = peer
	}
	a := &api{Deps: d, site: newSite(d.PublicURL, d.Origins), cookies: newCookies(d.PublicURL)}
	for _, r := range []route{
		{fiber.MethodGet, "/ok", false, func(c *fiber.Ctx) error { return answer(c, fiber.Map{"ok": true}) }},
		{fiber.MethodPost, "/sign-up/email", true, a.signUp},
		{fiber.MethodPost, "/sign-in/email", true, a.signIn},
		{fiber.MethodPost, "/sign-out", false, a.signOut},
		{fiber.MethodGet, "/get-session", false, a.getSession},
		{fiber.MethodGet, "/token", false, a.token},
		{fiber.MethodGet, "/jwks", false, a.jwks},
		{fiber.MethodPost, "/change-password", true, a.changePassword},
		{fiber.MethodPost, "/update-user", false, a.updateUser},
		{fiber.MethodPost, "/delete-user", true, a.deleteUser},
		{fiber.MethodGet, "/list-sessions", false, a.listSessions},
		{fiber.MethodPost, "/revoke-session", false, a.revokeSession},
	} {
		app.Add(r.method, prefix+r.path, a.guarded(r))
	}
	app.All(prefix+"/*", a.guarded(route{handle: func(*fiber.Ctx) error { return errNotFound }}))
}

// guarded does what every route needs before and after its handler.
func (a *api) guarded(r route) fiber.Handler {
	return func(c *fiber.Ctx) error {
		err := a.site.check(c)
		if err == nil && r.limited {
			err = a.limit(c, r.path)
		}
		if err == nil {
			err = r.handle(c)
		}
		if err != nil {
			a.fail(c, err)
		}
		return nil
	}
}

// limit counts a try of the caller's network, and one of the site that it is part of.
func (a *api) limit(c *fiber.Ctx, path string) error {
	if a.Limiter == nil {
		return nil
	}
	address := a.ClientAddress(c)
	ok, after := a.Limiter.Take(domain.NetworkOf(address).String()+" "+path, core.TriesOfNetwork)
	if ok {
		ok, after = a.Limiter.Take(domain.SiteOf(address).String()+" "+path, core.TriesOfSite)
	}
	if !ok {
		return tooMany(after)
	}
	return nil
}

func peer(c *fiber.Ctx) netip.Addr {
	address, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	return address
}

// visitor is who asks, for the list of sessions.
func (a *api) visitor(c *fiber.Ctx) core.Visitor {
	return core.Visitor{Address: a.ClientAddress(c).Unmap().String(), UserAgent: strings.Clone(c.Get(fiber.HeaderUserAgent))}
}
