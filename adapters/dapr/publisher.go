package dapr

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tasktide/tasktide/core/coalesce"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const (
	// A bulk request must stay below daprd's --max-body-size (4 MiB unless set).
	maxRequestBytes = 1 << 20
	maxRequest      = 512
	// Requests of one topic at the same time: a partition whose leader is away
	// delays its own request only.
	maxRequests = 4

	contentType = "application/cloudevents+json"
)

var (
	errEntry   = errors.New("daprd could not publish this entry of a bulk request")
	errRefused = errors.New("the sidecar can't publish at the moment")
)

var _ ports.Publisher = (*Publisher)(nil)

// Publisher publishes through the sidecar's bulk API, calls in flight together
// as one request for each topic.
//
// A record arrives as it is: rawPayload keeps daprd from wrapping it, the
// component's excludeHeaderMetaRegex ".*" keeps Dapr's metadata out of the
// record's headers, partitionKey is its key. daprd waits for all in-sync
// replicas before it answers (components-contrib, common/component/kafka,
// GetSyncProducer). Its producer is not idempotent, so a record can arrive twice,
// and two records of one key in flight at the same time can swap when the broker
// makes it retry; callers that need an order wait for the first.
type Publisher struct {
	client *Client

	mu     sync.Mutex
	topics map[domain.Topic]*coalesce.Group[ports.Record, struct{}]

	refused, answered atomic.Int64 // when a request last failed, and last did not, in Unix nanoseconds
}

// refusedFor is how long a request that failed stands for an outage: longer than it
// takes to ask about it, short enough to be tried again soon.
const refusedFor = 2 * time.Second

// Ping is an error just after a request failed, until one succeeds. The sidecar's
// health knows nothing of its broker, so without this an event whose handler
// publishes would use up its attempts while the broker is away.
func (p *Publisher) Ping(context.Context) error {
	if at := p.refused.Load(); at > p.answered.Load() && time.Since(time.Unix(0, at)) < refusedFor {
		return domain.Unavailable(dependency, errRefused)
	}
	return nil
}

// learn notes what became of a request.
func (p *Publisher) learn(err error) {
	switch {
	case errors.Is(err, domain.ErrUnavailable):
		p.refused.Store(time.Now().UnixNano())
	default: // too large is an answer of the broker's too
		p.answered.Store(time.Now().UnixNano())
	}
}

// NewPublisher returns a publisher over c.
func NewPublisher(c *Client) *Publisher {
	return &Publisher{client: c, topics: map[domain.Topic]*coalesce.Group[ports.Record, struct{}]{}}
}

// Publish is ports.Publisher.
func (p *Publisher) Publish(ctx context.Context, r ports.Record) error {
	_, err := p.topic(r.Topic).Do(ctx, r)
	if err != nil && domain.KindOf(err) == domain.KindInternal {
		return domain.Unavailable(dependency, err) // the caller's context ended
	}
	return err
}

func (p *Publisher) topic(t domain.Topic) *coalesce.Group[ports.Record, struct{}] {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.topics[t]
	if g == nil {
		g = coalesce.New(func(ctx context.Context, batch []ports.Record) []coalesce.Result[struct{}] {
			return p.flush(ctx, t, batch)
		}, coalesce.Options{MaxBatch: maxRequest, MaxFlushes: maxRequests})
		p.topics[t] = g
	}
	return g
}

// flush publishes a batch in as many requests as its bytes need, in order.
func (p *Publisher) flush(ctx context.Context, t domain.Topic, batch []ports.Record) []coalesce.Result[struct{}] {
	out := make([]coalesce.Result[struct{}], len(batch))
	for from := 0; from < len(batch); {
		to, size := from+1, len(batch[from].Body)
		for to < len(batch) && size+len(batch[to].Body) <= maxRequestBytes {
			size += len(batch[to].Body)
			to++
		}
		for i, err := range p.request(ctx, t, batch[from:to]) {
			p.learn(err)
			out[from+i].Err = err
		}
		from = to
	}
	return out
}

// request publishes records with one call and returns an error for each.
func (p *Publisher) request(ctx context.Context, t domain.Topic, records []ports.Record) []error {
	errs := make([]error, len(records))
	failed, err := p.bulk(ctx, t, records)
	if err == nil {
		for _, i := range failed {
			errs[i] = domain.Unavailable(dependency, errEntry)
		}
		return errs
	}
	for i := range errs {
		errs[i] = domain.Unavailable(dependency, err)
	}
	if c := status.Code(err); c != codes.Internal && c != codes.Unknown && c != codes.ResourceExhausted {
		return errs // the sidecar can't be reached, or has no such component yet
	}
	// daprd answers a partial failure like a total one and does not say why: Sarama's
	// error for a batch only counts (dapr, pkg/api/grpc, bulkPublishEvent; sarama,
	// ProducerErrors). A record the broker will never take would thus look like an
	// outage for ever, and take others with it. Only the largest can be the cause,
	// if size is the cause: ask about that one alone, with the call that says why.
	// The others are published again by their callers.
	i := largest(records)
	errs[i] = p.single(ctx, t, records[i])
	return errs
}

// bulk returns the failed entries when daprd names them, or the error of the call.
func (p *Publisher) bulk(ctx context.Context, t domain.Topic, records []ports.Record) (failed []int, err error) {
	api, err := p.client.dial()
	if err != nil {
		return nil, err
	}
	entries := make([]any, len(records))
	for i, r := range records {
		entries[i] = client.PublishEventsEvent{EntryID: strconv.Itoa(i), Data: r.Body, ContentType: contentType, Metadata: keyOf(r)}
	}
	// No other metadata of the request: they would override the entries' own keys.
	res := api.PublishEvents(ctx, p.client.cfg.PubSub, string(t), entries, client.PublishEventsWithRawPayload())
	if _, ofCall := status.FromError(res.Error); res.Error != nil && ofCall {
		return nil, res.Error
	}
	for _, f := range res.FailedEvents {
		if e, ok := f.(client.PublishEventsEvent); ok {
			i, err := strconv.Atoi(e.EntryID)
			if err == nil {
				failed = append(failed, i)
			}
		}
	}
	return failed, nil
}

func (p *Publisher) single(ctx context.Context, t domain.Topic, r ports.Record) error {
	api, err := p.client.dial()
	if err != nil {
		return err
	}
	err = api.PublishEvent(ctx, p.client.cfg.PubSub, string(t), r.Body, client.PublishEventWithContentType(contentType),
		client.PublishEventWithMetadata(keyOf(r)), client.PublishEventWithRawPayload())
	switch {
	case err == nil:
		return nil
	case tooLarge(err):
		return domain.Permanent(err)
	}
	return domain.Unavailable(dependency, err)
}

// keyOf is the metadata that makes r.Key the record's key.
func keyOf(r ports.Record) map[string]string {
	if r.Key == "" {
		return nil
	}
	return map[string]string{"partitionKey": r.Key}
}

func largest(records []ports.Record) int {
	at := 0
	for i := range records {
		if len(records[i].Body) > len(records[at].Body) {
			at = i
		}
	}
	return at
}

// tooLarge knows the refusals of the broker, of Sarama's own limit and of
// daprd's --max-body-size by their texts: their codes say nothing.
func tooLarge(err error) bool {
	text := strings.ToLower(err.Error())
	return slices.ContainsFunc([]string{"message was too large", "message larger than", "received message larger than max"},
		func(s string) bool { return strings.Contains(text, s) })
}
