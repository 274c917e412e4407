package boot

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/forwarded"
)

// clients says who asks: the peer of a connection, or whom a trusted proxy names.
type clients struct {
	trust forwarded.Trust
	log   *slog.Logger
	once  sync.Once
}

func newClients(cfg Config, log *slog.Logger) (*clients, error) {
	trust, err := forwarded.Parse(cfg.TrustedProxies)
	return &clients{trust: trust, log: log}, err
}

// address is that of who sent a request.
func (k *clients) address(c *fiber.Ctx) netip.Addr {
	peer, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	raw := c.Request().Header.PeekAll(fiber.HeaderXForwardedFor)
	k.note(c.UserContext(), peer, len(raw) > 0)
	lines := make([]string, len(raw))
	for i, line := range raw {
		lines[i] = string(line)
	}
	return k.trust.Client(peer, lines...)
}

// asked is who sent a request of net/http, by which scheme and for which host.
func (k *clients) asked(r *http.Request) (client netip.Addr, scheme, host string) {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	k.note(r.Context(), peer.Addr(), len(r.Header["X-Forwarded-For"]) > 0)
	a := k.trust.Request(r)
	return a.Client, a.Scheme, a.Host
}

// note tells the operator, once, of a peer that forwards and is not believed.
func (k *clients) note(ctx context.Context, peer netip.Addr, forwards bool) {
	if !forwards || k.trust.Believes(peer) {
		return
	}
	k.once.Do(func() {
		k.log.WarnContext(ctx, "X-Forwarded-For is not believed; if this is your proxy, name it in TRUSTED_PROXIES: without that all who come through it count as one", "proxy", peer.Unmap().String())
	})
}
