package gateway

import (
	"net/http"
	"strings"
)

// policy is the Content-Security-Policy of what the page consists of. Nothing comes from
// another origin, nothing inline runs but what has the nonce. connect-src 'self' covers a
// WebSocket to the same host. A service worker's own requests fall under it, too.
func policy(nonce string) string {
	own := "'self'"
	if nonce != "" {
		own += " 'nonce-" + nonce + "'"
	}
	return strings.Join([]string{
		"default-src 'none'", "script-src " + own, "style-src " + own, "connect-src 'self'", "img-src 'self' data:", "font-src 'self'",
		"manifest-src 'self'", "worker-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "object-src 'none'",
	}, "; ")
}

// secure sets the headers that every part of the page has.
func (p *Page) secure(h http.Header, nonce string) {
	h.Set("Content-Security-Policy", policy(nonce))
	h.Set("X-Content-Type-Options", "nosniff")
	// Not no-referrer: with it browsers send "Origin: null" on some requests, and those with a cookie would be refused.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if p.https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
