package boot

import (
	"log/slog"
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
	if len(raw) > 0 && !k.trust.Believes(peer) {
		k.once.Do(func() {
			k.log.WarnContext(c.UserContext(), "X-Forwarded-For is not believed; if this is your proxy, name it in TRUSTED_PROXIES: without that all who come through it count as one", "proxy", peer.Unmap().String())
		})
	}
	lines := make([]string, len(raw))
	for i, line := range raw {
		lines[i] = string(line)
	}
	return k.trust.Client(peer, lines...)
}
