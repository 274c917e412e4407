package rest

import (
	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
)

// liveRoutes describes the handshakes of the live connection, which
// websocket-service serves by another adapter.
func liveRoutes() []spec.Route {
	const about = "The token comes in the `Sec-WebSocket-Protocol` list (`tasktide.v1, bearer.<JWT>`; only `tasktide.v1` is echoed), in `Authorization`, " +
		"in a first message `{\"type\":\"auth\",\"token\":…}` within 5 s, or, for browsers that know only their cookie, as the session cookie. Never in the URL.\n\n" +
		"Close codes from 4000 to 4499: reconnect and resume; from 4500 to 4999: do not."
	upgrade := []spec.Param{
		spec.InHeader("Sec-WebSocket-Protocol", spec.Text().Like("tasktide.v1, bearer.eyJhbGciOi…"), "`tasktide.v1`, and the token as `bearer.<JWT>`."),
		spec.InHeader(fiber.HeaderOrigin, spec.Text(), "Of a page; with the cookie it must be this origin or one of `CORS_ORIGINS`."),
	}
	switched := []spec.Answer{{
		Status: fiber.StatusSwitchingProtocols, About: "The connection is a WebSocket; the first message is `connected`.",
		Headers: []spec.Header{{Name: "Sec-WebSocket-Protocol", About: "`tasktide.v1`, if it was offered.", Schema: spec.OneOf("tasktide.v1"), Sometimes: true}},
	}}
	bad := []int{fiber.StatusBadRequest, fiber.StatusUpgradeRequired}
	return []spec.Route{{
		Method: fiber.MethodGet, Path: "/ws/{user_id}", ID: "openWebSocket", Tag: "Live", Summary: "Open a WebSocket", About: about,
		Cookie: true, Params: upgrade, Answers: switched, Errors: bad,
	}, {
		Method: fiber.MethodGet, Path: "/ws", ID: "openWebSocketByQuery", Tag: "Live", Summary: "Open a WebSocket, with the user in the query", About: about,
		Cookie: true, Answers: switched, Errors: bad,
		Params: append([]spec.Param{spec.Query("user_id", userIDSchema(), "The user; the token must be theirs. Without it, the token says who it is.")}, upgrade...),
	}, {
		Method: fiber.MethodGet, Path: "/api/sse/{user_id}", ID: "streamEvents", Tag: "Live", Summary: "The same messages as server-sent events",
		About:  "Default events (no `event:` field); `id:` is `<epoch>:<position>`; a comment every 15 s keeps the connection open.",
		Cookie: true,
		Params: []spec.Param{
			spec.InHeader("Last-Event-ID", positionSchema(), "Resume behind this event. `EventSource` sends it by itself when it reconnects."),
		},
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "The stream.", Type: "text/event-stream", Schema: spec.Text()}},
		Errors:  []int{fiber.StatusTooManyRequests},
	}}
}
