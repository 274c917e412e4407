// Package identity serves the built-in accounts at /api/auth, as Better Auth's own
// client calls a Better Auth server. The rules are core/identity's; here are routes,
// cookies, origins and tokens.
//
// It guarantees: a request that carries a cookie and may change something comes from
// a page of a trusted origin; a host name that is not ours is refused, so that no
// foreign name can be pointed at this server from a browser; a redirect leads nowhere
// else; a failure is {message, code} and says nothing of what happened inside; neither
// a password, a cookie nor a token is logged.
package identity
