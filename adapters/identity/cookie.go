package identity

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	core "github.com/tasktide/tasktide/core/identity"
)

const (
	securePrefix = "__Secure-"
	sessionName  = "better-auth.session_token"
)

// leftovers are cookies that a Better Auth server before us may have set.
var leftovers = []string{"better-auth.session_data", "better-auth.dont_remember"}

// cookies names and writes them.
type cookies struct {
	prefix, attributes string
}

func newCookies(publicURL string) cookies {
	if strings.HasPrefix(publicURL, "https://") {
		return cookies{securePrefix, "; Path=/; HttpOnly; Secure; SameSite=Lax"}
	}
	return cookies{"", "; Path=/; HttpOnly; SameSite=Lax"}
}

// session is what the request's session cookie says; "" without.
func (k cookies) session(c *fiber.Ctx) string {
	return strings.Clone(c.Cookies(k.prefix + sessionName))
}

func (k cookies) add(c *fiber.Ctx, name, value, age string) {
	c.Response().Header.Add(fiber.HeaderSetCookie, k.prefix+name+"="+value+age+k.attributes)
}

// set gives the browser the cookie of who is signed in. One that is not remembered
// ends with the browser.
func (k cookies) set(c *fiber.Ctx, who core.Signed) {
	age := ""
	if who.Session.Remembered {
		age = "; Max-Age=" + strconv.Itoa(int(core.SessionLife.Seconds()))
	}
	k.add(c, sessionName, who.Cookie, age)
}

func (k cookies) clear(c *fiber.Ctx) {
	for _, name := range append([]string{sessionName}, leftovers...) {
		k.add(c, name, "", "; Max-Age=0")
	}
}
