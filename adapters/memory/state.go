package memory

import (
	"context"
	"hash/maphash"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const stateShards = 64

// State is a ports.StateStore in this process. Expired entries are removed when
// they are met and, now and then, by writes to the same shard.
type State struct {
	clock  ports.Clock
	seed   maphash.Seed
	shards [stateShards]stateShard
}

type stateShard struct {
	mu      sync.Mutex
	entries map[string]stateEntry
	writes  int
	version uint64
}

type stateEntry struct {
	value   []byte
	version uint64
	expires time.Time // zero: never
}

var _ ports.StateStore = (*State)(nil)

// NewState returns an empty store.
func NewState(clock ports.Clock) *State {
	return &State{clock: clock, seed: maphash.MakeSeed()}
}

func (s *State) shard(key string) *stateShard {
	return &s.shards[maphash.String(s.seed, key)%stateShards]
}

// Get implements ports.StateStore.
func (s *State) Get(ctx context.Context, keys ...string) ([]ports.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var out []ports.Entry
	now := s.clock.Now()
	for _, k := range keys {
		sh := s.shard(k)
		sh.mu.Lock()
		if e, ok := sh.live(k, now); ok {
			out = append(out, ports.Entry{Key: k, Value: slices.Clone(e.value), ETag: strconv.FormatUint(e.version, 10)})
		}
		sh.mu.Unlock()
	}
	return out, nil
}

// Put implements ports.StateStore.
func (s *State) Put(ctx context.Context, items ...ports.Item) []error {
	errs := make([]error, len(items))
	now := s.clock.Now()
	for i, it := range items {
		if errs[i] = ctx.Err(); errs[i] == nil {
			errs[i] = s.shard(it.Key).put(it, now)
		}
	}
	return errs
}

func (sh *stateShard) live(key string, now time.Time) (stateEntry, bool) {
	e, ok := sh.entries[key]
	if ok && !e.expires.IsZero() && !e.expires.After(now) {
		delete(sh.entries, key)
		return stateEntry{}, false
	}
	return e, ok
}

func (sh *stateShard) put(it ports.Item, now time.Time) error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	old, exists := sh.live(it.Key, now)
	switch {
	case it.Mode == ports.IfAbsent && exists,
		it.Mode == ports.IfMatch && (!exists || strconv.FormatUint(old.version, 10) != it.ETag):
		return domain.ErrConflict
	}
	if sh.entries == nil {
		sh.entries = map[string]stateEntry{}
	}
	sh.version++
	e := stateEntry{value: slices.Clone(it.Value), version: sh.version}
	if it.TTL > 0 {
		e.expires = now.Add(it.TTL)
	}
	sh.entries[it.Key] = e
	if sh.writes++; sh.writes > 2*len(sh.entries)+1024 {
		sh.sweep(now)
	}
	return nil
}

// sweep costs a pass over the shard, once in at least as many writes.
func (sh *stateShard) sweep(now time.Time) {
	sh.writes = 0
	for k, e := range sh.entries {
		if !e.expires.IsZero() && !e.expires.After(now) {
			delete(sh.entries, k)
		}
	}
}
