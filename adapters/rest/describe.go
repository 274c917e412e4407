package rest

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/adapters/rest/spec"
)

// OpenAPI is the OpenAPI 3.1 document of every route that the services serve to
// clients and to the platform.
func OpenAPI() ([]byte, error) { return description().Document(described()) }

// described is every route: those of MountAPI, of MountHealth, and the handshakes of
// the live connection.
func described() []spec.Route {
	return slices.Concat((&api{}).routes(), liveRoutes(), healthRoutes(prometheus.NewRegistry(), nil, nil))
}

func description() spec.API {
	return spec.API{
		Title: "Tasktide", Version: "1.0.0", Problem: problemSchema(), ID: spec.UUID(), User: userIDSchema(),
		About: "Tasks, and what is made of their changes. Every change is an event; `/asyncapi.json` describes the topics and the live connection.\n\n" +
			"- JSON in camelCase. Every field is always there, `null` when empty. Times go out in UTC with six digits and `Z`, so that text order is time order.\n" +
			"- A failure is an RFC 9457 problem; `detail` is a sentence to act on, `errors` lists every wrong field. So are an unknown route (404) " +
			"and a method that a route does not take (405, with `Allow`).\n" +
			"- HEAD answers as GET without the body.\n" +
			"- Pages of other origins may call what `CORS_ORIGINS` lists; the headers described here are exposed to them.\n",
		Tags: []spec.Tag{
			{Name: "Tasks", About: "Tasks of one user."},
			{Name: "Audit", About: "Who changed what, and when."},
			{Name: "Events", About: "The stream of what happened to one user."},
			{Name: "Notifications", About: "What a user was told: reminders that became due."},
			{Name: "Preferences", About: "What a user chose for the page."},
			{Name: "Account", About: "All of a user's data at once."},
			{Name: "Operator", About: "For who runs the system: a token with the scope `operator`."},
			{Name: "Live", About: "Changes as they happen. The messages are described in `/asyncapi.json`."},
			{Name: "Documents", About: "This description, for machines and for people."},
			{Name: "Health", About: "For the platform; on every service."},
		},
	}
}
