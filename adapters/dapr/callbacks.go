package dapr

import (
	"bytes"
	"context"
	"net/url"

	commonv1 "github.com/dapr/dapr/pkg/proto/common/v1"
	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const keyHeader = "__key" // pubsub.kafka's metadata become gRPC metadata of the delivery

var tombstone = []byte("null")

var (
	_ runtimev1.AppCallbackServer            = (*callbacks)(nil)
	_ runtimev1.AppCallbackHealthCheckServer = (*callbacks)(nil)
)

// callbacks are the methods that daprd calls. Each answers what the package comment
// says; none answers Unimplemented.
type callbacks struct {
	sub   *Subscriber
	ticks map[string]func() // by the binding's component
}

// ListTopicSubscriptions declares what was given to NewSubscriber.
func (c *callbacks) ListTopicSubscriptions(context.Context, *emptypb.Empty) (*runtimev1.ListTopicSubscriptionsResponse, error) {
	out := &runtimev1.ListTopicSubscriptionsResponse{}
	declare := func(component string, topics []domain.Topic) {
		for _, t := range topics {
			out.Subscriptions = append(out.Subscriptions, &runtimev1.TopicSubscription{
				PubsubName: component, Topic: string(t), Metadata: map[string]string{"rawPayload": "true"},
			})
		}
	}
	declare(c.sub.cfg.PubSub, c.sub.durable.topics)
	declare(c.sub.cfg.BroadcastPubSub, c.sub.broadcast.topics)
	return out, nil
}

// OnTopicEvent is a delivery. What nobody is subscribed to comes again later.
func (c *callbacks) OnTopicEvent(ctx context.Context, e *runtimev1.TopicEventRequest) (*runtimev1.TopicEventResponse, error) {
	g := c.sub.gateOf(e.GetPubsubName())
	if g == nil {
		return nil, errLater
	}
	t := domain.Topic(e.GetTopic())
	r := g.enter(t)
	if r == nil {
		return nil, errLater
	}
	a := handle(g, r, ports.Message{Topic: t, Key: key(ctx), Body: body(e.GetData())})
	if !a.Again || g == &c.sub.broadcast {
		return &runtimev1.TopicEventResponse{Status: runtimev1.TopicEventResponse_SUCCESS}, nil
	}
	r.hold(a.After)
	return &runtimev1.TopicEventResponse{Status: runtimev1.TopicEventResponse_RETRY}, nil
}

func handle(g *gate, r *run, m ports.Message) ports.Answer {
	defer g.leave(r)
	return r.handle(r.ctx, m)
}

// key is the record's key. The component's escapeHeaders makes it survive the
// metadata, whatever bytes it has.
func key(ctx context.Context) string {
	values := metadata.ValueFromIncomingContext(ctx, keyHeader)
	if len(values) == 0 {
		return ""
	}
	if plain, err := url.QueryUnescape(values[0]); err == nil {
		return plain
	}
	return values[0]
}

// body is the record's bytes, empty for a tombstone. The decoder made them for this
// call, so the handler may have them.
func body(data []byte) []byte {
	if bytes.Equal(data, tombstone) {
		return nil
	}
	return data
}

// OnBulkTopicEvent is not subscribed to: partial failure sends whole batches again.
func (c *callbacks) OnBulkTopicEvent(context.Context, *runtimev1.TopicEventBulkRequest) (*runtimev1.TopicEventBulkResponse, error) {
	return nil, errLater
}

// ListInputBindings names the bindings that have a handler.
func (c *callbacks) ListInputBindings(context.Context, *emptypb.Empty) (*runtimev1.ListInputBindingsResponse, error) {
	out := &runtimev1.ListInputBindingsResponse{}
	for name := range c.ticks {
		out.Bindings = append(out.Bindings, name)
	}
	return out, nil
}

// OnBindingEvent is a tick.
func (c *callbacks) OnBindingEvent(_ context.Context, e *runtimev1.BindingEventRequest) (*runtimev1.BindingEventResponse, error) {
	tick := c.ticks[e.GetName()]
	if tick == nil {
		return nil, errLater
	}
	tick()
	return &runtimev1.BindingEventResponse{}, nil
}

// OnInvoke is service invocation, by which other applications could get in.
func (c *callbacks) OnInvoke(context.Context, *commonv1.InvokeRequest) (*commonv1.InvokeResponse, error) {
	return nil, errInvoke
}

// OnJobEvent would be a job's; there are none.
func (c *callbacks) OnJobEvent(context.Context, *runtimev1.JobEventRequest) (*runtimev1.JobEventResponse, error) {
	return nil, errUnknown
}

// HealthCheck says that the process answers. Like GET /health it depends on nothing:
// a sidecar stops delivering to an application that is not well.
func (c *callbacks) HealthCheck(context.Context, *emptypb.Empty) (*runtimev1.HealthCheckResponse, error) {
	return &runtimev1.HealthCheckResponse{}, nil
}
