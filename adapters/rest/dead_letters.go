package rest

import (
	"context"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
	"github.com/tasktide/tasktide/ports"
)

// letterQuery reads the filters; some says whether there is one.
func (p *params) letterQuery() (q domain.DeadLetterQuery, some bool) {
	q = domain.DeadLetterQuery{
		Topic: domain.Topic(p.text("topic")), Group: p.text("group"), UserID: p.text("user"), ErrorContains: p.text("error"),
		After: p.time("since"), Before: p.time("until"),
	}
	return q, q != domain.DeadLetterQuery{}
}

// only refuses other parameters, and a body: a misspelt filter must not widen what
// is changed for good.
func (p *params) only(names ...string) {
	for k := range p.c.Context().QueryArgs().All() {
		if !slices.Contains(names, string(k)) {
			p.wrong(string(k), "is no parameter here; there are "+strings.Join(names, ", "))
		}
	}
	if len(p.c.Request().Body()) > 0 {
		p.wrong("body", "must be empty; filters are parameters of the query")
	}
}

func (p *params) err() error {
	return domain.Invalid("the query breaks a rule; each wrong parameter is listed in errors", p.bad...)
}

func (a *api) listLetters(c *fiber.Ctx) error {
	ctx, err := a.asOperator(c)
	if err != nil {
		return err
	}
	p := params{c: c}
	q, _ := p.letterQuery()
	limit := p.number("limit", 1, maxLetters)
	if limit == 0 {
		limit = defaultLetters
	}
	q.Limit = limit + 1
	if s := p.text("cursor"); s != "" {
		mark, ok := parseLetterCursor(s)
		if !ok {
			p.wrong("cursor", "is not one of this list; take the address in the Link header as it is, or begin without cursor")
		}
		q.Behind = &mark
	}
	if err := p.err(); err != nil {
		return err
	}
	letters, err := a.ops.Letters.Find(ctx, q)
	if err != nil {
		return err
	}
	if len(letters) > limit {
		letters = letters[:limit]
		c.Set(fiber.HeaderLink, nextPage(c, letterCursor(&letters[limit-1])))
	}
	return sendList(&a.bodies, c, letters, func(b []byte, l *domain.DeadLetter) []byte { return append(appendLetter(b, l), '}') })
}

// letterCursor is base64url of the time of the last failure, the user and the id.
func letterCursor(l *domain.DeadLetter) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(l.LastFailed.UnixMicro(), 10) + "\x00" + l.UserID + "\x00" + l.ID))
}

func parseLetterCursor(s string) (mark domain.DeadLetterMark, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	parts := strings.Split(string(b), "\x00")
	if err != nil || len(parts) != 3 || !utf8.Valid(b) {
		return mark, false
	}
	at, err := strconv.ParseInt(parts[0], 10, 64)
	mark = domain.DeadLetterMark{LastFailed: time.UnixMicro(at).UTC(), UserID: parts[1], ID: parts[2]}
	return mark, err == nil && mark.LastFailed.Year() >= 1 && mark.LastFailed.Year() <= 9999
}

func (a *api) getLetter(c *fiber.Ctx) error {
	ctx, err := a.asOperator(c)
	if err != nil {
		return err
	}
	found, err := a.ops.Letters.Find(ctx, domain.DeadLetterQuery{ID: letterID(c), Limit: 1})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return errNoLetter
	}
	l := &found[0]
	return a.bodies.send(c, fiber.StatusOK, func(b []byte) []byte { return appendWholeLetter(b, l) })
}

// appendWholeLetter writes a letter with its bytes.
func appendWholeLetter(b []byte, l *domain.DeadLetter) []byte {
	b = jsonappend.String(append(appendLetter(b, l), `,"key":`...), base64.StdEncoding.EncodeToString([]byte(l.Key)))
	b = jsonappend.String(append(b, `,"body":`...), base64.StdEncoding.EncodeToString(l.Body))
	return append(b, '}')
}

var errNoLetter = domain.NotFound("there is no such dead letter")

// letterID is never empty: an empty id would match every letter.
func letterID(c *fiber.Ctx) string {
	id := c.Params("letter_id")
	if unescaped, err := url.PathUnescape(id); err == nil && unescaped != "" {
		return strings.Clone(unescaped)
	}
	return strings.Clone(id)
}

type letterChange func(ports.DeadLetterAdmin, context.Context, domain.DeadLetterQuery) (int, error)

// changeLetters handles the routes that take all letters that match.
func (a *api) changeLetters(do letterChange) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, err := a.asOperator(c)
		if err != nil {
			return err
		}
		p := params{c: c}
		q, some := p.letterQuery()
		q.Limit = p.number("limit", 1, 1<<31-1)
		all, dry := p.flag("all"), p.flag("dry_run")
		p.only("topic", "group", "user", "error", "since", "until", "limit", "all", "dry_run")
		if !some && !all && p.bad == nil {
			p.wrong("all", "must be true when no filter is given")
		}
		if err := p.err(); err != nil {
			return err
		}
		return a.change(ctx, c, do, q, dry)
	}
}

// changeLetter handles the routes that take one letter.
func (a *api) changeLetter(do letterChange) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, err := a.asOperator(c)
		if err != nil {
			return err
		}
		p := params{c: c}
		dry := p.flag("dry_run")
		p.only("dry_run")
		if err := p.err(); err != nil {
			return err
		}
		return a.change(ctx, c, do, domain.DeadLetterQuery{ID: letterID(c)}, dry)
	}
}

func (a *api) change(ctx context.Context, c *fiber.Ctx, do letterChange, q domain.DeadLetterQuery, dry bool) error {
	if dry {
		do = ports.DeadLetterAdmin.Count
	}
	n, err := do(a.ops.Letters, ctx, q)
	if err != nil {
		return err
	}
	if n == 0 && q.ID != "" {
		return errNoLetter
	}
	return a.bodies.send(c, fiber.StatusOK, func(b []byte) []byte {
		b = jsonappend.Int(append(b, `{"count":`...), int64(n))
		return append(jsonappend.Bool(append(b, `,"dryRun":`...), dry), '}')
	})
}

// appendLetter leaves the object open.
func appendLetter(b []byte, l *domain.DeadLetter) []byte {
	b = jsonappend.String(append(b, `{"id":`...), l.ID)
	b = jsonappend.String(append(b, `,"group":`...), l.Group)
	b = jsonappend.String(append(b, `,"topic":`...), string(l.Topic))
	b = textOrNull(append(b, `,"userId":`...), l.UserID)
	b = textOrNull(append(b, `,"eventId":`...), l.EventID)
	b = textOrNull(append(b, `,"eventType":`...), l.EventType)
	b = jsonappend.String(append(b, `,"reason":`...), l.Reason)
	b = jsonappend.String(append(b, `,"error":`...), l.Error)
	b = jsonappend.Int(append(b, `,"attempts":`...), int64(l.Attempts))
	b = jsonappend.Time(append(b, `,"firstFailed":`...), l.FirstFailed)
	b = jsonappend.Time(append(b, `,"lastFailed":`...), l.LastFailed)
	b = jsonappend.TimeOrNull(append(b, `,"redriveAt":`...), l.RedriveAt)
	return textOrNull(append(b, `,"traceParent":`...), l.TraceParent)
}
