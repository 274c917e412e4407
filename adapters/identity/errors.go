package identity

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
	core "github.com/tasktide/tasktide/core/identity"
)

// Refusals of requests, beside those of the rules.
var (
	errMissingOrigin = &core.Refusal{Code: "MISSING_OR_NULL_ORIGIN", Message: "Missing or null Origin: a request with a cookie must come from a page of this server"}
	errOrigin        = &core.Refusal{Code: "INVALID_ORIGIN", Message: "Invalid origin: the operator sets this page's address as PUBLIC_URL or lists it in CORS_ORIGINS"}
	errNavigation    = &core.Refusal{Code: "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED", Message: "Cross-site navigation login blocked. This request appears to be a CSRF attack."}
	errHost          = &core.Refusal{Code: "INVALID_HOST", Message: "This server is not known by this host name: the operator sets it as PUBLIC_URL"}
	errCallback      = &core.Refusal{Code: "INVALID_CALLBACK_URL", Message: "Invalid callbackURL: use a path, or an address of a trusted origin"}
	errMediaType     = &core.Refusal{Code: "UNSUPPORTED_MEDIA_TYPE", Message: "Send the body as application/json"}
	errBody          = &core.Refusal{Code: "BAD_REQUEST", Message: "The body is not JSON that can be read"}
	errNothing       = &core.Refusal{Code: "BAD_REQUEST", Message: "No fields to update"}
	errEmailFixed    = &core.Refusal{Code: "EMAIL_CAN_NOT_BE_UPDATED", Message: "Email can not be updated"}
	errNotFound      = &core.Refusal{Code: "NOT_FOUND", Message: "There is no such route below /api/auth"}
)

// statuses are those of codes; what is not here is 400.
var statuses = map[string]int{
	core.ErrEmailTaken.Code: http.StatusUnprocessableEntity, core.ErrCredentials.Code: http.StatusUnauthorized, core.ErrNoSession.Code: http.StatusUnauthorized,
	errMissingOrigin.Code: http.StatusForbidden, errOrigin.Code: http.StatusForbidden, errNavigation.Code: http.StatusForbidden, errHost.Code: http.StatusForbidden,
	errCallback.Code: http.StatusForbidden, errMediaType.Code: http.StatusUnsupportedMediaType, errNotFound.Code: http.StatusNotFound,
}

// limited is the refusal of one try too many; Better Auth's has no code.
type limited struct{ after time.Duration }

func (limited) Error() string { return "Too many requests. Please try again later." }

func tooMany(after time.Duration) error { return limited{after} }

// fail answers with err, and logs it if somebody other than the caller has to act.
func (a *api) fail(c *fiber.Ctx, err error) {
	var refusal *core.Refusal
	var over limited
	status, body := http.StatusInternalServerError, fiber.Map{"code": "INTERNAL_SERVER_ERROR", "message": "The server failed; the operator finds the reason in the log by the request id"}
	switch {
	case errors.As(err, &refusal):
		status = http.StatusBadRequest
		if s, ok := statuses[refusal.Code]; ok {
			status = s
		}
		body = fiber.Map{"code": refusal.Code, "message": refusal.Message}
	case errors.As(err, &over):
		status, body = http.StatusTooManyRequests, fiber.Map{"message": over.Error()}
		seconds := strconv.Itoa(int(math.Ceil(over.after.Seconds())))
		c.Set("X-Retry-After", seconds)
		c.Set(fiber.HeaderRetryAfter, seconds)
	case domain.KindOf(err) == domain.KindUnavailable:
		status, body = http.StatusServiceUnavailable, fiber.Map{"code": "SERVICE_UNAVAILABLE", "message": "The server can't do this now; try again in a moment"}
		c.Set(fiber.HeaderRetryAfter, "2")
	}
	a.log(c, status, err)
	c.Status(status)
	_ = answer(c, body)
}

// log tells the operator of failures of ours, and of tries that programs which ban
// addresses look for.
func (a *api) log(c *fiber.Ctx, status int, err error) {
	level := slog.LevelError
	switch status {
	case http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case http.StatusTooManyRequests:
		level = slog.LevelInfo
	case http.StatusInternalServerError:
	default:
		if !errors.Is(err, core.ErrCredentials) && !errors.Is(err, core.ErrPassword) {
			return
		}
		level = slog.LevelInfo
	}
	a.Log.LogAttrs(c.UserContext(), level, "account request refused", slog.Int("status", status), slog.String("route", strings.Clone(c.Path())),
		slog.String("address", a.ClientAddress(c).String()), slog.String("request_id", domain.CorrelationIDFrom(c.UserContext())), slog.Any("error", err))
}

// TooLarge answers a request whose body is too large, before there is a route for it,
// if it was for a route of this package.
func TooLarge(c *fiber.Ctx) bool {
	if !strings.HasPrefix(c.Path(), prefix+"/") {
		return false
	}
	c.Status(http.StatusRequestEntityTooLarge)
	_ = answer(c, fiber.Map{"code": "PAYLOAD_TOO_LARGE", "message": "The body is too large: a password has at most 128 characters"})
	return true
}
