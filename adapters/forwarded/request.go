package forwarded

import (
	"net/http"
	"net/netip"
	"strings"
)

// Asked is a request as the client made it, as far as that is believed.
type Asked struct {
	Client netip.Addr // not valid when the peer has no IP address
	Scheme string     // http or https
	Host   string     // of the address, with the port if there was one
}

// Request reads a request of net/http. Scheme and host are what the nearest proxy says
// in X-Forwarded-Proto and X-Forwarded-Host, the last element of each, if that proxy is
// trusted and says something that can be one; else those of the connection.
func (t Trust) Request(r *http.Request) Asked {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	asked := Asked{Client: t.Client(peer.Addr(), r.Header["X-Forwarded-For"]...), Scheme: "http", Host: r.Host}
	if r.TLS != nil {
		asked.Scheme = "https"
	}
	if !t.Believes(peer.Addr()) {
		return asked
	}
	if scheme := strings.ToLower(nearest(r.Header["X-Forwarded-Proto"])); scheme == "http" || scheme == "https" {
		asked.Scheme = scheme
	}
	if host := nearest(r.Header["X-Forwarded-Host"]); isHost(host) {
		asked.Host = host
	}
	return asked
}

func nearest(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	_, last, _ := cutLast(lines[len(lines)-1])
	return last
}

// isHost says that s has only what a Host header may have.
func isHost(s string) bool {
	return s != "" && len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-._:[]", r)
	})
}
