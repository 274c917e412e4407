package identity

import (
	"bytes"
	"encoding/json"
	"mime"
	"strings"

	"github.com/gofiber/fiber/v2"

	core "github.com/tasktide/tasktide/core/identity"
)

// body is a JSON object, read field by field; unknown fields are ignored. The first
// field that is wrong is kept as the refusal.
type body struct {
	fields map[string]json.RawMessage
	err    error
}

// readBody reads the request's; none at all is an empty object.
func readBody(c *fiber.Ctx) (*body, error) {
	raw := bytes.TrimSpace(c.Body())
	if len(raw) == 0 {
		return &body{}, nil
	}
	if media, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType)); err != nil || media != fiber.MIMEApplicationJSON {
		return nil, errMediaType
	}
	if !json.Valid(raw) {
		return nil, errBody
	}
	b := &body{}
	if json.Unmarshal(raw, &b.fields) != nil || b.fields == nil {
		return nil, &core.Refusal{Code: "VALIDATION_ERROR", Message: "[body] Invalid input: expected object"}
	}
	return b, nil
}

// read puts a field into v; false without the field, or with one that is null.
func (b *body) read(name, kind string, v any) bool {
	raw, there := b.fields[name]
	if !there {
		return false
	}
	if bytes.Equal(raw, []byte("null")) || json.Unmarshal(raw, v) != nil {
		b.wrong(name, kind)
		return false
	}
	return true
}

func (b *body) wrong(name, kind string) {
	if b.err == nil {
		b.err = &core.Refusal{Code: "VALIDATION_ERROR", Message: "[body." + name + "] Invalid input: expected " + kind}
	}
}

// text is a required text.
func (b *body) text(name string) (out string) {
	if _, there := b.fields[name]; !there {
		b.wrong(name, "string")
	}
	b.read(name, "string", &out)
	return out
}

// maybe is an optional text.
func (b *body) maybe(name string) *string {
	var out string
	if !b.read(name, "string", &out) {
		return nil
	}
	return &out
}

// flag is an optional boolean.
func (b *body) flag(name string, otherwise bool) bool {
	out := otherwise
	b.read(name, "boolean", &out)
	return out
}

func (b *body) isNull(name string) bool {
	return strings.TrimSpace(string(b.fields[name])) == "null"
}

// answer writes v as JSON.
func answer(c *fiber.Ctx, v any) error {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	c.Response().SetBody(bytes.TrimRight(out.Bytes(), "\n"))
	return nil
}
