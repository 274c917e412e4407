package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
)

// problem is a failure as RFC 9457 has it.
type problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail"`
	RequestID string       `json:"requestId,omitempty"`
	Errors    []fieldError `json:"errors,omitempty"`
}

type fieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

const retryAfterSeconds = 2

// statusOf is the one mapping from the kinds of error to HTTP.
func statusOf(kind domain.Kind) int {
	switch kind {
	case domain.KindInvalid:
		return http.StatusUnprocessableEntity
	case domain.KindMalformed:
		return http.StatusBadRequest
	case domain.KindUnauthorized:
		return http.StatusUnauthorized
	case domain.KindForbidden:
		return http.StatusForbidden
	case domain.KindNotFound:
		return http.StatusNotFound
	case domain.KindConflict:
		return http.StatusConflict
	case domain.KindPreconditionFailed:
		return http.StatusPreconditionFailed
	case domain.KindGone:
		return http.StatusGone
	case domain.KindTooLarge:
		return http.StatusRequestEntityTooLarge
	case domain.KindUnavailable:
		return http.StatusServiceUnavailable
	case domain.KindInternal, domain.KindPermanent:
	}
	return http.StatusInternalServerError
}

// problemOf says what a caller learns of err. Of defects that is only that there
// was one.
func problemOf(err error) problem {
	var known *domain.Error
	var web *fiber.Error
	var many *tooMany
	p := problem{Type: "about:blank", Status: http.StatusInternalServerError}
	switch {
	case errors.As(err, &known):
		p.Status, p.Detail = statusOf(known.Kind), known.Detail
		if known.Full {
			p.Status = http.StatusInsufficientStorage
		}
		for _, f := range known.Fields {
			p.Errors = append(p.Errors, fieldError(f))
		}
	case errors.As(err, &web):
		p.Status, p.Detail = web.Code, webDetail(web)
	case errors.As(err, &many):
		p.Status, p.Detail = http.StatusTooManyRequests, many.Error()
	case errors.Is(err, context.DeadlineExceeded):
		p.Status, p.Detail = http.StatusServiceUnavailable, "the request took too long"
	}
	switch {
	case p.Status == http.StatusServiceUnavailable:
		p.Detail += fmt.Sprintf("; try again in %d seconds", retryAfterSeconds)
	case p.Status == http.StatusInsufficientStorage: // says what to do
	case p.Status >= http.StatusInternalServerError:
		p.Detail = "the server failed; the operator finds the reason in the log by the request id"
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// IsTooLarge says that a request was refused for the size of its body.
func IsTooLarge(err error) bool {
	var web *fiber.Error
	return errors.As(err, &web) && web.Code == http.StatusRequestEntityTooLarge
}

// webDetail says in our words what Fiber and fasthttp refuse.
func webDetail(e *fiber.Error) string {
	switch e.Code {
	case http.StatusNotFound:
		return "there is no such route; the API is below /api/{user_id}"
	case http.StatusMethodNotAllowed:
		return "this route does not take this method; the Allow header lists those that it takes"
	case http.StatusRequestEntityTooLarge:
		return fmt.Sprintf("the body is larger than %d bytes", MaxBody)
	case http.StatusRequestHeaderFieldsTooLarge:
		return "the request's headers are too large"
	case http.StatusBadRequest:
		return "the request is not HTTP that can be read"
	}
	return e.Message
}

// fail answers with err's problem and logs it if somebody other than the caller
// has to act. It is where an error ends.
func fail(c *fiber.Ctx, log *slog.Logger, err error) {
	p := problemOf(err)
	p.RequestID = domain.CorrelationIDFrom(c.UserContext())
	c.Response().Header.Del(preferenceAppliedHeader) // nothing was applied
	if p.Status >= http.StatusInternalServerError {
		level := slog.LevelError
		if p.Status != http.StatusInternalServerError {
			level = slog.LevelWarn
		}
		log.LogAttrs(c.UserContext(), level, "request failed", slog.Int("status", p.Status), slog.String("method", strings.Clone(c.Method())),
			slog.String("route", c.Route().Path), slog.String("request_id", p.RequestID), slog.Any("error", err))
	}
	if p.Status != http.StatusTooManyRequests { // what is left is for answers to tell
		c.Response().Header.Del(rateLimitHeader)
		c.Response().Header.Del(rateLimitPolicyHeader)
	}
	var many *tooMany
	if errors.As(err, &many) {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(many.after))
	}
	switch p.Status {
	case http.StatusUnauthorized:
		c.Set(fiber.HeaderWWWAuthenticate, challenge(c, p.Detail))
	case http.StatusServiceUnavailable:
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(retryAfterSeconds))
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p) // strings and numbers always encode
	c.Response().ResetBody()
	c.Status(p.Status).Set(fiber.HeaderContentType, "application/problem+json")
	c.Response().SetBody(body.Bytes())
}

// challenge tells a client without a token from one with a bad one (RFC 6750, 3.1).
func challenge(c *fiber.Ctx, detail string) string {
	if len(c.Request().Header.Peek(fiber.HeaderAuthorization)) == 0 {
		return "Bearer"
	}
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, detail)
	return `Bearer error="invalid_token", error_description="` + plain + `"`
}
