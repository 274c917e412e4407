package gateway

import "strings"

// destination is who answers a request.
type destination int

const (
	toPage    destination = iota
	toItself              // the gateway's own health and metrics
	toBackend             // backend-api
	toLive                // websocket-service
	toIssuer              // who has the accounts
)

// destinationOf is the one table of paths.
func destinationOf(path string) destination {
	switch {
	case below(path, "/ws"), strings.HasPrefix(path, "/api/sse/"):
		return toLive
	case below(path, accounts):
		return toIssuer
	case below(path, "/api"), below(path, "/docs"), path == "/openapi.json", path == "/asyncapi.json":
		return toBackend
	case path == "/health", path == "/ready", path == "/metrics":
		return toItself
	}
	return toPage
}

// BelongsToPage says that a path is the page's: for a server that has the services' routes
// beside it.
func BelongsToPage(path string) bool { return destinationOf(path) == toPage }
