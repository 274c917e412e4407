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

// TraceIDs are the ids of trace and span of a W3C trace context of version 00, which is
// the version that is sent on; false for anything else.
func TraceIDs(traceParent string) (trace, span string, ok bool) {
	s := traceParent
	if len(s) != 55 || s[:3] != "00-" || s[35] != '-' || s[52] != '-' {
		return "", "", false
	}
	trace, span = s[3:35], s[36:52]
	for _, part := range [...]string{trace, span, s[53:]} {
		if strings.Trim(part, "0123456789abcdef") != "" {
			return "", "", false
		}
	}
	return trace, span, strings.Trim(trace, "0") != "" && strings.Trim(span, "0") != ""
}
