package rest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
)

const (
	defaultPage = 100 // of a cursor without limit
	maxTexts    = 50  // in a list; no task has so many tags
)

// params reads query parameters and collects what is wrong with them.
type params struct {
	c   *fiber.Ctx
	bad []domain.FieldError
}

func (p *params) wrong(name, message string) {
	p.bad = append(p.bad, domain.FieldError{Field: name, Message: message})
}

// text copies a parameter; "" when it is absent or empty.
func (p *params) text(name string) string {
	return string(p.c.Context().QueryArgs().Peek(name))
}

func (p *params) texts(name string) []string {
	var out []string
	for _, raw := range p.c.Context().QueryArgs().PeekMulti(name) {
		for one := range strings.SplitSeq(string(raw), ",") {
			if one = strings.ToLower(strings.TrimSpace(one)); one != "" && !slices.Contains(out, one) {
				if len(out) == maxTexts {
					p.wrong(name, "must not list more than "+strconv.Itoa(maxTexts))
					return nil
				}
				out = append(out, one)
			}
		}
	}
	return out
}

func (p *params) time(name string) *time.Time {
	s := strings.TrimSpace(p.text(name))
	if s == "" {
		return nil
	}
	// A plus sign that was not escaped arrives as a space.
	if n := len(s) - 6; n > 10 && s[n] == ' ' {
		s = s[:n] + "+" + s[n+1:]
	}
	t, ok := parseTime(s)
	if ok {
		t = t.UTC()
		ok = t.Year() >= 1 && t.Year() <= 9999
	}
	if !ok {
		p.wrong(name, timeHint)
		return nil
	}
	return &t
}

// number is 0 when the parameter is absent.
func (p *params) number(name string, low, high int) int {
	s := p.text(name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		p.wrong(name, "must be a number from "+strconv.Itoa(low)+" to "+strconv.Itoa(high))
		return 0
	}
	return n
}

// taskQuery reads the parameters of a task list.
func taskQuery(c *fiber.Ctx, user string) (domain.TaskQuery, error) {
	p := params{c: c}
	q := domain.TaskQuery{
		Search: p.text("search"), Tags: p.texts("tags"),
		DueBefore: p.time("due_before"), DueAfter: p.time("due_after"),
		SortBy: domain.SortField(p.text("sort_by")),
		Limit:  p.number("limit", 1, tasks.MaxPage),
	}
	if s := strings.ToLower(p.text("status")); s != "" {
		q.Status = &s
	}
	if s := domain.Priority(strings.ToLower(p.text("priority"))); s != "" {
		q.Priority = &s
	}
	if s := domain.Category(strings.ToLower(p.text("category"))); s != "" {
		q.Category = &s
	}
	switch strings.ToLower(p.text("sort_order")) {
	case "", "desc":
	case "asc":
		q.Ascending = true
	default:
		p.wrong("sort_order", "must be asc or desc")
	}
	if q.SortBy == "" {
		q.SortBy = domain.SortCreatedAt
	}
	bad := append(p.bad, tasks.CheckQuery(&q)...)
	if cursor := p.text("cursor"); cursor != "" && bad == nil {
		if q.Limit == 0 {
			q.Limit = defaultPage
		}
		mark, ok := parseCursor(cursor, user, &q)
		if !ok {
			bad = append(bad, domain.FieldError{Field: "cursor", Message: "is not one of this list; take the address in the Link header as it is, or begin without cursor"})
		}
		q.After = &mark
	}
	return q, domain.Invalid("the query breaks a rule; each wrong parameter is listed in errors", bad...)
}

// auditQuery reads the parameters of an audit list.
func auditQuery(c *fiber.Ctx) (domain.AuditQuery, error) {
	p := params{c: c}
	q := domain.AuditQuery{
		EventType: strings.ToLower(p.text("event_type")), EntityType: strings.ToLower(p.text("entity_type")), EntityID: strings.ToLower(p.text("entity_id")),
		Limit: p.number("limit", 1, 500), Offset: p.number("offset", 0, 1_000_000_000),
	}
	if q.EntityType == "" {
		q.EntityType = "task"
	}
	return q, domain.Invalid("the query breaks a rule; each wrong parameter is listed in errors", p.bad...)
}
