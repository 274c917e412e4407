package rest

import (
	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
)

func topicsSchema() *spec.Schema {
	one := spec.Object(
		spec.Has("topic", spec.Text().Like("task-created")),
		spec.Has("taken", spec.Int().From(0, maxInteger)),
	).Named("TopicCount")
	return spec.Object(
		spec.Has("source", spec.OneOf("kafka", "process").OrNull()),
		spec.Has("detail", spec.Text().OrNull().About("Why it can't be told.")),
		spec.Has("topics", spec.List(one)),
	).Named("Topics")
}

func partSchema() *spec.Schema {
	return spec.Object(
		spec.Has("name", spec.Text().Like("database")),
		spec.Has("ok", spec.Bool()),
		spec.Has("error", spec.Text().OrNull().About("Why it is not.")),
	).Named("Part")
}

func (a *api) getTopics(c *fiber.Ctx) error {
	ctx, err := a.asOperator(c)
	if err != nil {
		return err
	}
	source, detail := a.ops.Counted, ""
	var topics []domain.TopicCount
	if a.ops.Topics == nil {
		source, detail = "", a.ops.Source
	} else if topics, err = a.ops.Topics.Topics(ctx); err != nil {
		return err
	}
	return a.bodies.send(c, fiber.StatusOK, func(b []byte) []byte {
		b = textOrNull(append(b, `{"source":`...), source)
		b = textOrNull(append(b, `,"detail":`...), detail)
		b = append(b, `,"topics":`...)
		return append(appendList(b, topics, appendTopic), '}')
	})
}

func appendTopic(b []byte, t *domain.TopicCount) []byte {
	b = jsonappend.String(append(b, `{"topic":`...), string(t.Topic))
	return append(jsonappend.Int(append(b, `,"taken":`...), t.Taken), '}')
}

// part is what a check says.
type part struct {
	name string
	err  error
}

func (a *api) getParts(c *fiber.Ctx) error {
	ctx, err := a.asOperator(c)
	if err != nil {
		return err
	}
	var checks []Check
	if a.ops.Checks != nil {
		checks = a.ops.Checks()
	}
	parts := make([]part, len(checks))
	for i, err := range runAll(ctx, checks) {
		parts[i] = part{checks[i].Name, err}
	}
	return sendList(&a.bodies, c, parts, appendPart)
}

func appendPart(b []byte, p *part) []byte {
	b = jsonappend.String(append(b, `{"name":`...), p.name)
	if p.err == nil {
		return append(b, `,"ok":true,"error":null}`...)
	}
	return append(jsonappend.String(append(b, `,"ok":false,"error":`...), p.err.Error()), '}')
}
