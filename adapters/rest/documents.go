package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/asyncapi"
	"github.com/tasktide/tasktide/adapters/rest/page"
	"github.com/tasktide/tasktide/adapters/rest/spec"
)

func documentRoutes() []spec.Route {
	const html = fiber.MIMETextHTMLCharsetUTF8
	return []spec.Route{
		documentRoute("/openapi.json", "getOpenAPI", "This description, as OpenAPI 3.1", fiber.MIMEApplicationJSON, spec.Any(), OpenAPI),
		documentRoute("/asyncapi.json", "getAsyncAPI", "The topics and the live connection, as AsyncAPI 3.0", fiber.MIMEApplicationJSON, spec.Any(), asyncapi.Document),
		documentRoute("/docs", "readDocs", "This description, for people", html, spec.Text(), func() ([]byte, error) { return page.API(description(), described()) }),
		documentRoute("/docs/events", "readEventDocs", "The topics and the live connection, for people", html, spec.Text(), page.Events),
		documentRoute("/docs/style.css", "getDocsStyle", "How the pages look", "text/css; charset=utf-8", spec.Text(), page.Style),
	}
}

func documentRoute(path, id, summary, media string, s *spec.Schema, make func() ([]byte, error)) spec.Route {
	tag := spec.Header{Name: fiber.HeaderETag, About: "Of this version of the document.", Schema: spec.Text()}
	return spec.Route{
		Method: fiber.MethodGet, Path: path, ID: id, Tag: "Documents", Access: spec.Public, Summary: summary,
		Params: []spec.Param{ifNoneMatch()},
		Answers: []spec.Answer{
			{Status: fiber.StatusOK, About: "The document.", Type: media, Schema: s, Headers: []spec.Header{tag}},
			{Status: fiber.StatusNotModified, About: "It is the version that `If-None-Match` names.", Headers: []spec.Header{tag}},
		},
		Handle: document(media, make),
	}
}

// document serves what make makes, which is made once, when it is first asked for.
func document(media string, make func() ([]byte, error)) fiber.Handler {
	type made struct {
		body []byte
		tag  string
	}
	once := sync.OnceValues(func() (made, error) {
		b, err := make()
		hash := sha256.Sum256(b)
		return made{b, `"` + hex.EncodeToString(hash[:8]) + `"`}, err
	})
	return func(c *fiber.Ctx) error {
		d, err := once()
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderETag, d.tag)
		c.Set(fiber.HeaderCacheControl, "no-cache")
		c.Set(fiber.HeaderContentSecurityPolicy, page.Policy)
		c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
		if c.Get(fiber.HeaderIfNoneMatch) == d.tag {
			c.Status(fiber.StatusNotModified)
			return nil
		}
		c.Set(fiber.HeaderContentType, media)
		c.Response().SetBodyRaw(d.body) // nobody changes it
		return nil
	}
}
