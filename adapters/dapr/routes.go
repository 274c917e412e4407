package dapr

import (
	"crypto/subtle"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const (
	eventsPath    = "/events/"
	broadcastPath = "/broadcast/"
	keyHeader     = "__key" // pubsub.kafka's metadata become headers of the delivery
)

// What daprd understands: https://docs.dapr.io/reference/api/pubsub_api/#expected-http-response.
// DROP is never said.
var (
	answerDone  = []byte(`{"status":"SUCCESS"}`)
	answerAgain = []byte(`{"status":"RETRY"}`)
)

// declared is one entry of the answer to GET /dapr/subscribe.
type declared struct {
	PubSub   string            `json:"pubsubname"`
	Topic    string            `json:"topic"`
	Route    string            `json:"route"`
	Metadata map[string]string `json:"metadata"`
}

// Routes adds what the sidecar calls: GET /dapr/subscribe, POST /events/{topic}
// for the durable subscriptions and POST /broadcast/{topic}. With an AppToken
// every other caller gets 401, which daprd would retry as well. Whatever else is
// asked for below the two paths gets 503 and never 404, which would drop it.
//
// daprd repeats a delivery that the app refuses to read (413, 431) for ever, so the
// app's BodyLimit must hold 4/3 of the broker's largest record and its
// ReadBufferSize a record's key, escaped: up to three times its length.
func (s *Subscriber) Routes(app *fiber.App) {
	authorized := onlySidecar(s.cfg)
	app.Get("/dapr/subscribe", authorized, s.declare)
	for _, t := range s.durable.topics {
		app.Post(eventsPath+string(t), authorized, s.deliver(&s.durable, t, false))
	}
	for _, t := range s.broadcast.topics {
		app.Post(broadcastPath+string(t), authorized, s.deliver(&s.broadcast, t, true))
	}
	later := func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusServiceUnavailable) }
	app.All(eventsPath+"*", later)
	app.All(broadcastPath+"*", later)
}

// onlySidecar lets in who shows AppToken; everybody where there is none.
func onlySidecar(cfg Config) fiber.Handler {
	return func(c *fiber.Ctx) error {
		got := c.Request().Header.Peek(tokenHeader)
		if cfg.AppToken != "" && subtle.ConstantTimeCompare(got, []byte(cfg.AppToken)) != 1 {
			return c.SendStatus(fiber.StatusUnauthorized)
		}
		return c.Next()
	}
}

func (s *Subscriber) declare(c *fiber.Ctx) error {
	raw := map[string]string{"rawPayload": "true"}
	out := []declared{}
	for _, t := range s.durable.topics {
		out = append(out, declared{PubSub: s.cfg.PubSub, Topic: string(t), Route: eventsPath + string(t), Metadata: raw})
	}
	for _, t := range s.broadcast.topics {
		out = append(out, declared{PubSub: s.cfg.BroadcastPubSub, Topic: string(t), Route: broadcastPath + string(t), Metadata: raw})
	}
	return c.JSON(out)
}

func (s *Subscriber) deliver(g *gate, t domain.Topic, once bool) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r := g.enter(t)
		if r == nil {
			return c.SendStatus(fiber.StatusServiceUnavailable)
		}
		// Fiber reuses the request's bytes; both of these are copies.
		m := ports.Message{Topic: t, Key: key(c), Body: unwrap(c.Request().Body())}
		a := handle(g, r, m)
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		if !a.Again || once {
			return c.Send(answerDone)
		}
		r.hold(a.After)
		return c.Send(answerAgain)
	}
}

func handle(g *gate, r *run, m ports.Message) ports.Answer {
	defer g.leave(r)
	return r.handle(r.ctx, m)
}

// key is the record's key. The component's escapeHeaders makes it survive an HTTP
// header, whatever bytes it has.
func key(c *fiber.Ctx) string {
	k := string(c.Request().Header.Peek(keyHeader))
	if plain, err := url.QueryUnescape(k); err == nil {
		return plain
	}
	return k
}
