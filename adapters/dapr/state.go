package dapr

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// maxWrites bounds the writes of one State at the same time.
const maxWrites = 64

var _ ports.StateStore = (*State)(nil)

// State is the sidecar's state API on state.postgresql, with rows that
// adapters/sqlstore reads and writes as well: plain JSON, no key prefix (the
// component's keyPrefix "none"), the row's xmin as ETag.
//
// Each item is a call of its own. daprd runs the writes of a bulk save beside each
// other, for half the CPU (BenchmarkStateWrite), but answers once, with one error
// for all however many were written, and when the slowest is done: a delivery
// would wait for the writes of others, and each conflict cost a look at them all.
// A transaction stores a base64 string instead of JSON.
//
// daprd reads a value into float64s and jsonb knows no U+0000: an integer
// beyond 2^53 loses digits, and U+0000 is stored as U+FFFD. A TTL is rounded up
// to whole seconds.
type State struct {
	client *Client
	slots  chan struct{}
}

// NewState returns the state store over c.
func NewState(c *Client) *State { return &State{client: c, slots: make(chan struct{}, maxWrites)} }

// Get is ports.StateStore.
func (s *State) Get(ctx context.Context, keys ...string) ([]ports.Entry, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	api, err := s.client.dial()
	if err != nil {
		return nil, err
	}
	items, err := api.GetBulkState(ctx, s.client.cfg.StateStore, keys, nil, 0)
	if err != nil {
		return nil, domain.Unavailable(dependency, err)
	}
	out := make([]ports.Entry, 0, len(items))
	for _, i := range items {
		if i.Error != "" {
			return nil, domain.Unavailable(dependency, status.Error(codes.Internal, i.Error))
		}
		if i.Etag != "" { // a key without a value has none
			out = append(out, ports.Entry{Key: i.Key, Value: i.Value, ETag: i.Etag})
		}
	}
	return out, nil
}

// Put is ports.StateStore. A failure whose cause the sidecar does not tell is
// looked into by reading back; an IfAbsent that finds exactly its own value there
// counts as written, so callers that must know who wrote put a nonce in.
func (s *State) Put(ctx context.Context, items ...ports.Item) []error {
	errs := make([]error, len(items))
	if len(items) == 1 {
		errs[0] = s.put(ctx, items[0])
		return errs
	}
	var wg sync.WaitGroup
	for i, item := range items {
		wg.Go(func() { errs[i] = s.put(ctx, item) })
	}
	wg.Wait()
	return errs
}

func (s *State) put(ctx context.Context, item ports.Item) error {
	if item.Mode == ports.IfMatch && item.ETag == "" {
		return domain.ErrConflict // daprd would take it for IfAbsent
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return domain.Unavailable(dependency, ctx.Err())
	}
	api, err := s.client.dial()
	if err != nil {
		return err
	}
	item.Value = withoutNUL(item.Value)
	err = api.SaveBulkState(ctx, s.client.cfg.StateStore, toWire(item))
	if err == nil {
		return nil
	}
	return s.explain(ctx, item, err)
}

func toWire(item ports.Item) *client.SetStateItem {
	// Without contentType daprd stores bytes as a base64 string.
	meta := map[string]string{"contentType": "application/json"}
	if item.TTL > 0 {
		seconds := int64((item.TTL + time.Second - 1) / time.Second)
		meta["ttlInSeconds"] = strconv.FormatInt(seconds, 10)
	}
	out := &client.SetStateItem{Key: item.Key, Value: item.Value, Metadata: meta}
	if item.Mode != ports.Any {
		out.Options = &client.StateOptions{Concurrency: client.StateConcurrencyFirstWrite}
	}
	if item.Mode == ports.IfMatch {
		out.Etag = &client.ETag{Value: item.ETag}
	}
	return out
}

// explain tells a conflict from an outage. daprd has a code of its own for an
// ETag that does not match (Aborted; InvalidArgument when it is no number). A
// first-write that found a value comes as Internal, like any failure of the
// database, and only its text differs (components-contrib,
// common/component/postgresql/v1, doSet).
func (s *State) explain(ctx context.Context, item ports.Item, err error) error {
	code := status.Code(err)
	switch {
	case item.Mode == ports.Any:
		return domain.Unavailable(dependency, err)
	case item.Mode == ports.IfMatch && (code == codes.Aborted || code == codes.InvalidArgument):
		return domain.ErrConflict
	case item.Mode == ports.IfAbsent && code == codes.Internal && strings.Contains(err.Error(), "no item was updated"):
		return domain.ErrConflict
	case code != codes.Internal && code != codes.Unknown:
		return domain.Unavailable(dependency, err)
	}
	found, readErr := s.Get(ctx, item.Key)
	if readErr != nil {
		return domain.Unavailable(dependency, err)
	}
	switch {
	case len(found) == 0 && item.Mode == ports.IfAbsent:
		return domain.Unavailable(dependency, err)
	case len(found) == 0:
		return domain.ErrConflict
	case sameJSON(found[0].Value, item.Value):
		return nil
	case item.Mode == ports.IfMatch && found[0].ETag == item.ETag:
		return domain.Unavailable(dependency, err)
	}
	return domain.ErrConflict
}
