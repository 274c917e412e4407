package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
	"github.com/tasktide/tasktide/core/tasks"
)

const idempotencyKeyHeader = "Idempotency-Key"

func idempotencyKey() spec.Param {
	return spec.InHeader(idempotencyKeyHeader, spec.Text().Len(1, domain.MaxIdempotencyKey).Like("0f4ad54e-6f9c-4d43-8e8e-2f0f0d0c6a55"),
		"Makes it safe to repeat the request: one with the same key and the same body is answered as the first was, for a day, and creates nothing. Another body with the same key is a 422.")
}

// createTaskOnce answers a POST that has an idempotency key. The first answer is
// kept as it is sent, and sent from what was kept, so that a repeated one can't differ.
func (a *api) createTaskOnce(c *fiber.Ctx, user string, keys [][]byte, in tasks.Input) error {
	if len(keys) > 1 {
		return domain.Invalid("the idempotency key can't be used", domain.FieldError{Field: idempotencyKeyHeader, Message: "is there more than once"})
	}
	hash := sha256.Sum256(c.Request().Body())
	kept, err := a.once.Create(c.UserContext(), user, strings.TrimSpace(string(keys[0])), hex.EncodeToString(hash[:]), in, appendKept)
	if err != nil {
		return err
	}
	var answer struct {
		Location, ETag string
		Body           json.RawMessage
	}
	if err := json.Unmarshal(kept, &answer); err != nil {
		return fmt.Errorf("the answer kept for an idempotency key can't be read: %w", err)
	}
	c.Set(fiber.HeaderLocation, answer.Location)
	c.Set(fiber.HeaderETag, answer.ETag)
	return a.bodies.send(c, fiber.StatusCreated, func(b []byte) []byte { return append(b, answer.Body...) })
}

func appendKept(t *domain.Task) []byte {
	b := jsonappend.String([]byte(`{"location":`), taskPath(t))
	b = jsonappend.String(append(b, `,"etag":`...), etagOf(t))
	return append(appendTask(append(b, `,"body":`...), t), '}')
}

func taskPath(t *domain.Task) string {
	return "/api/" + url.PathEscape(t.UserID) + "/tasks/" + t.ID.String()
}
