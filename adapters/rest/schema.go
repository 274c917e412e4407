package rest

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
)

const maxInteger = 1<<63 - 1

func userIDSchema() *spec.Schema {
	return spec.Text().Len(1, domain.MaxUserID).Like("alice")
}

// timeInput is a time as requests may have it; parseTime has the details.
func timeInput() *spec.Schema {
	zoneless := `^\s*\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?([Zz]|[+-]\d{2}:?\d{2})?)?\s*$`
	return spec.Either(spec.Text().As("date-time"), spec.Text().As("date"), spec.Text().Match(zoneless)).Named("TimeInput").
		About("RFC 3339 with any offset, or without one (UTC), seconds and fraction optional; or a date (00:00 UTC).").
		Like("2026-02-04T10:00:00+01:00")
}

func optionalTime() *spec.Schema {
	return spec.Either(timeInput(), spec.Text().Match(`^\s*$`), &spec.Schema{Types: []string{"null"}}).About("`\"\"` and `null` are none.")
}

// anyCase is one of some words of ASCII letters, in any case.
func anyCase(words ...string) *spec.Schema {
	var pattern strings.Builder
	for i, w := range words {
		if i > 0 {
			pattern.WriteByte('|')
		}
		for _, letter := range w {
			pattern.WriteString("[" + strings.ToUpper(string(letter)) + string(letter) + "]")
		}
	}
	return spec.Text().Match("^(" + pattern.String() + ")$")
}

func problemSchema() *spec.Schema {
	return spec.Object(
		spec.Has("type", spec.Text().Like("about:blank")),
		spec.Has("title", spec.Text().About("The status in words.").Like("Unprocessable Entity")),
		spec.Has("status", spec.Int().From(400, 599).Like(422)),
		spec.Has("detail", spec.Text().About("A sentence that a person can act on.").Like("the body breaks a rule; each wrong field is listed in errors")),
		spec.May("requestId", spec.Text().About("X-Request-ID, to find the request in the log.")),
		spec.May("errors", spec.List(spec.Object(
			spec.Has("field", spec.Text().Like("title")), spec.Has("message", spec.Text().Like("must not be empty")),
		).Named("FieldError")).About("Every field or parameter that is wrong.")),
	).Named("Problem").About("A failure as RFC 9457 has it.")
}

func etag() spec.Header {
	return spec.Header{Name: fiber.HeaderETag, About: "The task's version, for If-Match and If-None-Match.", Schema: spec.Text().Match(`^"\d+"$`).Like(`"1"`)}
}

func location() spec.Header {
	return spec.Header{Name: fiber.HeaderLocation, About: "The path of what was created.", Schema: spec.Text().As("uri-reference")}
}

func streamPosition() spec.Header {
	return spec.Header{
		Name: "X-Stream-Position", Schema: positionSchema(),
		About: "`<epoch>:<position>`: every event of the user up to this position is in the answer, none after it is.",
	}
}

func positionSchema() *spec.Schema {
	return spec.Text().Match(`^[0-9a-f-]{36}:\d+$`).Like("6f1f4a0e-2c3b-4a50-9f0d-0a4f1a1f7a11:42")
}

func nextLink() spec.Header {
	return spec.Header{Name: fiber.HeaderLink, About: "The next page (`rel=\"next\"`), while there is more.", Schema: spec.Text(), Sometimes: true}
}

func preferenceApplied() spec.Header {
	return spec.Header{Name: preferenceAppliedHeader, About: "The preference that was honoured.", Schema: spec.OneOf("handling=strict"), Sometimes: true}
}

func prefer() spec.Param {
	return spec.InHeader("Prefer", spec.Text().Like("handling=strict"), "`handling=strict` (RFC 7240): an unknown field in the body is a 422 that names it.")
}

func ifMatchParam() spec.Param {
	return spec.InHeader(fiber.HeaderIfMatch, spec.Text().Like(`"1"`), "Change it only if it has one of these versions, else 412.")
}

func streamEpoch() spec.Param {
	return spec.InHeader(epochHeader, spec.UUID(),
		"Change it only if the database is still the one that the version in `If-Match` was read from, else 412: one that came back from a backup counts versions anew. "+
			"It is what `X-Stream-Position` has before its colon, and `connected` as `epoch`.")
}

func ifNoneMatch() spec.Param {
	return spec.InHeader(fiber.HeaderIfNoneMatch, spec.Text().Like(`"1"`), "Answer 304 without a body if it has one of these versions.")
}
