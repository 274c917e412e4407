package sqlstore

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/coalesce"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.StateStore = (*State)(nil)

// State keeps the idempotency state in the table of Dapr's state.postgresql v1,
// with Dapr's meaning: on PostgreSQL the ETag is xmin, first-write replaces an
// expired row only, a write without TTL ends an earlier one. A service on Dapr
// and one without read each other's rows.
type State struct {
	db   *DB
	gets *coalesce.Group[[]string, map[string]ports.Entry]
	puts [3]*coalesce.Group[ports.Item, struct{}] // by ports.WriteMode
}

// NewState returns the state of db.
func NewState(db *DB) *State {
	s := &State{db: db}
	s.gets = coalesce.New(s.getMany, coalesce.Options{MaxBatch: 256, MaxFlushes: 2, Watch: db.watch("SELECT", "dapr_state")})
	for mode := range s.puts {
		s.puts[mode] = coalesce.New(s.flush(ports.WriteMode(mode)), coalesce.Options{MaxBatch: 1024, Watch: db.watch("INSERT", "dapr_state")})
	}
	return s
}

// Get returns the entries of keys that are there and not expired.
func (s *State) Get(ctx context.Context, keys ...string) ([]ports.Entry, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if err := storable(keys...); err != nil {
		return nil, err
	}
	if !s.db.postgres() {
		return s.getLite(ctx, keys)
	}
	found, err := s.gets.Do(ctx, keys)
	if err != nil {
		return nil, mapErr(ctx, err)
	}
	return entries(found, keys), nil
}

func entries(found map[string]ports.Entry, keys []string) []ports.Entry {
	out := make([]ports.Entry, 0, len(keys))
	for i, k := range keys {
		e, ok := found[k]
		if !ok || slices.Contains(keys[:i], k) {
			continue
		}
		e.Value = append([]byte(nil), e.Value...) // callers share found
		out = append(out, e)
	}
	return out
}

// Put writes each item by itself; see ports.StateStore.
func (s *State) Put(ctx context.Context, items ...ports.Item) []error {
	errs := make([]error, len(items))
	var wg sync.WaitGroup
	for i, item := range items {
		if errs[i] = checkItem(item); errs[i] != nil {
			continue
		}
		if i == len(items)-1 { // most calls have one item: no goroutine for it
			errs[i] = s.put(ctx, item)
			break
		}
		wg.Go(func() { errs[i] = s.put(ctx, item) })
	}
	wg.Wait()
	return errs
}

func (s *State) put(ctx context.Context, item ports.Item) error {
	if !s.db.postgres() {
		return mapErr(ctx, s.putLite(ctx, item))
	}
	_, err := s.puts[item.Mode].Do(ctx, item)
	return mapErr(ctx, err)
}

var errCondition = domain.Conflict("the key has another value by now")

func checkItem(item ports.Item) error {
	if err := storable(item.Key, string(item.Value)); err != nil {
		return err
	}
	switch {
	case item.Key == "" || !domain.ValidJSON(item.Value):
		return &domain.Error{Kind: domain.KindInvalid, Detail: "state needs a key and a JSON value"}
	case item.Mode < ports.Any || item.Mode > ports.IfMatch:
		return fmt.Errorf("unknown write mode %d", item.Mode)
	case item.TTL < 0 || item.TTL > 100*365*24*time.Hour:
		return &domain.Error{Kind: domain.KindInvalid, Detail: "a TTL lies between 0 and 100 years"}
	}
	return nil
}

// xmin is an ETag of PostgreSQL; another text was never one and matches nothing.
func xmin(etag string) (string, bool) {
	n, err := strconv.ParseUint(etag, 10, 64)
	return strconv.FormatUint(n, 10), err == nil && n <= math.MaxUint32
}

// plain undoes what daprd does to values that it was not told to be JSON.
func plain(value []byte, binary bool) ([]byte, error) {
	if !binary {
		return value, nil
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return nil, fmt.Errorf("binary state: %w", err)
	}
	return base64.StdEncoding.DecodeString(text)
}
