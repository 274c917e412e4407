package identity

import (
	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
)

func (a *api) changePassword(c *fiber.Ctx) error {
	b, err := readBody(c)
	if err != nil {
		return err
	}
	who, err := a.signed(c)
	if err != nil {
		return err
	}
	next, current, revoke := b.text("newPassword"), b.text("currentPassword"), b.flag("revokeOtherSessions", false)
	if b.err != nil {
		return b.err
	}
	begun, err := a.Service.ChangePassword(c.UserContext(), who, current, next, revoke, a.visitor(c))
	if err != nil {
		return err
	}
	out := fiber.Map{"token": nil, "user": userOf(&who.Account)}
	if begun != nil {
		c.Response().Header.DelAllCookies() // of a session that is no more
		a.cookies.set(c, *begun)
		out["token"] = begun.Session.ID
	}
	return answer(c, out)
}

func (a *api) updateUser(c *fiber.Ctx) error {
	b, err := readBody(c)
	if err != nil {
		return err
	}
	who, err := a.writer(c)
	if err != nil {
		return err
	}
	if _, there := b.fields["email"]; there {
		return errEmailFixed
	}
	change := domain.AccountChange{Name: b.maybe("name")}
	if b.isNull("image") {
		change.Image = new(*string)
	} else if image := b.maybe("image"); image != nil {
		change.Image = &image
	}
	switch {
	case b.err != nil:
		return b.err
	case change.Name == nil && change.Image == nil:
		return errNothing
	}
	if err := a.Service.Update(c.UserContext(), who, change); err != nil {
		return err
	}
	if !who.Renewed {
		a.cookies.set(c, who)
	}
	return answer(c, fiber.Map{"status": true})
}

func (a *api) deleteUser(c *fiber.Ctx) error {
	b, err := readBody(c)
	if err != nil {
		return err
	}
	who, err := a.signed(c)
	if err != nil {
		return err
	}
	password := b.maybe("password")
	if b.err != nil {
		return b.err
	}
	if err := a.Service.Delete(c.UserContext(), who, password); err != nil {
		return err
	}
	c.Response().Header.DelAllCookies()
	a.cookies.clear(c)
	return answer(c, fiber.Map{"success": true, "message": "User deleted"})
}

func (a *api) listSessions(c *fiber.Ctx) error {
	who, err := a.signed(c)
	if err != nil {
		return err
	}
	list, err := a.Service.Sessions(c.UserContext(), who)
	if err != nil {
		return err
	}
	out := make([]wireSession, 0, len(list))
	for i := range list {
		out = append(out, sessionOf(&list[i]))
	}
	return answer(c, out)
}

func (a *api) revokeSession(c *fiber.Ctx) error {
	b, err := readBody(c)
	if err != nil {
		return err
	}
	who, err := a.signed(c) // no write: a thief who uses the limit up must not be able to keep the owner from ending the theft
	if err != nil {
		return err
	}
	session := b.text("token")
	if b.err != nil {
		return b.err
	}
	if err := a.Service.Revoke(c.UserContext(), who, session); err != nil {
		return err
	}
	if session == who.Session.ID {
		c.Response().Header.DelAllCookies()
		a.cookies.clear(c)
	}
	return answer(c, fiber.Map{"status": true})
}
