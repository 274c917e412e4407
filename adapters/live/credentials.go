package live

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
)

const (
	protocol     = "tasktide.v1"
	bearerPrefix = "bearer."
)

// The session cookie, the one of https first.
var cookieNames = []string{"__Secure-better-auth.session_token", "better-auth.session_token"}

// offer is what a Sec-WebSocket-Protocol header says.
type offer struct {
	speaks bool   // tasktide.v1 is in it
	token  string // of bearer.<JWT>
}

// parseOffer reads the header's list; what it does not know it passes over.
func parseOffer(header string) (o offer) {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimSpace(part)
		token, bearer := strings.CutPrefix(part, bearerPrefix)
		switch {
		case part == protocol:
			o.speaks = true
		case bearer && o.token == "":
			o.token = token
		}
	}
	return o
}

func parseBearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// authenticate says who asks. wait: nobody yet, but the client offered
// tasktide.v1, and so promises a token in its first message.
func (s *Server) authenticate(c *fiber.Ctx, o offer) (p domain.Principal, wait bool, err error) {
	token := o.token
	if token == "" {
		token = parseBearer(c.Get(fiber.HeaderAuthorization))
	}
	if token == "" {
		token, err = s.fromCookie(c)
		if token == "" && o.speaks && (err == nil || domain.KindOf(err) != domain.KindUnavailable) {
			return p, true, nil
		}
		if err != nil {
			return p, false, err
		}
	}
	if token == "" {
		return p, false, unauthorized("a token is needed: in the Authorization header, as the subprotocol bearer.<JWT>, or by offering tasktide.v1 in the first message; never in the URL")
	}
	p, err = s.verify(c.UserContext(), strings.Clone(token))
	if err != nil {
		return p, false, err
	}
	if user := wanted(c); user != "" && user != p.UserID {
		return p, false, &domain.Error{Kind: domain.KindForbidden, Detail: "the token is of another user than the address"}
	}
	return p, false, nil
}

func (s *Server) verify(ctx context.Context, token string) (domain.Principal, error) {
	ctx, cancel := context.WithTimeout(ctx, verifyWithin)
	defer cancel()
	return s.Verify(ctx, token)
}

// fromCookie gives the token of the session whose cookie the request carries; ""
// without a cookie. A browser sends a cookie whatever page asked: the page's
// origin must be allowed.
func (s *Server) fromCookie(c *fiber.Ctx) (string, error) {
	if s.Exchange == nil {
		return "", nil
	}
	for _, name := range cookieNames {
		value := c.Cookies(name)
		if value == "" {
			continue
		}
		if !s.allowed(c.Get(fiber.HeaderOrigin), c.Get(fiber.HeaderHost), c.Get(fiber.HeaderUpgrade) != "") {
			return "", &domain.Error{Kind: domain.KindForbidden, Detail: "the session cookie does not count from a page of this origin; the operator lists allowed ones in CORS_ORIGINS"}
		}
		return s.Exchange(c.UserContext(), name+"="+value)
	}
	return "", nil
}

// allowed says whether a page of origin may use its user's cookie. A browser
// names the origin of every WebSocket; of server-sent events only when it is
// another one than the server's.
func (s *Server) allowed(origin, host string, socket bool) bool {
	if origin == "" {
		return !socket
	}
	if slices.Contains(s.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

// wanted is the user that the address names; "" when it names none.
func wanted(c *fiber.Ctx) string {
	user := c.Params("user_id")
	if strings.IndexByte(user, '%') >= 0 {
		if decoded, err := url.PathUnescape(user); err == nil {
			user = decoded
		}
	}
	if user == "" {
		user = c.Query("user_id")
	}
	return strings.Clone(user)
}

func unauthorized(detail string) error {
	return &domain.Error{Kind: domain.KindUnauthorized, Detail: detail}
}
