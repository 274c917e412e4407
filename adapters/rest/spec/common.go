package spec

import (
	"net/http"
	"slices"
)

func securitySchemes() Ordered {
	cookie := func(name, about string) Ordered {
		return Ordered{{"type", "apiKey"}, {"in", "cookie"}, {"name", name}, {"description", about}}
	}
	return Ordered{
		{"bearer", Ordered{
			{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"},
			{"description", "A JWT whose `sub` (or `id` where `sub` is missing) is the user of the path. The operator's routes need `operator` in its `scope`."},
		}},
		{"session", cookie("better-auth.session_token", "For browsers that know only the cookie of their sign-in; the `Origin` is checked.")},
		{"secureSession", cookie("__Secure-better-auth.session_token", "The same on https.")},
	}
}

func commonParameters() Ordered {
	return Ordered{{requestID, Ordered{
		{"name", requestID}, {"in", "header"},
		{"description", "Names the request in logs and is the correlation id of its events. Taken over if it is printable ASCII of at most 128 characters, else made."},
		{"schema", Text().ref()},
	}}}
}

func commonHeaders() Ordered {
	return Ordered{
		{requestID, header("That of the request, or a new one.", Text().Len(1, 128), true)},
		{"Retry-After", header("Ask again after so many seconds.", Int().From(0, 86400), true)},
		{"RateLimit", header("How many writes the user may make at once (r), and in how many seconds all of them again (t).", Text().Match(`^"writes";r=[0-9]+;t=[0-9]+$`), false)},
		{"RateLimit-Policy", header("So many writes of a user (q) in so many seconds (w), in one process.", Text().Match(`^"writes";q=[0-9]+;w=[0-9]+$`), false)},
		{"WWW-Authenticate", header("What is wrong with the token (RFC 6750).", Text().Match("^Bearer"), true)},
	}
}

// rateLimit are the headers of draft-ietf-httpapi-ratelimit-headers, absent where no limit is configured.
func rateLimit() Ordered {
	ref := func(name string) Ordered { return Ordered{{"$ref", "#/components/headers/" + name}} }
	return Ordered{{"RateLimit", ref("RateLimit")}, {"RateLimit-Policy", ref("RateLimit-Policy")}}
}

func header(about string, s *Schema, required bool) Ordered {
	o := Ordered{{"description", about}}
	if required {
		o.Put("required", true)
	}
	return append(o, Member{"schema", s.ref()})
}

// problems are the responses of all statuses that routes of the table name.
func (a API) problems(table []Route) Ordered {
	var statuses []int
	for _, r := range table {
		statuses = append(statuses, r.Problems()...)
	}
	slices.Sort(statuses)
	var out Ordered
	for _, status := range slices.Compact(statuses) {
		headers := Ordered{{requestID, Ordered{{"$ref", "#/components/headers/" + requestID}}}}
		switch status {
		case http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge: // refused before anything else happens
			headers = Ordered{{requestID, header("That of the request, or a new one; absent when the request was not read.", Text(), false)}}
		case http.StatusUnauthorized:
			headers.Put("WWW-Authenticate", Ordered{{"$ref", "#/components/headers/WWW-Authenticate"}})
		case http.StatusTooManyRequests:
			headers.Put("Retry-After", header("Ask again after so many seconds; absent where something else must end first.", Int().From(0, 86400), false))
			headers = append(headers, rateLimit()...)
		case http.StatusServiceUnavailable:
			headers.Put("Retry-After", Ordered{{"$ref", "#/components/headers/Retry-After"}})
		}
		out.Put(problemName(status), Ordered{
			{"description", ProblemAbout(status)}, {"headers", headers},
			{"content", Ordered{{problemType, Ordered{{"schema", a.Problem.ref()}}}}},
		})
	}
	return out
}

// ProblemAbout says when a route answers with a status.
func ProblemAbout(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "The body is not JSON, or a header can't be read."
	case http.StatusUnauthorized:
		return "No token, a bad or an expired one."
	case http.StatusForbidden:
		return "A good token, but not for this: of another user than the path's, or without the scope."
	case http.StatusNotFound:
		return "This user has no such thing. Another user's looks the same."
	case http.StatusConflict:
		return "Others kept changing it at the same time."
	case http.StatusGone:
		return "It was there once and is not kept any more."
	case http.StatusPreconditionFailed:
		return "If-Match, or X-Stream-Epoch, does not hold."
	case http.StatusRequestEntityTooLarge:
		return "The body has more than 64 KiB."
	case http.StatusUnsupportedMediaType:
		return "The body has a Content-Encoding."
	case http.StatusUnprocessableEntity:
		return "A field or parameter breaks a rule; `errors` lists each."
	case http.StatusTooManyRequests:
		return "Too many; ask again later."
	case http.StatusRequestHeaderFieldsTooLarge:
		return "The request's headers have more than 16 KiB."
	case http.StatusInternalServerError:
		return "The server failed; the operator finds the reason in the log by the request id."
	case http.StatusServiceUnavailable:
		return "A dependency is down, or the process is starting or stopping."
	case http.StatusInsufficientStorage:
		return "The database's disk is full: nothing was changed, reading goes on."
	}
	return http.StatusText(status) + "."
}
