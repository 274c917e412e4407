package rest

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
	"github.com/tasktide/tasktide/ports"
)

// Operator is what the routes for who runs the system need.
type Operator struct {
	Letters ports.DeadLetterAdmin
	Outbox  ports.OutboxMonitor
	Lag     ports.LagReader   // nil: this process can't tell
	Source  string            // where Lag looks: kafka or outbox; without Lag: why it can't tell
	Topics  ports.TopicReader // nil as Lag is
	Counted string            // where Topics looks: kafka or process
	Checks  func() []Check    // what this process needs to be ready; nil: nothing
}

// operatorScope is the scope that a token of an operator has.
const operatorScope = "operator"

// asOperator verifies that the token has the operator's scope.
func (a *api) asOperator(c *fiber.Ctx) (context.Context, error) {
	ctx := c.UserContext()
	token, ok := bearer(c.Get(fiber.HeaderAuthorization))
	if !ok {
		return nil, errNoToken
	}
	p, err := a.verify(ctx, token)
	if err != nil {
		return nil, err
	}
	if !p.HasScope(operatorScope) {
		return nil, &domain.Error{Kind: domain.KindForbidden, Detail: "this is for operators: the token needs the scope operator"}
	}
	return ctx, nil
}

func (a *api) operatorRoutes() []spec.Route {
	return []spec.Route{{
		Method: fiber.MethodGet, Path: "/api/operator/outbox", ID: "getOutbox", Tag: "Operator", Access: spec.Operator,
		Summary: "Read how much is stored and not yet published, and for how long",
		About:   "By publisher and shard; shards without anything are left out. It counts every row: not for a loop.",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "What waits.", Schema: spec.List(backlogSchema())}},
		Handle:  a.getOutbox,
	}, {
		Method: fiber.MethodGet, Path: "/api/operator/lag", ID: "getLag", Tag: "Operator", Access: spec.Operator,
		Summary: "Read how far each group is behind in each of its topics",
		About: "On a broker from the committed offsets (`source` is `kafka`). In one process, where an event stays in the outbox until every group has settled it, " +
			"from there (`outbox`): a group is behind by so many at most. On Dapr without `KAFKA_BROKERS` nobody can tell: `source` is null, and `detail` says so.",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "The lag.", Schema: lagSchema()}},
		Handle:  a.getLag,
	}, {
		Method: fiber.MethodGet, Path: "/api/operator/topics", ID: "getTopics", Tag: "Operator", Access: spec.Operator,
		Summary: "Read how many events each topic has taken",
		About: "The difference of two readings makes a rate; a reading below the one before began anew. On a broker the ends of the partitions are counted (`source` is `kafka`), " +
			"in one process what was published since its start (`process`). Where nobody can tell `source` is null, and `detail` says why.",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "The counts.", Schema: topicsSchema()}},
		Handle:  a.getTopics,
	}, {
		Method: fiber.MethodGet, Path: "/api/operator/health", ID: "getParts", Tag: "Operator", Access: spec.Operator,
		Summary: "Read what each part of this process says of itself",
		About:   "The checks of `/ready`, each with its reason. In one process that is all services; in a cluster it is backend-api and what it depends on.",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "The parts, also when one of them fails.", Schema: spec.List(partSchema())}},
		Handle:  a.getParts,
	}}
}

func backlogSchema() *spec.Schema {
	return spec.Object(
		spec.Has("publisher", spec.Text().Like("backend-api")),
		spec.Has("shard", spec.Int().From(0, domain.Shards-1)),
		spec.Has("pending", spec.Int().From(1, maxInteger)),
		spec.Has("oldest", spec.Time().About("When its oldest event was made.")),
		spec.Has("ageMs", spec.Int().From(0, maxInteger).About("Milliseconds since then.")),
		spec.Has("owner", spec.Text().OrNull().About("The relay that holds the shard.")),
	).Named("Backlog")
}

