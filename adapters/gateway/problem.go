package gateway

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// problem is a failure as RFC 9457 has it, in the form of the services' own.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	RequestID string `json:"requestId,omitempty"`
}

// refusal is a failure in the form that the accounts have.
type refusal struct {
	Message string `json:"message"`
	Code    string `json:"code"`
}

const (
	accounts   = "/api/auth"
	requestID  = "X-Request-Id"
	retryAfter = "2" // seconds
)

// writeProblem answers with what went wrong, as a sentence that somebody can act on.
func writeProblem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	var body any = problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, RequestID: r.Header.Get(requestID)}
	h.Set("Content-Type", "application/problem+json")
	if below(r.URL.Path, accounts) {
		body = refusal{Message: detail, Code: code(status)}
		h.Set("Content-Type", "application/json")
	}
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		h.Set("Retry-After", retryAfter)
	}
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // strings and numbers encode; a client that has gone needs no answer
}

// code is the accounts' word for a status.
func code(status int) string {
	if status == http.StatusRequestEntityTooLarge {
		return "PAYLOAD_TOO_LARGE"
	}
	return strings.ToUpper(strings.ReplaceAll(http.StatusText(status), " ", "_"))
}

// below says whether a path is root or below it.
func below(path, root string) bool {
	rest, ok := strings.CutPrefix(path, root)
	return ok && (rest == "" || rest[0] == '/')
}

// share lets pages of allowed origins read an answer that is the gateway's own; those of
// the services say it themselves.
func share(h http.Header, origin string, allowed []string) {
	if len(allowed) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	switch {
	case origin == "":
		return
	case slices.Contains(allowed, origin):
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	case slices.Contains(allowed, "*"):
		h.Set("Access-Control-Allow-Origin", "*")
	default:
		return
	}
	h.Set("Access-Control-Expose-Headers", "X-Request-ID, Retry-After")
}
