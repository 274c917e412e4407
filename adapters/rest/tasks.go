package rest

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
)

var errNoToken = &domain.Error{Kind: domain.KindUnauthorized, Detail: "a token is needed; send Authorization: Bearer <JWT>"}

// caller verifies the token and that the path is its user's, and counts a write.
func (a *api) caller(c *fiber.Ctx) (ctx context.Context, user string, err error) {
	ctx = c.UserContext()
	token, ok := bearer(c.Get(fiber.HeaderAuthorization))
	if !ok {
		return nil, "", errNoToken
	}
	p, err := a.verify(ctx, token)
	if err != nil {
		return nil, "", err
	}
	user = c.Params("user_id")
	if strings.IndexByte(user, '%') >= 0 {
		user, _ = url.PathUnescape(user) // "" matches no user
	}
	if user != p.UserID {
		return nil, "", &domain.Error{Kind: domain.KindForbidden, Detail: "the token is of another user than the path"}
	}
	if m := c.Method(); m != fiber.MethodGet && m != fiber.MethodHead {
		err = a.writes.take(c, p.UserID)
	}
	return ctx, p.UserID, err
}

func bearer(header string) (token string, ok bool) {
	const scheme = "Bearer "
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	token = strings.TrimSpace(header[len(scheme):])
	return token, token != ""
}

func taskID(c *fiber.Ctx) (uuid.UUID, error) { return pathID(c, "task") }

// pathID is {id}; of says whose it is.
func pathID(c *fiber.Ctx, of string) (uuid.UUID, error) {
	s := c.Params("id")
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 {
		return uuid.Nil, domain.Invalid("the "+of+"'s id in the path is no UUID",
			domain.FieldError{Field: "id", Message: "must be a UUID like 01890a5d-ac96-774b-bcce-b302099a8057"})
	}
	return id, nil
}

// target is caller, taskID, X-Stream-Epoch and If-Match together.
func (a *api) target(c *fiber.Ctx) (ctx context.Context, user string, id uuid.UUID, match tasks.Match, err error) {
	if ctx, user, err = a.caller(c); err == nil {
		if id, err = taskID(c); err == nil {
			match, err = ifMatch(c)
		}
	}
	if err == nil {
		err = a.epoch(c, user)
	}
	return ctx, user, id, match, err
}

// input reads the body; on wrong types it also tells which rules the rest breaks.
func (a *api) input(c *fiber.Ctx, create bool) (tasks.Input, error) {
	b, err := body(c)
	if err != nil {
		return tasks.Input{}, err
	}
	in, bad, err := decodeTask(b, strict(c))
	if err != nil || bad == nil {
		return in, err
	}
	if bad[0].Field != "body" {
		for _, rule := range a.tasks.Check(in, create) {
			if !slices.ContainsFunc(bad, func(f domain.FieldError) bool { return f.Field == rule.Field }) {
				bad = append(bad, rule)
			}
		}
	}
	return in, domain.Invalid("the body breaks a rule; each wrong field is listed in errors", bad...)
}

func (a *api) createTask(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	in, err := a.input(c, true)
	if err != nil {
		return err
	}
	if keys := c.Request().Header.PeekAll(idempotencyKeyHeader); len(keys) > 0 {
		return a.createTaskOnce(c, user, keys, in)
	}
	t, err := a.tasks.Create(ctx, user, in)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, taskPath(&t))
	return a.bodies.sendTask(c, fiber.StatusCreated, &t)
}

func (a *api) getTask(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	id, err := taskID(c)
	if err != nil {
		return err
	}
	t, err := a.tasks.Get(ctx, user, id)
	if err != nil {
		return err
	}
	if noneMatch(c, t.Version) {
		setETag(c, &t)
		c.Status(fiber.StatusNotModified)
		return nil
	}
	return a.bodies.sendTask(c, fiber.StatusOK, &t)
}

func (a *api) updateTask(c *fiber.Ctx) error {
	ctx, user, id, match, err := a.target(c)
	if err != nil {
		return err
	}
	in, err := a.input(c, false)
	if err != nil {
		return err
	}
	t, err := a.tasks.Update(ctx, user, id, in, match)
	if err != nil {
		return err
	}
	return a.bodies.sendTask(c, fiber.StatusOK, &t)
}

func (a *api) toggleTask(c *fiber.Ctx) error {
	ctx, user, id, match, err := a.target(c)
	if err != nil {
		return err
	}
	t, err := a.tasks.Toggle(ctx, user, id, match)
	if err != nil {
		return err
	}
	return a.bodies.sendTask(c, fiber.StatusOK, &t)
}

func (a *api) deleteTask(c *fiber.Ctx) error {
	ctx, user, id, match, err := a.target(c)
	if err != nil {
		return err
	}
	if err := a.tasks.Delete(ctx, user, id, match); err != nil {
		return err
	}
	c.Status(fiber.StatusNoContent)
	return nil
}

func (a *api) listTasks(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	q, err := taskQuery(c, user)
	if err != nil {
		return err
	}
	list, err := a.tasks.List(ctx, user, q)
	if err != nil {
		return err
	}
	c.Set("X-Stream-Position", list.Position.String())
	if n := len(list.Tasks); list.More && n > 0 {
		c.Set(fiber.HeaderLink, nextPage(c, makeCursor(user, &q, &list.Tasks[n-1])))
	}
	return sendList(&a.bodies, c, list.Tasks, appendTask)
}

// nextPage is the Link to this list with another cursor.
func nextPage(c *fiber.Ctx, cursor string) string {
	next := url.Values{}
	for k, v := range c.Context().QueryArgs().All() {
		next.Add(string(k), string(v))
	}
	next.Set("cursor", cursor)
	return "<" + string(c.Request().URI().PathOriginal()) + "?" + next.Encode() + `>; rel="next"`
}
