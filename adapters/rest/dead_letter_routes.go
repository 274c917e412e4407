package rest

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const (
	maxLetters     = 500
	defaultLetters = 100
)

func (a *api) deadLetterRoutes() []spec.Route {
	const list, one = "/api/operator/dead-letters", "/api/operator/dead-letters/{letter_id}"
	id := spec.InPath("letter_id", spec.Text().Like("ad07f156755eee386dfad54120a1715c"), "The letter's id.")
	dry := spec.Query("dry_run", spec.Bool().Or(false), "Only count.")
	count := []spec.Answer{{Status: fiber.StatusOK, About: "How many letters that is.", Schema: letterCountSchema()}}
	many := slices.Concat(letterFilters(), []spec.Param{
		spec.Query("limit", spec.Int().From(1, maxInteger), "At most so many, newest failure first. Without it: all that match."),
		spec.Query("all", spec.Bool().Or(false), "Needed when no filter is given: all that there are."), dry,
	})
	missing := []int{fiber.StatusNotFound, fiber.StatusUnprocessableEntity}
	route := func(method, path, id, summary string) spec.Route {
		return spec.Route{Method: method, Path: path, ID: id, Tag: "Operator", Access: spec.Operator, Summary: summary, Answers: count}
	}
	r := []spec.Route{
		route(fiber.MethodGet, list, "listDeadLetters", "List what groups gave up on, newest failure first"),
		route(fiber.MethodPost, list+"/redrive", "redriveDeadLetters", "Hand letters to their groups again"),
		route(fiber.MethodPost, list+"/discard", "discardDeadLetters", "Remove letters; their effect never happens"),
		route(fiber.MethodGet, one, "getDeadLetter", "Read a letter with its bytes"),
		route(fiber.MethodPost, one+"/redrive", "redriveDeadLetter", "Hand a letter to its group again"),
		route(fiber.MethodDelete, one, "discardDeadLetter", "Remove a letter; its effect never happens"),
	}
	r[0].Params = slices.Concat(letterFilters(), []spec.Param{
		spec.Query("limit", spec.Int().From(1, maxLetters).Or(defaultLetters), "The size of a page."),
		spec.Query("cursor", spec.Text(), "Where a page begins: from the `Link` of the page before, with the same filters."),
	})
	r[0].Answers = []spec.Answer{{Status: fiber.StatusOK, About: "The letters, without their bytes.", Schema: spec.List(letterSchema(false)), Headers: []spec.Header{nextLink()}}}
	r[1].Params, r[1].Handle = many, a.changeLetters(ports.DeadLetterAdmin.Redrive)
	r[2].Params, r[2].Handle = many, a.changeLetters(ports.DeadLetterAdmin.Discard)
	r[3].Params, r[3].Errors, r[3].Handle = []spec.Param{id}, []int{fiber.StatusNotFound}, a.getLetter
	r[3].Answers = []spec.Answer{{Status: fiber.StatusOK, About: "The letter.", Schema: letterSchema(true)}}
	r[4].Params, r[4].Errors, r[4].Handle = []spec.Param{id, dry}, missing, a.changeLetter(ports.DeadLetterAdmin.Redrive)
	r[5].Params, r[5].Errors, r[5].Handle = []spec.Param{id, dry}, missing, a.changeLetter(ports.DeadLetterAdmin.Discard)
	r[0].Handle = a.listLetters
	return r
}

func letterFilters() []spec.Param {
	return []spec.Param{
		spec.Query("topic", spec.Text().Like("task-created"), "Of this topic."),
		spec.Query("group", spec.Text().Like("audit-service"), "Of this group."),
		spec.Query("user", userIDSchema(), "Of this user."),
		spec.Query("error", spec.Text(), "Whose error contains this."),
		spec.Query("since", timeInput(), "That failed last after this time."),
		spec.Query("until", timeInput(), "That failed last before this time."),
	}
}

func letterCountSchema() *spec.Schema {
	return spec.Object(spec.Has("count", spec.Int().From(0, maxInteger)), spec.Has("dryRun", spec.Bool())).Named("DeadLetterCount")
}

func letterSchema(whole bool) *spec.Schema {
	may := func(about string) *spec.Schema { return spec.Text().OrNull().About(about) }
	fields := []spec.Property{
		spec.Has("id", spec.Text()),
		spec.Has("group", spec.Text()),
		spec.Has("topic", spec.Text()),
		spec.Has("userId", may("null when it can't be read, as are the next two.")),
		spec.Has("eventId", may("")),
		spec.Has("eventType", may("")),
		spec.Has("reason", spec.OneOf(domain.ReasonMalformed, domain.ReasonPermanent, domain.ReasonExhausted)),
		spec.Has("error", spec.Text()),
		spec.Has("attempts", spec.Int().From(0, maxInteger)),
		spec.Has("firstFailed", spec.Time()),
		spec.Has("lastFailed", spec.Time()),
		spec.Has("redriveAt", spec.Time().OrNull().About("Set while a redrive is asked for and not finished.")),
		spec.Has("traceParent", may("W3C trace context.")),
	}
	if !whole {
		return spec.Object(fields...).Named("DeadLetter")
	}
	return spec.Object(append(fields,
		spec.Has("key", spec.Text().About("The record's key, in base64.")),
		spec.Has("body", spec.Text().About("The record's bytes as they came, in base64.")),
	)...).Named("DeadLetterWithBytes")
}
