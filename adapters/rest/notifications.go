package rest

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
	"github.com/tasktide/tasktide/core/reminders"
)

func (a *api) notificationRoutes() []spec.Route {
	const list, one = "/api/{user_id}/notifications", "/api/{user_id}/notifications/{id}"
	return []spec.Route{{
		Method: fiber.MethodGet, Path: list, ID: "listNotifications", Tag: "Notifications", Summary: "List notifications, newest first",
		About: "One is made when the reminder of a task becomes due, once for each task and time. It stays when its task is deleted.",
		Params: []spec.Param{
			spec.Query("unread_only", spec.Bool().Or(false), "Only those that are not read: `true` or `false` (also `1`, `0`)."),
			spec.Query("limit", spec.Int().From(1, reminders.MaxLimit).Or(reminders.DefaultLimit), "At most so many notifications."),
		},
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "The notifications.", Schema: spec.List(notificationSchema())}},
		Handle:  a.listNotifications,
	}, {
		Method: fiber.MethodPatch, Path: list + "/read-all", ID: "readAllNotifications", Tag: "Notifications", Summary: "Mark all notifications as read",
		Params: []spec.Param{spec.Query("until", timeInput(), "Only those made up to this time, as the `createdAt` of the newest one that was seen: a newer one stays unread, one that was sent in the same moment does not. Without it: all.")},
		Answers: []spec.Answer{{
			Status: fiber.StatusOK, About: "How many were unread.", Schema: spec.Object(spec.Has("count", spec.Int().From(0, maxInteger).Like(3))),
		}},
		Handle: a.readAllNotifications,
	}, {
		Method: fiber.MethodPatch, Path: one + "/read", ID: "readNotification", Tag: "Notifications", Summary: "Mark a notification as read",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "The notification as it is now.", Schema: notificationSchema()}},
		Handle:  a.readNotification,
	}, {
		Method: fiber.MethodDelete, Path: one, ID: "deleteNotification", Tag: "Notifications", Summary: "Delete a notification",
		Answers: []spec.Answer{{
			Status: fiber.StatusOK, About: "It is deleted.", Schema: spec.Object(spec.Has("success", spec.Bool().Like(true))),
		}},
		Handle: a.deleteNotification,
	}}
}

func notificationSchema() *spec.Schema {
	return spec.Object(
		spec.Has("id", spec.UUID()),
		spec.Has("userId", userIDSchema()),
		spec.Has("message", spec.Text().Like("Reminder: Water the plants")),
		spec.Has("taskId", spec.UUID().About("The task, which may be gone meanwhile.")),
		spec.Has("type", spec.OneOf(domain.NotificationReminder)),
		spec.Has("read", spec.Bool()),
		spec.Has("createdAt", spec.Time()),
	).Named("Notification").About("What a user was told.")
}

func appendNotification(b []byte, n *domain.Notification) []byte {
	b = jsonappend.UUID(append(b, `{"id":`...), n.ID)
	b = jsonappend.String(append(b, `,"userId":`...), n.UserID)
	b = jsonappend.String(append(b, `,"message":`...), n.Message)
	b = jsonappend.UUID(append(b, `,"taskId":`...), n.TaskID)
	b = jsonappend.String(append(b, `,"type":`...), n.Type)
	b = jsonappend.Bool(append(b, `,"read":`...), n.Read)
	b = jsonappend.Time(append(b, `,"createdAt":`...), n.CreatedAt)
	return append(b, '}')
}

func (a *api) listNotifications(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	p := params{c: c}
	q := domain.NotificationQuery{UnreadOnly: p.flag("unread_only"), Limit: p.number("limit", 1, reminders.MaxLimit)}
	if p.bad != nil {
		return domain.Invalid("the query breaks a rule; each wrong parameter is listed in errors", p.bad...)
	}
	list, err := a.notifications.List(ctx, user, q)
	if err != nil {
		return err
	}
	return sendList(&a.bodies, c, list, appendNotification)
}

// flag is false when the parameter is absent.
func (p *params) flag(name string) bool {
	switch strings.ToLower(p.text(name)) {
	case "", "false", "0":
		return false
	case "true", "1":
		return true
	}
	p.wrong(name, "must be true or false")
	return false
}

func (a *api) readAllNotifications(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	p := params{c: c}
	until := p.time("until")
	if until == nil && p.bad == nil && c.Context().QueryArgs().Has("until") {
		p.wrong("until", timeHint) // whoever has no time means no notification, rather than all
	}
	if p.bad != nil {
		return domain.Invalid("the query breaks a rule; each wrong parameter is listed in errors", p.bad...)
	}
	n, err := a.notifications.MarkAllRead(ctx, user, until)
	if err != nil {
		return err
	}
	return a.bodies.send(c, fiber.StatusOK, func(b []byte) []byte {
		return append(jsonappend.Int(append(b, `{"count":`...), int64(n)), '}')
	})
}

func (a *api) readNotification(c *fiber.Ctx) error {
	ctx, user, id, err := a.notification(c)
	if err != nil {
		return err
	}
	n, err := a.notifications.MarkRead(ctx, user, id)
	if err != nil {
		return err
	}
	return a.bodies.send(c, fiber.StatusOK, func(b []byte) []byte { return appendNotification(b, &n) })
}

func (a *api) deleteNotification(c *fiber.Ctx) error {
	ctx, user, id, err := a.notification(c)
	if err != nil {
		return err
	}
	if err := a.notifications.Delete(ctx, user, id); err != nil {
		return err
	}
	return a.bodies.send(c, fiber.StatusOK, func(b []byte) []byte { return append(b, `{"success":true}`...) })
}

// notification is caller and the notification that the path names.
func (a *api) notification(c *fiber.Ctx) (ctx context.Context, user string, id uuid.UUID, err error) {
	if ctx, user, err = a.caller(c); err == nil {
		id, err = pathID(c, "notification")
	}
	return ctx, user, id, err
}
