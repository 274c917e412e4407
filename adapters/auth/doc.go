// Package auth verifies and signs the tokens (JWT) that say who a caller is. Every
// service that serves users verifies with it; nothing else decides who a user is.
//
// It guarantees: a key is chosen by the token's key id, and the key decides the
// algorithm; a token without an end is refused; a key set stays in use while its
// issuer is down. Constructors do no I/O: the key set is fetched when the first
// token needs it. Nothing here logs, and no error repeats a token.
package auth
