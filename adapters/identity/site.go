package identity

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// site knows which origins and host names are ours.
type site struct {
	host    string
	trusted map[string]bool // origins
}

func newSite(publicURL string, origins []string) site {
	s := site{trusted: map[string]bool{}}
	for _, o := range origins {
		if normal, _ := origin(o); normal != "" { // "*" is none: it is without credentials
			s.trusted[normal] = true
		}
	}
	normal, u := origin(publicURL)
	if normal == "" {
		return s
	}
	s.trusted[normal], s.host = true, hostName(u.Host)
	if loopback(s.host) {
		for _, twin := range []string{"localhost", "127.0.0.1", "[::1]"} {
			u.Host = strings.TrimSuffix(twin+":"+u.Port(), ":")
			o, _ := origin(u.String())
			s.trusted[o] = true
		}
	}
	return s
}

// origin is that of an address: in lower case, without the scheme's own port; "" of
// what has none.
func origin(address string) (string, *url.URL) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", nil
	}
	host := strings.ToLower(u.Host)
	if port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; strings.HasSuffix(host, port) {
		host = strings.TrimSuffix(host, port)
	}
	return u.Scheme + "://" + host, u
}

// hostName is a Host header's name, without port, brackets and final dot.
func hostName(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") && (host[0] == '[' || strings.Count(host, ":") == 1) {
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// known says whether a host name may lead here. Beside our own these are names that
// nobody outside can own, and so can't point at this server from a browser (DNS
// rebinding): addresses, names without a dot, and those of a cluster.
func (s site) known(host string) bool {
	if host == "" {
		return false
	}
	if _, err := netip.ParseAddr(host); err == nil || host == s.host || !strings.Contains(host, ".") {
		return true
	}
	for _, private := range []string{".localhost", ".svc", ".cluster.local", ".internal"} {
		if strings.HasSuffix(host, private) {
			return true
		}
	}
	return false
}

// check refuses requests of other sites' pages.
func (s site) check(c *fiber.Ctx) error {
	h := &c.Request().Header
	if !s.known(hostName(string(h.Host()))) {
		return errHost
	}
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return nil
	}
	from := string(h.Peek(fiber.HeaderOrigin))
	if from == "" {
		from = string(h.Peek(fiber.HeaderReferer))
	}
	if len(h.Peek(fiber.HeaderCookie)) == 0 {
		return s.checkLogin(c, from)
	}
	return s.checkOrigin(from)
}

// checkLogin is for requests without a cookie: a page that signs its visitor in to
// somebody else's account needs none. Other programs name no origin, and pass.
func (s site) checkLogin(c *fiber.Ctx, from string) error {
	h := &c.Request().Header
	place, mode, to := string(h.Peek("Sec-Fetch-Site")), string(h.Peek("Sec-Fetch-Mode")), string(h.Peek("Sec-Fetch-Dest"))
	switch {
	case place == "cross-site" && mode == "navigate":
		return errNavigation
	case from == "" && place == "" && mode == "" && to == "":
		return nil
	}
	return s.checkOrigin(from)
}

func (s site) checkOrigin(from string) error {
	if from == "" || from == "null" {
		return errMissingOrigin
	}
	if normal, _ := origin(from); normal == "" || !s.trusted[normal] {
		return errOrigin
	}
	return nil
}

// leadsHere says whether a browser that is sent to address stays with trusted pages.
func (s site) leadsHere(address string) bool {
	if strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f && r < 0xa0 }) {
		return false
	}
	if strings.HasPrefix(address, "/") {
		path, _, _ := strings.Cut(address, "?")
		lower := strings.ToLower(path)
		return !strings.HasPrefix(address, "//") && !strings.Contains(lower, "%2f") && !strings.Contains(lower, "%5c")
	}
	normal, _ := origin(address)
	return normal != "" && s.trusted[normal]
}