func lagSchema() *spec.Schema {
	count := func() *spec.Schema { return spec.Int().From(0, maxInteger) }
	partition := spec.Object(
		spec.Has("partition", count()), spec.Has("begin", count()), spec.Has("end", count()), spec.Has("behind", count()),
		spec.Has("committed", count().OrNull().About("null: the group has not come to it yet.")),
	).Named("PartitionLag")
	one := spec.Object(
		spec.Has("group", spec.Text().Like("audit-service")),
		spec.Has("topic", spec.Text().Like("task-created")),
		spec.Has("behind", count().About("Events that the group has not handled.")),
		spec.Has("members", spec.Int().From(0, maxInteger).OrNull().About("Instances that are in the group now; null: not known. In one process the group is there as long as the process is.")),
		spec.Has("partitions", spec.List(partition).About("Empty without a broker.")),
	).Named("GroupLag")
	return spec.Object(
		spec.Has("source", spec.OneOf("kafka", "outbox").OrNull()),
		spec.Has("detail", spec.Text().OrNull().About("Why it can't be told.")),
		spec.Has("groups", spec.List(one)),
	).Named("Lag")
}

func (a *api) getOutbox(c *fiber.Ctx) error {
	ctx, err := a.asOperator(c)
	if err != nil {
		return err
	}
	list, err := a.ops.Outbox.Backlog(ctx)
	if err != nil {
		return err
	}
	return sendList(&a.bodies, c, list, appendBacklog)
}

func appendBacklog(b []byte, x *domain.Backlog) []byte {
	b = jsonappend.String(append(b, `{"publisher":`...), string(x.Publisher))
	b = jsonappend.Int(append(b, `,"shard":`...), int64(x.Shard))
	b = jsonappend.Int(append(b, `,"pending":`...), x.Pending)
	b = jsonappend.Time(append(b, `,"oldest":`...), x.Oldest)
	b = jsonappend.Int(append(b, `,"ageMs":`...), int64(x.Age/time.Millisecond))
	b = textOrNull(append(b, `,"owner":`...), x.Owner)
	return append(b, '}')
}

// textOrNull appends s; null when it is empty.
func textOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return jsonappend.String(b, s)
}

func (a *api) getLag(c *fiber.Ctx) error {
	ctx, err := a.asOperator(c)
	if err != nil {
		return err
	}
	source, detail := a.ops.Source, ""
	var groups []domain.Lag
	if a.ops.Lag == nil {
		source, detail = "", a.ops.Source
	} else if groups, err = a.ops.Lag.Lag(ctx); err != nil {
		return err
	}
	return a.bodies.send(c, fiber.StatusOK, func(b []byte) []byte {
		b = textOrNull(append(b, `{"source":`...), source)
		b = textOrNull(append(b, `,"detail":`...), detail)
		b = append(b, `,"groups":`...)
		return append(appendList(b, groups, appendLag), '}')
	})
}

func appendLag(b []byte, l *domain.Lag) []byte {
	b = jsonappend.String(append(b, `{"group":`...), string(l.Group))
	b = jsonappend.String(append(b, `,"topic":`...), string(l.Topic))
	b = jsonappend.Int(append(b, `,"behind":`...), l.Behind)
	if b = append(b, `,"members":`...); l.Members < 0 {
		b = append(b, "null"...)
	} else {
		b = jsonappend.Int(b, int64(l.Members))
	}
	b = append(b, `,"partitions":`...)
	return append(appendList(b, l.Partitions, appendPartition), '}')
}

func appendPartition(b []byte, p *domain.PartitionLag) []byte {
	b = jsonappend.Int(append(b, `{"partition":`...), int64(p.Partition))
	b = jsonappend.Int(append(b, `,"begin":`...), p.Begin)
	b = jsonappend.Int(append(b, `,"end":`...), p.End)
	b = jsonappend.Int(append(b, `,"behind":`...), p.Behind)
	b = append(b, `,"committed":`...)
	if p.Committed < 0 {
		return append(b, "null}"...)
	}
	return append(jsonappend.Int(b, p.Committed), '}')
}
