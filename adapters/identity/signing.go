package identity

import (
	"errors"

	"github.com/gofiber/fiber/v2"

	core "github.com/tasktide/tasktide/core/identity"
)

func (a *api) signUp(c *fiber.Ctx) error {
	b, err := readBody(c)
	if err != nil {
		return err
	}
	u := core.NewUser{Name: b.text("name"), Email: b.text("email"), Password: b.text("password"), Image: b.maybe("image"), Forget: !b.flag("rememberMe", true)}
	if code := b.maybe("code"); code != nil {
		u.Code = *code
	}
	if u.Password == "" {
		b.wrong("password", "a password")
	}
	callback := b.maybe("callbackURL")
	switch {
	case b.err != nil:
		return b.err
	case callback != nil && *callback != "" && !a.site.leadsHere(*callback):
		return errCallback
	}
	who, err := a.Service.SignUp(c.UserContext(), u, a.visitor(c))
	if err != nil {
		return err
	}
	a.cookies.set(c, who)
	return answer(c, fiber.Map{"token": who.Session.ID, "user": userOf(&who.Account)})
}

func (a *api) signIn(c *fiber.Ctx) error {
	b, err := readBody(c)
	if err != nil {
		return err
	}
	email, password, remember, callback := b.text("email"), b.text("password"), b.flag("rememberMe", true), b.maybe("callbackURL")
	redirect := callback != nil && *callback != ""
	switch {
	case b.err != nil:
		return b.err
	case redirect && !a.site.leadsHere(*callback):
		return errCallback
	}
	who, err := a.Service.SignIn(c.UserContext(), email, password, remember, a.visitor(c))
	if err != nil {
		return err
	}
	a.cookies.set(c, who)
	out := fiber.Map{"redirect": redirect, "token": who.Session.ID, "user": userOf(&who.Account)}
	if redirect {
		out["url"] = *callback
		c.Set(fiber.HeaderLocation, *callback)
	}
	return answer(c, out)
}

func (a *api) signOut(c *fiber.Ctx) error {
	if err := a.Service.SignOut(c.UserContext(), a.cookies.session(c)); err != nil {
		return err
	}
	a.cookies.clear(c)
	return answer(c, fiber.Map{"success": true})
}

// signed is who is signed in. A session that is a day old is prolonged, and its cookie
// set anew, unless the one who asks passes no cookies on.
func (a *api) signed(c *fiber.Ctx) (core.Signed, error) {
	who, err := a.Service.Session(c.UserContext(), a.cookies.session(c), !c.QueryBool("disableRefresh"))
	if err == nil && who.Renewed {
		a.cookies.set(c, who)
	}
	return who, err
}

// writer is signed, and counts a write. Signing out and revoking a session are none: who may write no more can still leave, and
// throw others out.
func (a *api) writer(c *fiber.Ctx) (core.Signed, error) {
	who, err := a.signed(c)
	if err == nil && a.Writes != nil {
		if wait := a.Writes(c, who.Account.ID); wait > 0 {
			err = tooMany(wait)
		}
	}
	return who, err
}

// getSession answers null when nobody is signed in, and takes back a cookie that was
// good once.
func (a *api) getSession(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderPragma, "no-cache")
	who, err := a.signed(c)
	if refused(err) {
		if ended(err) {
			a.cookies.clear(c)
		}
		return answer(c, nil)
	} else if err != nil {
		return err
	}
	token, err := a.Tokens.For(c.UserContext(), &who.Account)
	if err != nil {
		return err
	}
	const header = "set-auth-jwt"
	c.Set(header, token)
	exposed := header
	if others := string(c.Response().Header.Peek(fiber.HeaderAccessControlExposeHeaders)); others != "" {
		exposed = others + ", " + header
	}
	c.Set(fiber.HeaderAccessControlExposeHeaders, exposed)
	return answer(c, fiber.Map{"session": sessionOf(&who.Session), "user": userOf(&who.Account)})
}

// refused says that nobody is signed in; ended, that somebody was.
func refused(err error) bool { return errors.Is(err, core.ErrNoSession) }

func ended(err error) bool {
	var r *core.Refusal
	return errors.As(err, &r) && r == core.ErrSessionEnded
}

func (a *api) token(c *fiber.Ctx) error {
	who, err := a.signed(c)
	if err != nil {
		return err
	}
	token, err := a.Tokens.For(c.UserContext(), &who.Account)
	if err != nil {
		return err
	}
	return answer(c, fiber.Map{"token": token})
}

func (a *api) jwks(c *fiber.Ctx) error {
	document, err := a.Tokens.JWKS(c.UserContext())
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(document)
}
