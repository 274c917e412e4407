package rest

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
)

// header joins the lines of a header that may be sent as several.
func header(c *fiber.Ctx, name string) string {
	lines := c.Request().Header.PeekAll(name)
	if len(lines) == 1 {
		return string(lines[0])
	}
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = string(line)
	}
	return strings.Join(all, ",")
}

// ifMatch reads If-Match. Comparison is strong: weak tags and tags that we never
// gave out match nothing. "*" is any version.
func ifMatch(c *fiber.Ctx) (tasks.Match, error) {
	h := header(c, fiber.HeaderIfMatch)
	if h == "" || strings.TrimSpace(h) == "*" {
		return nil, nil
	}
	return parseTags(h, false)
}

const epochHeader = "X-Stream-Epoch"

// epoch holds a request to the database that its versions were read from.
func (a *api) epoch(c *fiber.Ctx, user string) error {
	h := header(c, epochHeader)
	if h == "" {
		return nil
	}
	epoch, err := uuid.Parse(h)
	if err != nil {
		return domain.Malformed(epochHeader + " takes what X-Stream-Position had before its colon, a UUID")
	}
	return a.users.SameEpoch(c.UserContext(), user, epoch)
}

// parseTags reads a list of entity tags into the versions that they name.
func parseTags(list string, weak bool) (tasks.Match, error) {
	versions := tasks.Match{}
	for rest := list; ; {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			return versions, nil
		}
		opaque, isWeak := strings.CutPrefix(rest, "W/")
		if opaque == "" || opaque[0] != '"' {
			return nil, domain.Malformed(`If-Match takes "*" or ETags in quotes, as they came: If-Match: "3"`)
		}
		end := strings.IndexByte(opaque[1:], '"')
		if end < 0 {
			return nil, domain.Malformed("If-Match has an ETag without its closing quote")
		}
		tag := opaque[1 : end+1]
		rest = opaque[end+2:]
		if v, err := strconv.ParseInt(tag, 10, 64); err == nil && (weak || !isWeak) && strconv.FormatInt(v, 10) == tag {
			versions = append(versions, v)
		}
	}
}

// noneMatch says whether If-None-Match lets a GET be answered with 304. What
// can't be read is no condition: the full answer is always right.
func noneMatch(c *fiber.Ctx, version int64) bool {
	h := header(c, fiber.HeaderIfNoneMatch)
	if h == "" {
		return false
	}
	if strings.TrimSpace(h) == "*" {
		return true
	}
	versions, err := parseTags(h, true)
	if err != nil {
		return false
	}
	for _, v := range versions {
		if v == version {
			return true
		}
	}
	return false
}

const preferenceAppliedHeader = "Preference-Applied"

// strict says whether the client asks for unknown fields to be refused (RFC 7240).
func strict(c *fiber.Ctx) bool {
	if len(c.Request().Header.Peek("Prefer")) == 0 {
		return false
	}
	for preference := range strings.FieldsFuncSeq(header(c, "Prefer"), func(r rune) bool { return r == ',' || r == ';' }) {
		name, value, _ := strings.Cut(preference, "=")
		if strings.EqualFold(strings.TrimSpace(name), "handling") && strings.EqualFold(strings.Trim(value, " \t\""), "strict") {
			c.Set(preferenceAppliedHeader, "handling=strict")
			return true
		}
	}
	return false
}
