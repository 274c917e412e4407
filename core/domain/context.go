package domain

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Principal is who a verified token speaks for.
type Principal struct {
	UserID  string
	Scope   string // space-separated, as in the token's claim
	Expires time.Time
}

// HasScope says whether the token carries scope.
func (p Principal) HasScope(scope string) bool {
	return slices.Contains(strings.Fields(p.Scope), scope)
}

type requestKey struct{}

type request struct{ correlationID, traceParent string }

// WithRequest puts on ctx what an event takes over from the request that caused
// it. "" means that there is none.
func WithRequest(ctx context.Context, correlationID, traceParent string) context.Context {
	return context.WithValue(ctx, requestKey{}, &request{correlationID, traceParent})
}

// CorrelationIDFrom is the correlation id put on ctx by WithRequest, or "".
func CorrelationIDFrom(ctx context.Context) string {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r.correlationID
	}
	return ""
}

// TraceParentFrom is the W3C trace context put on ctx by WithRequest, or "".
func TraceParentFrom(ctx context.Context) string {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r.traceParent
	}
	return ""
}
