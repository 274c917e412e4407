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

// reserved is the one user id whose addresses (/api/sse/tasks) are also those of
// others: of the stream of the user tasks.
const reserved = "sse"

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

// What a client without a token is told: what that kind of client can do.
const (
	socketAdvice = "a token is needed: offer the subprotocols tasktide.v1 and bearer.<JWT>, or tasktide.v1 alone and send the token in the first message; " +
		"a program may also send Authorization: Bearer <JWT>. A token in the URL is not read"
	streamAdvice = "a token is needed: send Authorization: Bearer <JWT>, which fetch can and EventSource can't. A token in the URL is not read"
	cookieAdvice = "; the session cookie of a sign-in will do as well"
)

func (s *Server) noToken(advice string) error {
	if s.Exchange != nil {
		advice += cookieAdvice
	}
	return unauthorized(advice)
}

// authenticate says who asks. wait: nobody yet, but the client offered
// tasktide.v1, and so promises a token in its first message. advice is for a client
// that brought nothing.
func (s *Server) authenticate(c *fiber.Ctx, o offer, advice string) (p domain.Principal, wait bool, err error) {
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
		return p, false, s.noToken(advice)
	}
	p, err = s.verify(c.UserContext(), strings.Clone(token))
	if err != nil {
		return p, false, err
	}
	if user := wanted(c); user != "" && user != p.UserID {
		detail := "the token is of another user than the address"
		if p.UserID == reserved {
			detail = "addresses below /api/sse/ are the live stream of the user named there: the user id sse is reserved, let the issuer give another"
		}
		return p, false, &domain.Error{Kind: domain.KindForbidden, Detail: detail}
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
		origin := c.Get(fiber.HeaderOrigin)
		if !s.allowed(origin, c.Get(fiber.HeaderHost), c.Get(fiber.HeaderUpgrade) != "") {
			detail := "the session cookie does not count from a page of this origin; the operator lists allowed ones in CORS_ORIGINS"
			if origin == "" {
				detail = "the session cookie counts only with the Origin that a browser names; a program sends Authorization: Bearer <JWT>"
			}
			return "", &domain.Error{Kind: domain.KindForbidden, Detail: detail}
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
