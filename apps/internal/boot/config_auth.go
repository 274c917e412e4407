package boot

import (
	"net/url"
	"strings"

	"github.com/tasktide/tasktide/adapters/auth"
	"github.com/tasktide/tasktide/core/domain"
)

// validateAuth checks who issues tokens, and that somebody does.
func (c *Config) validateAuth(bad func(wrong bool, format string, args ...any), oneOf func(name, value string, choices ...string)) {
	oneOf("AUTH", c.Auth, builtin, external)
	oneOf("SIGN_UP", c.SignUp, "open", "closed")
	verifies := c.mayServeAccounts() || c.Service == domain.WebsocketService
	none := c.JWTSecret == "" && c.BetterAuthURL == ""
	bad(verifies && c.Auth == external && none,
		"JWT_SECRET or BETTER_AUTH_URL is needed to verify tokens: every process must share the one, or the other issues them; with the built-in accounts BETTER_AUTH_URL is the address of backend-api")
	bad(c.Service == domain.WebsocketService && c.Auth == builtin && none,
		"BETTER_AUTH_URL is needed: with AUTH=builtin it is the address of backend-api, which has the accounts, for instance http://backend-api:8000")
	bad(c.AuthSecret != "" && len(c.AuthSecret) < auth.MinSecret, "AUTH_SECRET has %d bytes, it needs at least %d: make one with openssl rand -base64 48", len(c.AuthSecret), auth.MinSecret)
	bad(c.mayServeAccounts() && c.Auth == external && c.SignUp == "open", "SIGN_UP=open is for the built-in accounts, but AUTH=external: whoever issues the tokens decides who signs up")
	if !c.servesAccounts() {
		return
	}
	bad(c.BetterAuthURL != "", "AUTH=builtin and BETTER_AUTH_URL contradict each other: the accounts are here, or at the other server")
	bad(c.PublicURL == "", "PUBLIC_URL is needed with AUTH=builtin when API_HOST=%s is not loopback: where people reach this server, for instance https://tasks.example.org", c.APIHost)
	bad(c.JWTIssuer != "" && c.JWTIssuer != c.PublicURL, "JWT_ISSUER=%q would refuse the tokens of the built-in accounts, whose issuer is PUBLIC_URL=%s: leave it out", c.JWTIssuer, c.PublicURL)
	bad(c.JWTAudience != "" && c.JWTAudience != c.PublicURL, "JWT_AUDIENCE=%q would refuse the tokens of the built-in accounts, whose audience is PUBLIC_URL=%s: leave it out", c.JWTAudience, c.PublicURL)
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil && u.Path == "" && !strings.ContainsAny(s, "?#")
}
