package rest

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
	"github.com/tasktide/tasktide/core/users"
)

func (a *api) eventRoutes() []spec.Route {
	return []spec.Route{{
		Method: fiber.MethodGet, Path: "/api/{user_id}/events", ID: "listEvents", Tag: "Events", Summary: "Read the stream of events, oldest first",
		About: "Positions rise by one, without a gap. To go on, ask again with the position of the last event as `after`, until it is the one in `X-Stream-Position`.\n\n" +
			"Events are kept for a time only, and a position means something in its own epoch only: 410 says that what is behind `after` is gone for good.",
		Params: []spec.Param{
			spec.Query("after", spec.Either(spec.Text().Match(`^\d+$`), positionSchema()), "Only events behind this position: a number, or `<epoch>:<position>` as in `X-Stream-Position`. Without it: from the oldest that is kept."),
			spec.Query("limit", spec.Int().From(1, users.MaxEvents).Or(users.DefaultEvents), "At most so many events."),
		},
		Answers: []spec.Answer{{
			Status: fiber.StatusOK, About: "The events.", Schema: spec.List(eventSchema()), Headers: []spec.Header{streamHead()},
		}},
		Errors: []int{fiber.StatusGone}, Handle: a.listEvents,
	}}
}

func streamHead() spec.Header {
	return spec.Header{Name: "X-Stream-Position", About: "`<epoch>:<position>`: where the stream ends now.", Schema: positionSchema()}
}

func eventSchema() *spec.Schema {
	return spec.Object(
		spec.Has("position", spec.Int().From(1, maxInteger).About("In the user's stream.").Like(42)),
		spec.Has("eventId", spec.UUID()),
		spec.Has("type", spec.Text().Like("task.updated.v1")),
		spec.Has("topic", spec.Text().Like("task-updated")),
		spec.Has("time", spec.Time()),
		spec.Has("correlationId", spec.Text().About("X-Request-ID of the request that caused it.")),
		spec.Has("source", spec.Text().About("The service that published it.").Like("backend-api")),
		spec.Has("taskId", spec.UUID().OrNull()),
		spec.Has("data", spec.Map(spec.Any()).About("The event's payload, as the topic carries it.")),
	).Named("StreamEvent").About("One event of the user's stream.")
}

func (a *api) listEvents(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	p := params{c: c}
	after, limit := p.position("after"), p.number("limit", 1, users.MaxEvents)
	if p.bad != nil {
		return domain.Invalid("the query breaks a rule; each wrong parameter is listed in errors", p.bad...)
	}
	events, err := a.users.Events(ctx, user, after, limit)
	if err != nil {
		return err
	}
	c.Set("X-Stream-Position", events.Head.String())
	return sendList(&a.bodies, c, events.List, appendEvent)
}

// position reads <epoch>:<number> or a number; nil when the parameter is absent.
func (p *params) position(name string) *domain.Position {
	s := strings.TrimSpace(p.text(name))
	if s == "" {
		return nil
	}
	if strings.IndexByte(s, ':') >= 0 {
		at, err := domain.ParsePosition(s)
		if err != nil {
			p.wrong(name, "must be a position: a number, or <epoch>:<number> as in X-Stream-Position")
		}
		return &at
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		p.wrong(name, "must be a position: a number, or <epoch>:<number> as in X-Stream-Position")
	}
	return &domain.Position{Value: int64(n)}
}

func appendEvent(b []byte, e *domain.Event) []byte {
	b = jsonappend.Int(append(b, `{"position":`...), e.Position)
	b = jsonappend.UUID(append(b, `,"eventId":`...), e.ID)
	b = jsonappend.String(append(b, `,"type":`...), string(e.Type))
	b = jsonappend.String(append(b, `,"topic":`...), string(domain.TopicOf(e.Type)))
	b = jsonappend.Time(append(b, `,"time":`...), e.Time)
	b = jsonappend.String(append(b, `,"correlationId":`...), e.CorrelationID)
	b = jsonappend.String(append(b, `,"source":`...), string(e.Source))
	b = append(b, `,"taskId":`...)
	if e.Subject == "" {
		b = append(b, "null"...)
	} else {
		b = jsonappend.String(b, e.Subject)
	}
	b = append(b, `,"data":`...)
	if len(e.Data) == 0 {
		b = append(b, "{}"...)
	}
	return append(append(b, e.Data...), '}')
}
