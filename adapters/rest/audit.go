package rest

import (
	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
)

func (a *api) auditRoutes() []spec.Route {
	return []spec.Route{{
		Method: fiber.MethodGet, Path: "/api/{user_id}/audit", ID: "listAudit", Tag: "Audit", Summary: "Read the audit trail, newest first",
		About: "An entry is written by audit-service, so it is there a moment after the change.",
		Params: []spec.Param{
			spec.Query("event_type", spec.Text().Like("updated"), "`created`, `updated`, `completed` or `deleted`, in any case; another value matches nothing."),
			spec.Query("entity_type", spec.Text().Or("task"), "Only entries of this type of entity."),
			spec.Query("entity_id", spec.Text().Like("01890a5d-ac96-774b-bcce-b302099a8057"), "Only entries of this entity."),
			spec.Query("limit", spec.Int().From(1, 500).Or(100), "At most so many entries."),
			spec.Query("offset", spec.Int().From(0, 1_000_000_000).Or(0), "Leave out so many of the newest."),
		},
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "The entries.", Schema: spec.List(auditEntrySchema())}},
		Handle:  a.listAudit,
	}}
}

func auditEntrySchema() *spec.Schema {
	return spec.Object(
		spec.Has("id", spec.UUID().About("The event's id.")),
		spec.Has("eventType", spec.OneOf("created", "updated", "completed", "deleted")),
		spec.Has("entityType", spec.Text().Like("task")),
		spec.Has("entityId", spec.UUID()),
		spec.Has("userId", userIDSchema().About("Who made the change.")),
		spec.Has("timestamp", spec.Time().About("When the change was made.")),
		spec.Has("data", auditDataSchema()),
	).Named("AuditEntry").About("What the audit trail keeps of one change.")
}

func auditDataSchema() *spec.Schema {
	side := func(about string) *spec.Schema { return spec.Map(spec.Any()).OrNull().About(about) }
	return spec.Object(
		spec.Has("title", spec.Text().About("Of the task, after the change.")),
		spec.Has("old", side("The fields that changed, as they were; null for what was created.")),
		spec.Has("new", side("The same fields, as they are; null for what was deleted.")),
	).Named("AuditData").About("Names as in the events: `due_date`, `recurring_rule`, …")
}

func (a *api) listAudit(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	q, err := auditQuery(c)
	if err != nil {
		return err
	}
	entries, err := a.audit.List(ctx, user, q)
	if err != nil {
		return err
	}
	return sendList(&a.bodies, c, entries, appendAuditEntry)
}
