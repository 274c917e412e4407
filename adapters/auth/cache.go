package auth

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

const (
	shards    = 16
	perShard  = 512
	cacheLife = 10 * time.Minute
)

// cache remembers good tokens by their SHA-256, so that a signature is checked
// once and not on every request. It is bounded, and keeps nothing past a token's
// end or for other keys than the ones that verified it.
type cache [shards]struct {
	sync.RWMutex
	m map[[sha256.Size]byte]cached
}

type cached struct {
	principal  domain.Principal
	until      time.Time
	generation uint64
}

func newCache() *cache {
	c := new(cache)
	for i := range c {
		c[i].m = make(map[[sha256.Size]byte]cached)
	}
	return c
}

func digest(token string) [sha256.Size]byte {
	return sha256.Sum256([]byte(token))
}

func (c *cache) get(id [sha256.Size]byte, now time.Time, generation uint64) (domain.Principal, bool) {
	s := &c[id[0]%shards]
	s.RLock()
	defer s.RUnlock()
	e, ok := s.m[id]
	if !ok || e.generation != generation || !now.Before(e.until) {
		return domain.Principal{}, false
	}
	return e.principal, true
}

func (c *cache) put(id [sha256.Size]byte, p domain.Principal, now time.Time, generation uint64) {
	until := p.Expires.Add(leeway)
	if limit := now.Add(cacheLife); limit.Before(until) {
		until = limit
	}
	s := &c[id[0]%shards]
	s.Lock()
	defer s.Unlock()
	for old := range s.m { // any one: Go's order is random enough for a cache
		if len(s.m) < perShard {
			break
		}
		delete(s.m, old)
	}
	s.m[id] = cached{principal: p, until: until, generation: generation}
}
