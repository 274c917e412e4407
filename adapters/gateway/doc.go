// Package gateway is the one origin that a browser sees: Page serves the built web page,
// Gateway serves that and passes everything else to the services behind it. Both are
// plain handlers of net/http; the one binary serves the same Page.
//
// It guarantees:
//
//   - Answers are passed on as they come, event by event, never gathered. A WebSocket is
//     passed both ways and ends on both sides when one ends it; no idle one is cut.
//   - A request is sent to a service once. While a service restarts and takes no
//     connections it is waited for, for a short time; after something was sent nothing but
//     a GET or HEAD is ever sent again.
//   - Who asked, by which scheme and host, is what the injected Asked says; what a client
//     claims in forwarding headers of its own never goes on.
//   - A request's body is read, and held to its limit, before a service is asked.
//   - What goes wrong here is a problem (RFC 9457), below /api/auth one in the form of the
//     accounts, that pages of allowed origins can read.
//   - HTML is never cached and has a nonce of its own each time, the only one that its
//     Content-Security-Policy lets run.
//
// It knows no users and no tokens: the services do.
package gateway
